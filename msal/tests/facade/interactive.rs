//! Signing in through the user's own browser, which here is a program that types.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use msal::interactive::CancelHandle;
use msal::{ErrorKind, ResponseMode, TokenSource};
use msal_testing::defaults;
use url::Url;

use crate::stage::{LONG, Stage, poll_once};

const SCOPES: [&str; 1] = ["User.Read"];

/// Types the password, and brings the answer back to the listener, as a browser would.
fn typist(stage: &Arc<Stage>) -> impl Fn(&Url) -> std::io::Result<()> + Send + Sync + use<> {
    let stage = stage.clone();
    move |url: &Url| {
        let (stage, url) = (stage.clone(), url.clone());
        thread::spawn(move || {
            let answer =
                stage
                    .provider
                    .sign_in(url.as_str(), defaults::USERNAME, defaults::PASSWORD);
            let answer = answer.unwrap();
            let page = match answer.body() {
                Some(body) => fetch("POST", answer.redirect_uri(), &body),
                None => fetch("GET", answer.location().unwrap(), ""),
            };
            assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
        });
        Ok(())
    }
}

/// What a browser sends to the listener, and the page it shows.
fn fetch(method: &str, url: &str, body: &str) -> String {
    let url = Url::parse(url).unwrap();
    let port = url.port().unwrap();
    let target = &url[url::Position::BeforePath..];
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let form = "content-type: application/x-www-form-urlencoded";
    let length = body.len();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nhost: localhost:{port}\r\n{form}\r\ncontent-length: {length}\r\n\r\n"
    );
    stream
        .write_all([head.as_bytes(), body.as_bytes()].concat().as_slice())
        .unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    page
}

#[tokio::test]
async fn a_user_signs_in_through_a_browser() {
    let stage = Arc::new(Stage::new());
    let app = stage.desktop().build().unwrap();
    for mode in [ResponseMode::FormPost, ResponseMode::Query] {
        let result = app
            .acquire_token_interactive(SCOPES)
            .browser(typist(&stage))
            .response_mode(mode)
            .login_hint(defaults::USERNAME)
            .await
            .unwrap();
        assert_eq!(result.token_source(), TokenSource::IdentityProvider);
        assert_eq!(result.account().unwrap().username(), defaults::USERNAME);
    }
    assert_eq!(app.accounts().await.unwrap().len(), 1);
}

#[test]
fn a_command_signs_its_user_in_through_a_browser_too() {
    let stage = Arc::new(Stage::new());
    let app = stage.command().build().unwrap();
    let (shown, urls) = mpsc::channel();
    let call = app
        .acquire_token_interactive(SCOPES)
        .browser(typist(&stage));
    let result = call
        .on_url(move |url| shown.send(url.clone()).unwrap())
        .send()
        .unwrap();
    assert_eq!(result.account().unwrap().username(), defaults::USERNAME);
    let url = urls.recv().unwrap();
    assert!(
        url.query_pairs()
            .any(|(name, value)| name == "response_mode" && value == "form_post")
    );
}

#[test]
fn a_taken_port_is_an_error_and_no_other_is_used() {
    let stage = Stage::new();
    let app = stage.command().build().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let call = app.acquire_token_interactive(SCOPES).port(port);
    let error = call
        .browser(|_: &Url| panic!("nothing is to be opened"))
        .send()
        .unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Browser);
}

#[test]
fn another_thread_ends_the_wait() {
    let stage = Stage::new();
    let app = stage.command().build().unwrap();
    let handle = CancelHandle::new();
    let theirs = handle.clone();
    let opens = move |_: &Url| {
        theirs.cancel();
        Ok(())
    };
    let call = app.acquire_token_interactive(SCOPES).browser(opens);
    let error = call.send_until_cancelled(&handle).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Cancelled);
    assert!(error.correlation_id().is_some());
}

#[test]
fn a_device_code_is_waited_for_until_another_thread_ends_it() {
    let stage = Stage::new();
    let app = stage.command().build().unwrap();
    let flow = app.initiate_device_code_flow(SCOPES).send().unwrap();
    let handle = CancelHandle::new();
    let theirs = handle.clone();
    thread::spawn(move || theirs.cancel());
    let call = app.acquire_token_by_device_code(flow);
    let error = call.send_until_cancelled(&handle).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Cancelled);
}

#[tokio::test]
async fn a_dropped_sign_in_leaves_no_listener_behind() {
    let stage = Stage::new();
    let app = stage.desktop().build().unwrap();
    let (opened, urls) = mpsc::channel();
    let opens = move |url: &Url| {
        opened.send(url.clone()).unwrap();
        Ok(())
    };
    let mut waiting = app
        .acquire_token_interactive(SCOPES)
        .browser(opens)
        .into_future();
    assert!(poll_once(&mut waiting).is_pending());
    let mut url = None;
    while url.is_none() {
        tokio::time::timeout(Duration::from_millis(5), &mut waiting)
            .await
            .unwrap_err();
        url = urls.try_recv().ok();
    }
    let url = url.unwrap();
    let (_, uri) = url
        .query_pairs()
        .find(|(name, _)| name == "redirect_uri")
        .unwrap();
    let port = Url::parse(&uri).unwrap().port().unwrap();
    drop(waiting);
    let begun = std::time::Instant::now();
    while TcpListener::bind(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < LONG);
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn nobody_waits_for_ever() {
    let stage = Stage::new();
    let app = stage.desktop().build().unwrap();
    let call = app
        .acquire_token_interactive(SCOPES)
        .browser(|_: &Url| Ok(()));
    let error = call.timeout(Duration::from_millis(300)).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn a_browser_that_panics_is_an_error_and_later_calls_work() {
    let stage = Arc::new(Stage::new());
    let app = stage.desktop().build().unwrap();
    let call = app
        .acquire_token_interactive(SCOPES)
        .browser(|_: &Url| panic!("on purpose"));
    let error = call.await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::CallbackPanicked("browser"));
    let call = app
        .acquire_token_interactive(SCOPES)
        .browser(typist(&stage));
    assert!(call.await.is_ok());
}
