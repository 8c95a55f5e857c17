//! As much of HTTP as a browser needs that talks to the provider alone.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use url::{Position, Url};

/// The cookies of each host.
#[derive(Default)]
pub(super) struct Jar {
    cookies: Vec<(String, String, String)>,
}

/// A page, or a redirect in its place.
pub(super) struct Page {
    pub(super) url: Url,
    pub(super) status: u16,
    pub(super) location: Option<String>,
    pub(super) body: String,
}

/// Sends a request to the provider's port, for whatever host the URL names: a GET, or a form by POST.
pub(super) fn exchange(
    address: SocketAddr,
    jar: &mut Jar,
    url: &Url,
    form: Option<&str>,
) -> io::Result<Page> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(LIMIT))?;
    let host = url.host_str().unwrap_or_default().to_owned();
    let authority = &url[Position::BeforeHost..Position::AfterPort];
    let target = &url[Position::BeforePath..Position::AfterQuery];
    let cookies = jar.header(&host);
    let head = match form {
        None => format!("GET {target} HTTP/1.1\r\nHost: {authority}\r\n"),
        Some(form) => format!(
            "POST {target} HTTP/1.1\r\nHost: {authority}\r\nContent-Type: \
             application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
            form.len()
        ),
    };
    let body = form.unwrap_or_default();
    stream.write_all(format!("{head}{cookies}Connection: close\r\n\r\n{body}").as_bytes())?;
    read(stream, jar, url, &host)
}

impl Jar {
    fn header(&self, host: &str) -> String {
        let pairs: Vec<String> = self
            .cookies
            .iter()
            .filter(|(owner, ..)| owner == host)
            .map(|(_, name, value)| format!("{name}={value}"))
            .collect();
        if pairs.is_empty() {
            return String::new();
        }
        format!("Cookie: {}\r\n", pairs.join("; "))
    }

    fn set(&mut self, host: &str, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
        let Some((name, value)) = pair.split_once('=') else {
            return;
        };
        self.cookies
            .retain(|(owner, found, _)| owner != host || found != name);
        if !attributes.contains("Max-Age=0") {
            self.cookies
                .push((host.to_owned(), name.to_owned(), value.to_owned()));
        }
    }
}

fn read(stream: TcpStream, jar: &mut Jar, url: &Url, host: &str) -> io::Result<Page> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let status = line
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no answer from the provider"))?;
    let (mut location, mut length) = (None, None);
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse::<u64>().ok(),
            "location" => location = Some(value.to_owned()),
            "set-cookie" => jar.set(host, value),
            _ => {}
        }
    }
    let mut body = String::new();
    let length = length.unwrap_or(MOST_BYTES).min(MOST_BYTES);
    let read = reader.take(length).read_to_string(&mut body)?;
    if length < MOST_BYTES && (read as u64) < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Page {
        url: url.clone(),
        status,
        location,
        body,
    })
}

const LIMIT: Duration = Duration::from_secs(30);

/// Far above any page.
const MOST_BYTES: u64 = 1 << 20;
