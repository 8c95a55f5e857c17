//! Asks a proxy for a tunnel (RFC 9110 section 9.3.6).

use std::io::Write;
use std::sync::Arc;

use http::StatusCode;
use ureq::config::AutoHeaderValue;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, NextTimeout, Transport, TransportAdapter,
};
use zeroize::Zeroizing;

use msal_core::TransportError;

use crate::deadline::Deadline;
use crate::route::Proxy;

/// Makes `stream`, which leads to `proxy`, lead to the server of `details`.
pub(crate) fn open(
    details: &ConnectionDetails<'_>,
    deadline: &Deadline,
    proxy: &Proxy,
    stream: Box<dyn Transport>,
) -> Result<Box<dyn Transport>, TransportError> {
    let request = request(details, proxy);
    let mut writer = TransportAdapter::new(stream, Arc::clone(&details.current_time));
    writer.set_timeout(deadline.left()?);
    writer
        .write_all(request.as_bytes())
        .map_err(|error| deadline.failure(error.into()))?;
    let mut stream = writer.into_inner();
    match answer(&mut *stream, deadline)? {
        status if status.is_success() => Ok(Box::new(Tunnel(stream))),
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => Err(refusal(match proxy.authorization {
            Some(_) => Refusal::WrongCredentials,
            None => Refusal::NoCredentials,
        })),
        status => Err(refusal(Refusal::Status(status.as_u16()))),
    }
}

fn request(details: &ConnectionDetails<'_>, proxy: &Proxy) -> Zeroizing<String> {
    let host = details.uri.host().unwrap_or_default();
    let default_port = if details.needs_tls() { 443 } else { 80 };
    let port = details.uri.port_u16().unwrap_or(default_port);
    let agent = match details.config.user_agent() {
        AutoHeaderValue::Provided(name) => format!("User-Agent: {name}\r\n"),
        _ => String::new(),
    };
    let (field, value) = match &proxy.authorization {
        Some(authorization) => ("Proxy-Authorization: ", authorization.as_str()),
        None => ("", ""),
    };
    let end = if value.is_empty() { "\r\n" } else { "\r\n\r\n" };
    Zeroizing::new(format!(
        "CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{agent}{field}{value}{end}"
    ))
}

/// Reads the head of the proxy's answer and not a byte beyond, for there the server begins.
fn answer(stream: &mut dyn Transport, deadline: &Deadline) -> Result<StatusCode, TransportError> {
    loop {
        let more = stream
            .maybe_await_input(deadline.left()?)
            .map_err(|error| deadline.failure(error))?;
        let buffers = stream.buffers();
        let input = buffers.input();
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut head = httparse::Response::new(&mut headers);
        match head.parse(input) {
            Ok(httparse::Status::Complete(length)) => {
                let status = head.code.and_then(|code| StatusCode::from_u16(code).ok());
                buffers.input_consume(length);
                return status.ok_or_else(|| refusal(Refusal::NotHttp));
            }
            Ok(httparse::Status::Partial) if more && input.len() < MAX_HEAD => {
                // Says that there was no progress, so that the next turn waits for input.
                buffers.input_consume(0);
            }
            _ => return Err(refusal(Refusal::NotHttp)),
        }
    }
}

fn refusal(refusal: Refusal) -> TransportError {
    TransportError::connect(refusal)
}

#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("the proxy asks for credentials: give them in the proxy's URL")]
    NoCredentials,
    #[error("the proxy did not answer the request for a tunnel in HTTP")]
    NotHttp,
    #[error("the proxy refused the tunnel with status {0}")]
    Status(u16),
    #[error("the proxy did not accept the credentials")]
    WrongCredentials,
}

/// A connection through a proxy, which proves nothing about the server even where the proxy speaks TLS.
#[derive(Debug)]
struct Tunnel(Box<dyn Transport>);

impl Transport for Tunnel {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.0.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.0.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.0.is_open()
    }
}

const MAX_HEAD: usize = 8 * 1024;
const MAX_HEADERS: usize = 64;
