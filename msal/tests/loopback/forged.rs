//! Responses that are not ours, and visitors that are none.

use std::net::{Ipv6Addr, TcpStream};

use msal::ResponseMode;
use msal::interactive::{ListenError, LoopbackListener, Pages};

use super::client::{self, get, post, request};
use super::sign_in::{STATE, SignIn, TRUE};

#[test]
fn fourteen_forged_responses_do_not_end_the_sign_in() {
    for mode in [ResponseMode::FormPost, ResponseMode::Query] {
        let sign_in = SignIn::start(mode);
        let port = sign_in.port;
        let mut sent = 0;
        let states =
            ["", "&state=other", &format!("&state={STATE}&state={STATE}")].map(str::to_owned);
        for what in ["code=stolen", "error=access_denied&error_description=no"] {
            for state in &states {
                let form = format!("{what}{state}");
                for forged in [get(port, &format!("/?{form}")), post(port, "/", &form)] {
                    assert!([400, 405].contains(&sign_in.refused(&forged)), "{form}");
                    sent += 1;
                }
            }
        }
        // The true one by the other mode, and to another path.
        let other_mode = match mode {
            ResponseMode::FormPost => get(port, &format!("/?{TRUE}")),
            _ => post(port, "/", TRUE),
        };
        assert_eq!(sign_in.refused(&other_mode), 405);
        let other_path = match mode {
            ResponseMode::FormPost => post(port, "/other", TRUE),
            _ => get(port, &format!("/other?{TRUE}")),
        };
        assert_eq!(sign_in.refused(&other_path), 404);
        assert_eq!(sent + 2, 14);
        sign_in.succeed();
    }
}

#[test]
fn strays_do_not_end_the_sign_in() {
    let sign_in = SignIn::start(ResponseMode::FormPost);
    let port = sign_in.port;
    assert_eq!(sign_in.refused(&get(port, "/favicon.ico")), 404);
    assert_eq!(sign_in.refused(&get(port, "/")), 405);
    assert_eq!(sign_in.refused(&request(port, "HEAD", "/")), 405);
    assert_eq!(sign_in.refused(&request(port, "OPTIONS", "/")), 405);
    assert_eq!(sign_in.refused(&request(port, "OPTIONS", "*")), 400);
    for junk in 0..100 {
        assert_eq!(
            sign_in.refused(&post(port, "/", &format!("junk={junk}"))),
            400
        );
    }
    let plain = String::from_utf8(post(port, "/", TRUE)).unwrap();
    let plain = plain.replace("application/x-www-form-urlencoded", "text/plain");
    assert_eq!(sign_in.refused(plain.as_bytes()), 415);
    sign_in.succeed();
}

#[test]
fn a_refusal_says_which_method_is_right() {
    let sign_in = SignIn::start(ResponseMode::FormPost);
    let reply = sign_in.send(&get(sign_in.port, "/")).unwrap();
    assert_eq!(reply.header("allow"), Some("POST"));
    sign_in.succeed();
}

#[test]
fn a_query_ends_the_sign_in_that_asked_for_one() {
    let sign_in = SignIn::start(ResponseMode::Query);
    assert_eq!(sign_in.refused(&get(sign_in.port, "/")), 400);
    assert_eq!(
        sign_in.refused(&request(sign_in.port, "HEAD", &format!("/?{TRUE}"))),
        405
    );
    let page = sign_in.succeed();
    assert!(page.body.contains("<h1>You are signed in</h1>"));
}

#[test]
fn a_refusal_of_the_provider_ends_the_sign_in_with_the_other_page() {
    let form =
        format!("error=access_denied&error_description=the+user%3Cb%3E+said+no&state={STATE}");
    for mode in [ResponseMode::FormPost, ResponseMode::Query] {
        let sign_in = SignIn::start(mode);
        let reply = sign_in.send(&match mode {
            ResponseMode::FormPost => post(sign_in.port, "/", &form),
            _ => get(sign_in.port, &format!("/?{form}")),
        });
        let reply = reply.unwrap();
        assert_eq!(reply.status, 200);
        assert!(
            reply.body.contains("<p>the user&#60;b&#62; said no</p>"),
            "{}",
            reply.body
        );
        assert!(
            reply.body.contains("<code>access_denied</code>"),
            "{}",
            reply.body
        );
        assert!(!reply.body.contains(STATE));
        assert_eq!(sign_in.end().unwrap(), form);
    }
}

#[test]
fn the_response_comes_by_either_address_and_at_the_path_of_the_redirect_uri() {
    let listener = LoopbackListener::bind(0)
        .unwrap()
        .with_path("/auth/redirect")
        .unwrap();
    let port = listener.port();
    assert_eq!(
        listener.redirect_uri(),
        format!("http://localhost:{port}/auth/redirect")
    );
    let time = std::time::Duration::from_secs(60);
    let sign_in = SignIn::with(listener, ResponseMode::FormPost, Pages::new(), time);
    assert_eq!(sign_in.refused(&post(port, "/", TRUE)), 404);
    let mut stream = match TcpStream::connect((Ipv6Addr::LOCALHOST, port)) {
        Ok(stream) => stream,
        Err(_)
            if TcpStream::connect((Ipv6Addr::LOCALHOST, 1))
                .is_err_and(|error| error.kind() != std::io::ErrorKind::ConnectionRefused) =>
        {
            eprintln!("no ::1 here");
            client::connect(port)
        }
        Err(error) => panic!("{error}"),
    };
    std::io::Write::write_all(&mut stream, &post(port, "/auth/redirect", TRUE)).unwrap();
    assert_eq!(client::receive(&mut stream, true).unwrap().status, 200);
    assert_eq!(sign_in.end().unwrap(), TRUE);
}

#[test]
fn a_path_is_one_that_a_browser_keeps() {
    for path in [
        "",
        "back",
        "/back?x",
        "/back#x",
        "/a/../b",
        "/ä",
        "/a b",
        "//evil.example\\",
    ] {
        let listener = LoopbackListener::bind(0).unwrap();
        let refused = listener.with_path(path);
        assert!(matches!(refused, Err(ListenError::Path)), "{path}");
    }
}

#[test]
fn of_two_true_responses_one_is_taken() {
    let sign_in = SignIn::start(ResponseMode::FormPost);
    let bytes = sign_in.true_response();
    let port = sign_in.port;
    let senders: Vec<_> = (0..8)
        .map(|_| {
            let bytes = bytes.clone();
            std::thread::spawn(move || {
                let stream = TcpStream::connect(("127.0.0.1", port));
                let Ok(mut stream) = stream else { return 0 };
                let _ = std::io::Write::write_all(&mut stream, &bytes);
                client::receive(&mut stream, true).map_or(0, |reply| reply.status)
            })
        })
        .collect();
    let statuses = senders.into_iter().map(|sender| sender.join().unwrap());
    assert_eq!(statuses.filter(|status| *status == 200).count(), 1);
    assert_eq!(sign_in.end().unwrap(), TRUE);
}

#[test]
fn a_thousand_connections_are_enough() {
    let sign_in = SignIn::start(ResponseMode::FormPost);
    for _ in 0..1_000 {
        assert_eq!(sign_in.refused(&get(sign_in.port, "/")), 405);
    }
    assert!(sign_in.is_waiting());
    drop(client::connect(sign_in.port));
    assert!(matches!(sign_in.end(), Err(ListenError::TooManyRequests)));
}
