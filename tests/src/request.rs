use std::sync::atomic::{AtomicU16, Ordering};

use bytes::Bytes;
use http::{HeaderMap, Method};
use time::OffsetDateTime;

use crate::Endpoint;

/// How a request reached the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Via {
    /// Inside a tunnel that the client opened with `CONNECT`.
    Connect,
    /// Straight to the provider's port.
    Direct,
    /// As to a forward proxy: with the whole URL in its first line.
    Forward,
}

/// A request as the provider received it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Which kind of request the provider took it for.
    pub endpoint: Endpoint,
    /// How it came.
    pub via: Via,
    /// Whether it came over TLS.
    pub tls: bool,
    /// The name given in the TLS handshake (SNI), if any.
    pub server_name: Option<String>,
    /// The `host:port` that the client asked the proxy for, if it came through a tunnel.
    pub connect_target: Option<String>,
    /// The host it was for in lower case, without port: of the URL or the `Host` header.
    pub host: String,
    /// The port in the URL or the `Host` header, if one was given.
    pub port: Option<u16>,
    /// The path as sent, still percent-encoded.
    pub path: String,
    /// The query as sent.
    pub query: Option<String>,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// When it had arrived whole, by the provider's clock.
    pub received: OffsetDateTime,
    /// Counts the connections accepted, from 1; requests with the same number shared one.
    pub connection: u64,
    pub(crate) answered: AtomicU16,
}

impl Request {
    /// The status it was answered with; nothing while it waits, and where a fault took the answer's place.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.answered.load(Ordering::Acquire) {
            0 => None,
            status => Some(status),
        }
    }

    /// Reads a header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body's form fields in their order, decoded; none if the body is no form.
    #[must_use]
    pub fn form(&self) -> Vec<(String, String)> {
        if self.is_form() {
            decode(&self.body)
        } else {
            Vec::new()
        }
    }

    /// The first form field of that name.
    #[must_use]
    pub fn form_field(&self, name: &str) -> Option<String> {
        self.form()
            .into_iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// The query's parameters in their order, decoded.
    #[must_use]
    pub fn query_pairs(&self) -> Vec<(String, String)> {
        self.query
            .as_deref()
            .map_or_else(Vec::new, |query| decode(query.as_bytes()))
    }

    /// The first query parameter of that name.
    #[must_use]
    pub fn query_parameter(&self, name: &str) -> Option<String> {
        self.query_pairs()
            .into_iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// The whole URL that the client meant.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        let query = self
            .query
            .as_ref()
            .map_or_else(String::new, |query| format!("?{query}"));
        format!("{scheme}://{}{}{query}", self.authority(), self.path)
    }

    /// Host and port as the client wrote them.
    pub(crate) fn authority(&self) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        self.port
            .map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
    }

    pub(crate) fn content_type(&self) -> Option<String> {
        let value = self.header("content-type")?;
        Some(
            value
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase(),
        )
    }

    pub(crate) fn is_form(&self) -> bool {
        self.content_type().as_deref() == Some("application/x-www-form-urlencoded")
    }
}

fn decode(text: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text).into_owned().collect()
}
