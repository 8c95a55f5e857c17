//! Brings a transport of its own, over `std::net` and rustls; and then drives a call with no driver at all.
//!
//! `cargo run -p msal --example custom_transport`
//!
//! On its own it starts a local identity provider and asks that. With AZURE_TENANT_ID, AZURE_CLIENT_ID and
//! AZURE_CLIENT_SECRET set, it asks Microsoft Entra ID for a token for Microsoft Graph.

mod support;

use std::error::Error;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

use msal::blocking::ConfidentialClientApplication;
use msal::{
    Ask, AuthenticationResult, ClientCredential, Flow, Request, Response, SendOptions, Step,
    Transport, TransportError,
};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_platform_verifier::BuilderVerifierExt;
use support::{Registration, describe};

fn main() -> Result<(), Box<dyn Error>> {
    let registration = Registration::from_environment_or_local()?;
    let transport = Arc::new(StdTransport::new(&registration)?);
    let app = ConfidentialClientApplication::builder(&registration.client_id)
        .authority(registration.authority())
        .credential(ClientCredential::from_secret(&*registration.client_secret))
        .transport(transport.clone())
        .build()?;
    let scopes = ["https://graph.microsoft.com/.default"];

    describe("driven", &app.acquire_token_for_client(scopes).send()?);

    let flow = app
        .acquire_token_for_client(scopes)
        .force_refresh()
        .into_flow();
    describe("by hand", &by_hand(flow, &transport)?);
    Ok(())
}

/// Drives a flow to its end: all that a program needs which brings a network of its own.
fn by_hand(
    flow: Flow<AuthenticationResult>,
    network: &StdTransport,
) -> Result<AuthenticationResult, msal::Error> {
    let mut step = flow.start();
    loop {
        step = match step {
            Step::Send(request, flow) => flow.resume(network.send(request)),
            Step::Wait(delay, flow) => {
                std::thread::sleep(delay);
                flow.resume(())
            }
            Step::Ask(Ask::Join(landing, limit, flow)) => flow.resume(landing.block(limit)),
            Step::Ask(question) => question.decline(),
            Step::Done(outcome) => return outcome,
        };
    }
}

/// One connection a request: simple, and enough for a program that makes few of them.
struct StdTransport {
    tls: Arc<ClientConfig>,
    /// Where to connect instead of the host that is asked for.
    instead: Option<SocketAddr>,
}

impl Transport for StdTransport {
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        let options = SendOptions::of(&request);
        let deadline = Instant::now() + options.time_left;
        let mut stream = self.connect(&request, deadline)?;
        write(&request, &mut stream).map_err(|error| failed(error, deadline))?;
        read(BufReader::new(stream), options.max_body).map_err(|error| failed(error, deadline))
    }
}

type TlsStream = StreamOwned<ClientConnection, Timed>;

impl StdTransport {
    fn new(registration: &Registration) -> Result<Self, Box<dyn Error>> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let Some(local) = registration.local() else {
            let tls = Arc::new(config.with_platform_verifier()?.with_no_client_auth());
            return Ok(Self { tls, instead: None });
        };
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(local.ca_file())?)?;
        let tls = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
        let address = local.proxy_url();
        let address = address.trim_start_matches("http://").trim_end_matches('/');
        Ok(Self {
            tls,
            instead: Some(address.parse()?),
        })
    }

    fn connect(&self, request: &Request, deadline: Instant) -> Result<TlsStream, TransportError> {
        let host = request.uri().host().unwrap_or_default();
        let port = request.uri().port_u16().unwrap_or(443);
        if request.uri().scheme_str() != Some("https") {
            return Err(TransportError::refused("this transport speaks https only"));
        }
        let address = match self.instead {
            Some(address) => Some(address),
            None => (host, port)
                .to_socket_addrs()
                .map_err(TransportError::connect)?
                .next(),
        };
        let address = address.ok_or_else(|| TransportError::connect("the host has no address"))?;
        let socket = TcpStream::connect_timeout(&address, left(deadline))
            .map_err(TransportError::connect)?;
        let name = ServerName::try_from(host.to_owned()).map_err(TransportError::refused)?;
        let session =
            ClientConnection::new(self.tls.clone(), name).map_err(TransportError::refused)?;
        let mut stream = StreamOwned::new(session, Timed { socket, deadline });
        // The handshake comes first, so that what fails in it is known to have sent nothing.
        while stream.conn.is_handshaking() {
            stream
                .conn
                .complete_io(&mut stream.sock)
                .map_err(TransportError::tls)?;
        }
        Ok(stream)
    }
}

/// A socket that gives up at a deadline, however slowly the other side goes on.
struct Timed {
    socket: TcpStream,
    deadline: Instant,
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.set_read_timeout(Some(left(self.deadline)))?;
        self.socket.read(buffer)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.set_write_timeout(Some(left(self.deadline)))?;
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

/// Never zero, which would mean no limit.
fn left(deadline: Instant) -> Duration {
    deadline
        .saturating_duration_since(Instant::now())
        .max(Duration::from_millis(1))
}

fn write(request: &Request, stream: &mut impl Write) -> io::Result<()> {
    let target = request
        .uri()
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let host = request
        .uri()
        .authority()
        .map_or("", |authority| authority.as_str());
    let mut head =
        format!("{} {target} HTTP/1.1\r\nhost: {host}\r\n", request.method()).into_bytes();
    for (name, value) in request.headers() {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    let length = request.body().len();
    head.extend_from_slice(
        format!("connection: close\r\ncontent-length: {length}\r\n\r\n").as_bytes(),
    );
    stream.write_all(&head)?;
    stream.write_all(request.body())?;
    stream.flush()
}

fn read(mut stream: impl BufRead, max_body: usize) -> io::Result<Response> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let room = MAX_HEAD.saturating_sub(head.len() as u64);
        if stream.by_ref().take(room).read_until(b'\n', &mut head)? == 0 {
            return Err(malformed("the answer's head is cut off or too long"));
        }
    }
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Response::new(&mut headers);
    parsed.parse(&head).map_err(io::Error::other)?;
    let mut response = http::Response::builder().status(parsed.code.unwrap_or_default());
    for header in parsed.headers.iter() {
        response = response.header(header.name, header.value);
    }
    let is_chunked = parsed.headers.iter().any(|header| {
        header.name.eq_ignore_ascii_case("transfer-encoding")
            && header.value.eq_ignore_ascii_case(b"chunked")
    });
    let length = parsed
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|header| str::from_utf8(header.value).ok()?.parse::<u64>().ok());
    let mut body = Vec::new();
    match (is_chunked, length) {
        (true, _) => read_chunks(&mut stream, max_body, &mut body)?,
        (false, Some(length)) => read_exactly(&mut stream, length, max_body, &mut body)?,
        (false, None) => return Err(malformed("the answer does not tell its length")),
    }
    response.body(body.into()).map_err(io::Error::other)
}

fn read_chunks(stream: &mut impl BufRead, most: usize, body: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let mut line = Vec::new();
        stream
            .by_ref()
            .take(MAX_CHUNK_LINE)
            .read_until(b'\n', &mut line)?;
        let Ok(httparse::Status::Complete((_, size))) = httparse::parse_chunk_size(&line) else {
            return Err(malformed("a chunk's size is malformed"));
        };
        if size == 0 {
            return Ok(());
        }
        read_exactly(stream, size, most, body)?;
        stream.read_exact(&mut [0; 2])?;
    }
}

fn read_exactly(
    stream: &mut impl Read,
    length: u64,
    most: usize,
    body: &mut Vec<u8>,
) -> io::Result<()> {
    if length > most.saturating_sub(body.len()) as u64 {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    match stream.take(length).read_to_end(body)? as u64 == length {
        true => Ok(()),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn failed(error: io::Error, deadline: Instant) -> TransportError {
    match error.kind() {
        io::ErrorKind::FileTooLarge => TransportError::too_large(),
        _ if Instant::now() >= deadline => TransportError::timeout(),
        _ => TransportError::interrupted(error),
    }
}

fn malformed(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

const MAX_HEAD: u64 = 64 * 1024;
const MAX_CHUNK_LINE: u64 = 128;
