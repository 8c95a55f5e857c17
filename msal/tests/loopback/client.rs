//! A browser, as far as a listener can tell; and what is none.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    /// The only value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.head.lines().filter_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        });
        let value = values.next();
        assert!(values.next().is_none(), "{name} twice");
        value
    }
}

pub(crate) fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream
}

/// Sends bytes and reads the answer; none if the connection was closed without.
pub(crate) fn send(port: u16, bytes: &[u8]) -> Option<Reply> {
    let mut stream = connect(port);
    // Whoever is refused early may find the connection closed while still writing.
    let _ = stream.write_all(bytes);
    receive(&mut stream, !bytes.starts_with(b"HEAD"))
}

/// Reads an answer by its length, and closes first, as browsers do.
pub(crate) fn receive(stream: &mut TcpStream, with_body: bool) -> Option<Reply> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
            break end + 4;
        }
        let mut byte = [0; 1024];
        match stream.read(&mut byte) {
            Ok(0) | Err(_) if bytes.is_empty() => return None,
            Ok(len) if len > 0 => bytes.extend_from_slice(&byte[..len]),
            end => panic!("{end:?} after {}", String::from_utf8_lossy(&bytes)),
        }
    };
    let text = String::from_utf8(bytes[..head].to_vec()).unwrap();
    let mut reply = Reply {
        status: text[9..12].parse().unwrap(),
        head: text,
        body: String::new(),
    };
    let len: usize = reply.header("content-length").unwrap().parse().unwrap();
    let mut body = bytes.split_off(head);
    if with_body {
        let missing = len.saturating_sub(body.len());
        let from = body.len();
        body.resize(from + missing, 0);
        stream.read_exact(&mut body[from..]).unwrap();
    }
    reply.body = String::from_utf8(body).unwrap();
    Some(reply)
}

pub(crate) fn get(port: u16, target: &str) -> Vec<u8> {
    request(port, "GET", target)
}

pub(crate) fn request(port: u16, method: &str, target: &str) -> Vec<u8> {
    format!("{method} {target} HTTP/1.1\r\nHost: localhost:{port}\r\nAccept: text/html\r\n\r\n")
        .into()
}

pub(crate) fn post(port: u16, target: &str, form: &str) -> Vec<u8> {
    format!(
        "POST {target} HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: https://login.microsoftonline.com\r\n\
        Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    )
    .into()
}
