use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, EXPIRES, PRAGMA};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::Value;

/// A response in good form.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn new(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: body.into(),
        }
    }

    pub(crate) fn json(status: StatusCode, body: &Value) -> Self {
        let mut reply = Self::new(status, body.to_string());
        reply.set(CONTENT_TYPE.as_str(), "application/json; charset=utf-8");
        reply
    }

    /// Forbids caches to keep it, in the words that Entra ID uses for tokens.
    pub(crate) fn no_store(mut self) -> Self {
        self.set(CACHE_CONTROL.as_str(), "no-store, no-cache");
        self.set(PRAGMA.as_str(), "no-cache");
        self.set(EXPIRES.as_str(), "-1");
        self
    }

    /// Sets a header; a value that cannot stand in one is left out.
    pub(crate) fn set(&mut self, name: &'static str, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
    }
}
