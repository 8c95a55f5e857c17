use std::fmt;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use url::Url;
use url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

use crate::{CorrelationId, Error, ErrorKind, Request, SendOptions};

/// A form on its way to a token endpoint, RFC 6749 appendix B. The body is wiped when it is dropped.
pub struct Post {
    body: Zeroizing<Vec<u8>>,
}

impl Post {
    /// An empty form.
    pub fn new() -> Self {
        // Room enough for an assertion, since growing would leave copies of secrets behind.
        Self {
            body: Zeroizing::new(Vec::with_capacity(USUAL_LENGTH)),
        }
    }

    /// Adds a parameter. One without a value is not sent.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        if value.is_empty() {
            return self;
        }
        self.reserve(name.len() + 3 * value.len() + 2);
        if !self.body.is_empty() {
            self.body.push(b'&');
        }
        for piece in byte_serialize(name.as_bytes()) {
            self.body.extend_from_slice(piece.as_bytes());
        }
        self.body.push(b'=');
        for piece in byte_serialize(value.as_bytes()) {
            self.body.extend_from_slice(piece.as_bytes());
        }
        self
    }

    /// Adds parameters.
    #[must_use]
    pub fn with_all<N: AsRef<str>, V: AsRef<str>>(
        self,
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        pairs.into_iter().fold(self, |form, (name, value)| {
            form.with(name.as_ref(), value.as_ref())
        })
    }

    /// The request that posts the form, with the headers that every request of this library carries.
    pub fn to(self, endpoint: &Url, correlation_id: CorrelationId) -> Result<Request, Error> {
        let mut request = http::Request::post(endpoint.as_str())
            .body(Bytes::from_owner(self.body))
            .map_err(|_| {
                Error::new(ErrorKind::Authority).because("its token endpoint is no valid address")
            })?;
        let headers = request.headers_mut();
        headers.reserve(9);
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        identify(&mut request, correlation_id);
        request.extensions_mut().insert(SendOptions::default());
        Ok(request)
    }

    fn reserve(&mut self, more: usize) {
        if self.body.capacity() - self.body.len() < more {
            let mut wider = Zeroizing::new(Vec::with_capacity((self.body.len() + more) * 2));
            wider.extend_from_slice(&self.body);
            self.body = wider;
        }
    }
}

impl Default for Post {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Post({} bytes)", self.body.len())
    }
}

/// Adds what tells the identity provider who is asking and under which id.
pub(crate) fn identify(request: &mut Request, correlation_id: CorrelationId) {
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    for (name, value) in IDENTITY {
        headers.insert(name, HeaderValue::from_static(value));
    }
    correlate(request, correlation_id);
}

/// Adds nothing but the id, for servers that are no identity provider's own.
pub(crate) fn correlate(request: &mut Request, correlation_id: CorrelationId) {
    if let Ok(id) = HeaderValue::try_from(correlation_id.to_string()) {
        request.headers_mut().insert(CLIENT_REQUEST_ID, id);
    }
}

const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");
/// What every request says of this library.
const IDENTITY: [(HeaderName, &str); 6] = [
    (HeaderName::from_static("x-client-sku"), "MSAL.Rust"),
    (
        HeaderName::from_static("x-client-ver"),
        env!("CARGO_PKG_VERSION"),
    ),
    (HeaderName::from_static("x-client-os"), std::env::consts::OS),
    (
        HeaderName::from_static("x-client-cpu"),
        std::env::consts::ARCH,
    ),
    (
        HeaderName::from_static("x-ms-lib-capability"),
        "retry-after, h429",
    ),
    (HeaderName::from_static("return-client-request-id"), "true"),
];
const USUAL_LENGTH: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(form: Post) -> Request {
        let endpoint = Url::parse("https://login.test/t/oauth2/v2.0/token").unwrap();
        let id = "0f8fad5b-d9cb-469f-a165-70867728950e".parse().unwrap();
        form.to(&endpoint, id).unwrap()
    }

    #[test]
    fn values_are_encoded_and_empty_ones_left_out() {
        let request = sent(
            Post::new()
                .with("a", "x&y=z +ä")
                .with("b", "")
                .with("c", "1"),
        );
        assert_eq!(request.body(), "a=x%26y%3Dz+%2B%C3%A4&c=1");
    }

    #[test]
    fn every_request_says_who_asks_and_under_which_id() {
        let request = sent(Post::new());
        let header = |name| request.headers()[name].to_str().unwrap();
        assert_eq!(
            header("client-request-id"),
            "0f8fad5b-d9cb-469f-a165-70867728950e"
        );
        assert_eq!(header("x-client-sku"), "MSAL.Rust");
        assert_eq!(header("content-type"), "application/x-www-form-urlencoded");
    }

    #[test]
    fn a_body_longer_than_usual_is_kept_whole() {
        let long = "é".repeat(USUAL_LENGTH);
        let request = sent(Post::new().with("a", "1").with("b", &long).with("c", "2"));
        let pairs: Vec<_> = url::form_urlencoded::parse(request.body()).collect();
        assert_eq!(pairs.len(), 3);
        assert_eq!(pairs[1].1, long);
    }

    proptest::proptest! {
        #![proptest_config(crate::protocol::tests::cases())]

        #[test]
        fn whatever_is_put_in_comes_out_again(
            pairs in proptest::collection::vec((r"\PC{0,12}", "(?s).{0,12}"), 0..4),
        ) {
            let kept: Vec<_> = pairs.iter().filter(|(_, value)| !value.is_empty()).cloned().collect();
            let request = sent(Post::new().with_all(pairs.iter().map(|(name, value)| (name, value))));
            let read: Vec<_> = url::form_urlencoded::parse(request.body()).into_owned().collect();
            proptest::prop_assert_eq!(read, kept);
        }
    }
}
