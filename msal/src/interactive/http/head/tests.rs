use super::*;

#[test]
fn a_browsers_request_is_read_however_it_is_cut() {
    let bytes = b"POST /back?x HTTP/1.1\r\nhOST: localhost:8400\r\nContent-Type: \
        application/x-www-form-urlencoded ; charset=UTF-8\r\nContent-Length: 7\r\nSec-Fetch-Mode: navigate\r\n\r\ncode=42";
    let whole = Head::read(bytes).unwrap().unwrap();
    assert_eq!(whole.method, "POST");
    assert_eq!(whole.target, "/back?x");
    assert_eq!(whole.host, "localhost:8400");
    assert_eq!(whole.media_type, Some("application/x-www-form-urlencoded"));
    assert_eq!(whole.content_length, Some(7));
    assert_eq!(whole.len, bytes.len() - 7);
    for cut in 0..bytes.len() {
        let read = Head::read(&bytes[..cut]).unwrap();
        assert_eq!(read, (cut >= whole.len).then_some(whole), "{cut}");
    }
    assert!(!format!("{whole:?}").contains("back"));
}

#[test]
fn what_could_be_read_in_two_ways_is_refused() {
    let table: &[&[u8]] = &[
        b"GET / HTTP/1.1\nHost: a\n\n",
        b"GET / HTTP/1.1\r\nHost: a\n\r\n",
        b"GET / HTTP/1.1\rHost: a\r\n\r\n",
        b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n\r\n",
        b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: \xc3\xa4\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /#code HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\nContent-Length: 1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Type: a\r\nContent-Type: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nb\r\n\r\n",
    ];
    for bytes in table {
        let shown = String::from_utf8_lossy(bytes);
        assert_eq!(Head::read(bytes), Err(Refusal::BadRequest), "{shown:?}");
    }
}

#[test]
fn other_versions_are_told_so() {
    for version in ["HTTP/2.0", "HTTP/0.9", "HTTP/1.2"] {
        let bytes = format!("GET / {version}\r\nHost: a\r\n\r\n");
        assert_eq!(
            Head::read(bytes.as_bytes()),
            Err(Refusal::UnsupportedVersion),
            "{version}"
        );
    }
    let bytes = b"GET / HTTP/1.0\r\nHost: a\r\n\r\n";
    assert!(Head::read(bytes).unwrap().is_some());
}

#[test]
fn the_limits_hold_to_the_byte() {
    let of_len = |len: usize| {
        let frame = "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n".len();
        format!(
            "GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
            "x".repeat(len - frame)
        )
    };
    assert!(Head::read(of_len(MAX_HEAD).as_bytes()).unwrap().is_some());
    let over = of_len(MAX_HEAD + 1);
    assert_eq!(Head::read(over.as_bytes()), Err(Refusal::TooManyHeaders));
    let unended = &over.as_bytes()[..MAX_HEAD - 1];
    assert_eq!(Head::read(unended), Ok(None));
    let with_headers = |count: usize| {
        let more = "X: x\r\n".repeat(count - 1);
        format!("GET / HTTP/1.1\r\nHost: a\r\n{more}\r\n")
    };
    assert!(
        Head::read(with_headers(MAX_HEADERS).as_bytes())
            .unwrap()
            .is_some()
    );
    let over = with_headers(MAX_HEADERS + 1);
    assert_eq!(Head::read(over.as_bytes()), Err(Refusal::TooManyHeaders));
}
