//! Visitors that take their time.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use msal::ResponseMode;
use msal::interactive::{ListenError, LoopbackListener, Pages};

use super::client::{connect, post};
use super::sign_in::{SignIn, TRUE};

#[test]
fn the_response_is_taken_at_once_beside_fifteen_idle_connections_and_a_dripping_one() {
    let sign_in = SignIn::start(ResponseMode::FormPost);
    let idle: Vec<_> = (0..15).map(|_| connect(sign_in.port)).collect();
    let mut drip = connect(sign_in.port);
    let (stop, stopped) = mpsc::channel::<()>();
    let dripper = thread::spawn(move || {
        for byte in b"POST / HTTP/1.1\r\nHost: localhost\r\n" {
            if drip.write_all(&[*byte]).is_err()
                || stopped.recv_timeout(Duration::from_secs(1))
                    != Err(mpsc::RecvTimeoutError::Timeout)
            {
                return;
            }
        }
    });
    let start = Instant::now();
    sign_in.succeed();
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    drop((stop, idle));
    dripper.join().unwrap();
}

#[test]
fn the_response_is_taken_at_once_whoever_else_sits_there() {
    let sign_in = SignIn::start(ResponseMode::FormPost);
    let idle: Vec<_> = (0..500).map(|_| connect(sign_in.port)).collect();
    let start = Instant::now();
    sign_in.succeed();
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    drop(idle);
}

#[test]
fn head_and_body_have_five_seconds_each() {
    let sign_in = SignIn::start(ResponseMode::FormPost);
    let bytes = post(sign_in.port, "/", TRUE);
    let head = bytes.len() - TRUE.len();
    // Nothing; half a head; a head; half a body.
    let parts = [0, 10, head, bytes.len() - 1].map(|len| {
        let (port, part) = (sign_in.port, bytes[..len].to_vec());
        thread::spawn(move || {
            let mut stream = connect(port);
            let start = Instant::now();
            stream.write_all(&part).unwrap();
            let mut answer = String::new();
            let _ = stream.read_to_string(&mut answer);
            (start.elapsed(), answer)
        })
    });
    for (number, part) in parts.into_iter().enumerate() {
        let (time, answer) = part.join().unwrap();
        assert!(
            (4_900..6_500).contains(&time.as_millis()),
            "{number}: {time:?}"
        );
        match number {
            0 => assert_eq!(answer, ""),
            _ => assert!(answer.starts_with("HTTP/1.1 408 "), "{number}: {answer}"),
        }
    }
    sign_in.succeed();
}

#[test]
fn who_sends_the_response_and_does_not_read_holds_nothing_up() {
    let listener = LoopbackListener::bind(0).unwrap();
    // More than the sockets hold.
    let pages = Pages::new().success("x".repeat(64 << 20));
    let sign_in = SignIn::with(
        listener,
        ResponseMode::FormPost,
        pages,
        Duration::from_secs(60),
    );
    let mut stream = connect(sign_in.port);
    let start = Instant::now();
    stream.write_all(&sign_in.true_response()).unwrap();
    assert_eq!(sign_in.end().unwrap(), TRUE);
    assert!(
        start.elapsed() < Duration::from_secs(4),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn the_page_was_sent_when_the_wait_ends() {
    let listener = LoopbackListener::bind(0).unwrap();
    let pages = Pages::new().success("the whole page");
    let sign_in = SignIn::with(
        listener,
        ResponseMode::FormPost,
        pages,
        Duration::from_secs(60),
    );
    let mut stream = connect(sign_in.port);
    stream.write_all(&sign_in.true_response()).unwrap();
    sign_in.end().unwrap();
    // It is there without waiting.
    stream.set_nonblocking(true).unwrap();
    let mut page = [0; 4096];
    let len = stream.read(&mut page).unwrap();
    assert!(page[..len].ends_with(b"\r\n\r\nthe whole page"));
}

#[test]
fn the_deadline_ends_the_wait() {
    let listener = LoopbackListener::bind(0).unwrap();
    let time = Duration::from_millis(200);
    let start = Instant::now();
    let sign_in = SignIn::with(listener, ResponseMode::FormPost, Pages::new(), time);
    let port = sign_in.port;
    let _idle = connect(port);
    assert!(matches!(sign_in.end(), Err(ListenError::TimedOut)));
    let took = start.elapsed();
    assert!(took >= time && took < Duration::from_secs(1), "{took:?}");
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}
