//! A small HTTP client of the tests' own, so that nothing stands between a test and the bytes.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use msal_testing::LocalIdentityProvider;
use serde_json::Value;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use url::Url;

/// How a client reaches the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Straight to its port, whatever the host in the URL.
    Direct,
    /// As a proxy: a tunnel for `https`, a forwarded request for `http`.
    Proxy,
    /// As a proxy: a tunnel for `http` too.
    Tunnel,
}

pub(crate) struct Client {
    port: u16,
    tls: Arc<ClientConfig>,
    way: Way,
}

pub(crate) struct Connection {
    stream: Stream,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Client {
    pub(crate) fn new(provider: &LocalIdentityProvider, way: Way) -> Self {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(provider.ca_pem().as_bytes()).unwrap())
            .unwrap();
        let mut tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self {
            port: provider.port(),
            tls: Arc::new(tls),
            way,
        }
    }

    /// A client of the proxy, as most programs are.
    pub(crate) fn of(provider: &LocalIdentityProvider) -> Self {
        Self::new(provider, Way::Proxy)
    }

    pub(crate) fn get(&self, url: &str) -> io::Result<Response> {
        self.send("GET", url, &[], "")
    }

    pub(crate) fn post(&self, url: &str, fields: &[(&str, &str)]) -> io::Result<Response> {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.send(
            "POST",
            url,
            &[("Content-Type", "application/x-www-form-urlencoded")],
            &body,
        )
    }

    pub(crate) fn send(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> io::Result<Response> {
        let url = Url::parse(url).unwrap();
        let mut connection = self.connect(&url)?;
        connection.send(&self.request(method, &url, headers, body))?;
        connection.read()
    }

    /// Opens a connection over which requests for this URL's host can be sent.
    pub(crate) fn connect(&self, url: &Url) -> io::Result<Connection> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(LIMIT))?;
        let host = url.host_str().unwrap();
        let port = url.port_or_known_default().unwrap();
        let is_tls = url.scheme() == "https";
        if self.way == Way::Tunnel || (self.way == Way::Proxy && is_tls) {
            write!(
                stream,
                "CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n"
            )?;
            let mut connection = Connection {
                stream: Stream::Plain(stream),
            };
            let response = connection.read_head()?;
            if response.status != 200 {
                return Err(io::Error::other(response.head));
            }
            let Stream::Plain(plain) = connection.stream else {
                unreachable!()
            };
            stream = plain;
        }
        if !is_tls {
            return Ok(Connection {
                stream: Stream::Plain(stream),
            });
        }
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).unwrap();
        let session = ClientConnection::new(Arc::clone(&self.tls), name).unwrap();
        let mut tls = StreamOwned::new(session, stream);
        while tls.conn.is_handshaking() {
            tls.conn.complete_io(&mut tls.sock)?;
        }
        Ok(Connection {
            stream: Stream::Tls(Box::new(tls)),
        })
    }

    pub(crate) fn request(
        &self,
        method: &str,
        url: &Url,
        headers: &[(&str, &str)],
        body: &str,
    ) -> String {
        let is_forwarded = self.way == Way::Proxy && url.scheme() == "http";
        let target = if is_forwarded {
            url.as_str()
        } else {
            &url[url::Position::BeforePath..]
        };
        let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
        let headers: String = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let length = body.len();
        format!(
            "{method} {target} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        )
    }
}

impl Connection {
    pub(crate) fn send(&mut self, text: &str) -> io::Result<()> {
        self.stream().write_all(text.as_bytes())?;
        self.stream().flush()
    }

    /// Reads one response: up to its length, or to the end where it has none.
    pub(crate) fn read(&mut self) -> io::Result<Response> {
        let mut response = self.read_head()?;
        match response.header("content-length").map(str::parse::<usize>) {
            Some(length) => {
                let length = length.map_err(io::Error::other)?;
                while response.body.len() < length {
                    if self.fill(&mut response.body)? == 0 {
                        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "truncated"));
                    }
                }
            }
            // RFC 9112 section 6.3: this status has no body.
            None if response.status == 204 => {}
            None => while self.fill(&mut response.body)? > 0 {},
        }
        Ok(response)
    }

    /// Reads up to the end of the headers, and what of the body has come with them.
    fn read_head(&mut self) -> io::Result<Response> {
        let mut bytes = Vec::new();
        let head_end = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            if self.fill(&mut bytes)? == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "no response"));
            }
        };
        let body = bytes.split_off(head_end);
        let head = String::from_utf8(bytes).map_err(io::Error::other)?;
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| io::Error::other("no status line"))?;
        Ok(Response { status, head, body })
    }

    /// Reads whatever comes until the end, or until that many bytes are there.
    pub(crate) fn read_raw(&mut self, at_most: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        while bytes.len() < at_most && self.fill(&mut bytes)? > 0 {}
        Ok(bytes)
    }

    /// The certificate that the server presented, in DER.
    pub(crate) fn server_certificate(&self) -> Option<Vec<u8>> {
        match &self.stream {
            Stream::Plain(_) => None,
            Stream::Tls(tls) => Some(tls.conn.peer_certificates()?.first()?.to_vec()),
        }
    }

    fn fill(&mut self, bytes: &mut Vec<u8>) -> io::Result<usize> {
        let mut chunk = [0; 16 * 1024];
        let read = self.stream().read(&mut chunk)?;
        bytes.extend_from_slice(&chunk[..read]);
        Ok(read)
    }

    fn stream(&mut self) -> &mut dyn ReadWrite {
        match &mut self.stream {
            Stream::Plain(stream) => stream,
            Stream::Tls(stream) => stream,
        }
    }
}

impl Response {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {:?}", String::from_utf8_lossy(&self.body)))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

trait ReadWrite: Read + Write {}

impl<S: Read + Write> ReadWrite for S {}

const LIMIT: Duration = Duration::from_secs(60);
