#![no_main]

//! A request to the loopback listener: what is read does not depend on how the bytes are cut, and what is let in can be
//! understood in one way.

use libfuzzer_sys::fuzz_target;
use msal::ResponseMode;
use msal::interactive::http::{Admitted, Door, Head, MAX_BODY, MAX_HEAD, form_text};

fuzz_target!(|bytes: &[u8]| {
    let read = Head::read(bytes);
    for cut in [1, 2, 4, 64].map(|part| bytes.len() - bytes.len() / part) {
        match Head::read(&bytes[..cut]) {
            Ok(None) => {}
            decided => assert!(decided == read, "{decided:?} became {read:?}"),
        }
    }
    let Ok(Some(head)) = read else {
        return;
    };
    assert!(head.len <= MAX_HEAD);
    let (lines, body) = bytes.split_at(head.len);
    let lines = std::str::from_utf8(lines).map(str::to_owned).unwrap_or_else(|_| {
        lines.iter().map(|byte| char::from(*byte)).collect()
    });
    let text = lines.strip_suffix("\r\n\r\n").unwrap();
    let mut lengths = 0;
    for line in text.split("\r\n") {
        assert!(!line.is_empty() && !line.contains(['\r', '\n', '\0']) && !line.starts_with([' ', '\t']));
        let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
        assert!(name != "transfer-encoding");
        lengths += usize::from(name == "content-length");
    }
    assert!(lengths == usize::from(head.content_length.is_some()));
    for mode in [ResponseMode::FormPost, ResponseMode::Query] {
        let door = Door { mode, path: "/".to_owned(), port: 8400 };
        match door.admit(&head) {
            Ok(Admitted::Body(len)) => {
                assert!(mode == ResponseMode::FormPost && head.method == "POST" && len <= MAX_BODY);
                let _ = form_text(&body[..len.min(body.len())]);
            }
            Ok(Admitted::Query(query)) => {
                assert!(mode == ResponseMode::Query && head.method == "GET");
                assert!(head.target.ends_with(query) && query.split('&').count() <= 64);
            }
            Err(refusal) => assert!(refusal.status().starts_with(['4', '5'])),
        }
    }
});
