//! The device authorization grant, RFC 8628: the user signs in on another device, with a code that is read to them.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use url::Url;

use super::token::Seconds;
use super::{Post, UserRequest};
use crate::{CorrelationId, DeviceCode, Error, ErrorKind, Request, Response, ServerError};

/// Builds the request for a code.
pub fn authorization_request(
    user: &UserRequest<'_>,
    device_authorization_endpoint: &Url,
    correlation_id: CorrelationId,
) -> Result<Request, Error> {
    Post::new()
        .with("client_id", user.client_id)
        .with("scope", user.scopes.of_sign_in().as_str())
        .with("claims", user.claims.unwrap_or_default())
        .with_all(user.parameters.iter().map(|(name, value)| (name, value)))
        .to(device_authorization_endpoint, correlation_id)
}

/// Builds the request that asks whether the user has signed in.
pub fn request(
    device_code: &DeviceCode,
    user: &UserRequest<'_>,
    token_endpoint: &Url,
    correlation_id: CorrelationId,
) -> Result<Request, Error> {
    let form = user
        .form("urn:ietf:params:oauth:grant-type:device_code")
        .with("device_code", device_code.expose());
    user.post(form, token_endpoint, correlation_id)
}

/// The answer to a request for a code, RFC 8628 section 3.2, checked as far as a person will rely on it.
#[derive(Clone)]
pub struct DeviceAuthorization {
    /// What the program asks with.
    pub device_code: DeviceCode,
    /// What the user types: letters, digits and hyphens, in upper case as given.
    pub user_code: String,
    /// Where the user types it; https, without a user name.
    pub verification_uri: Url,
    /// The same with the code in it, where the identity provider supports that.
    pub verification_uri_complete: Option<Url>,
    /// How long both codes work.
    pub expires_in: Duration,
    /// How long to wait before asking, and between asking.
    pub interval: Duration,
    /// The identity provider's own words, as received: not fit for a terminal before
    /// [`sanitized`](crate::sanitized).
    pub message: Option<String>,
}

/// Reads the answer.
///
/// Fails for a code that nobody can type, and for an address that nobody should go to.
pub fn parse(response: &Response) -> Result<DeviceAuthorization, Error> {
    #[derive(Deserialize)]
    struct Wire {
        device_code: Option<String>,
        user_code: Option<String>,
        verification_uri: Option<String>,
        verification_url: Option<String>,
        verification_uri_complete: Option<String>,
        expires_in: Option<Seconds>,
        interval: Option<Seconds>,
        message: Option<String>,
    }

    let wire: Wire = serde_json::from_slice(response.body())
        .map_err(|_| malformed("it is no JSON object with the expected members"))?;
    let device_code = wire.device_code.filter(|code| !code.is_empty());
    let device_code = device_code.ok_or_else(|| malformed("it has no `device_code`"))?;
    let user_code = wire.user_code.filter(|code| is_typeable(code));
    let user_code = user_code
        .ok_or_else(|| malformed("its `user_code` is not 4 to 16 letters, digits and hyphens"))?;
    let uri = wire.verification_uri.or(wire.verification_url);
    let uri = uri.and_then(|uri| safe(&uri));
    let verification_uri = uri
        .ok_or_else(|| malformed("its `verification_uri` is no https address that can be shown"))?;
    // One that cannot be shown is as good as none.
    let complete = wire.verification_uri_complete.and_then(|uri| safe(&uri));
    let seconds = |given: Option<Seconds>, usual| given.map_or(usual, Seconds::duration);
    Ok(DeviceAuthorization {
        device_code: DeviceCode::new(device_code),
        user_code,
        verification_uri,
        verification_uri_complete: complete,
        expires_in: seconds(wire.expires_in, USUAL_LIFE),
        interval: seconds(wire.interval, USUAL_INTERVAL).clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL),
        message: wire.message,
    })
}

/// Whether an answer with the status of a success is an error all the same.
pub(crate) fn is_refusal(response: &Response) -> bool {
    let server = ServerError::read(response.status().as_u16(), response.body());
    server.code().is_some()
}

impl fmt::Debug for DeviceAuthorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceAuthorization")
            .field("device_code", &self.device_code)
            .field("verification_uri", &self.verification_uri.as_str())
            .field("expires_in", &self.expires_in)
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}

/// Whether a person can type it, and a terminal show it.
pub(crate) fn is_typeable(code: &str) -> bool {
    (4..=16).contains(&code.len())
        && code
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// An address that can be shown to somebody who will go there.
pub(crate) fn safe(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_plain = url.username().is_empty() && url.password().is_none();
    let is_safe = url.scheme() == "https" && url.has_host() && is_plain;
    (is_safe && text.len() <= LONGEST_ADDRESS).then_some(url)
}

fn malformed(why: &'static str) -> Error {
    Error::new(ErrorKind::InvalidResponse("device authorization response")).because(why)
}

const USUAL_LIFE: Duration = Duration::from_secs(900);
/// RFC 8628 section 3.2.
const USUAL_INTERVAL: Duration = Duration::from_secs(5);
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);
const LONGEST_INTERVAL: Duration = Duration::from_secs(60);
const LONGEST_ADDRESS: usize = 2048;

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn read(body: serde_json::Value) -> Result<DeviceAuthorization, Error> {
        parse(&Response::new(Bytes::from(body.to_string())))
    }

    fn answer() -> serde_json::Value {
        serde_json::json!({
            "device_code": "d", "user_code": "ABCD-1234", "expires_in": "600",
            "verification_uri": "https://microsoft.com/devicelogin",
        })
    }

    fn with(name: &str, value: impl Into<serde_json::Value>) -> Result<DeviceAuthorization, Error> {
        let mut body = answer();
        body[name] = value.into();
        read(body)
    }

    #[test]
    fn an_answer_is_read_with_what_is_usual_where_it_is_silent() {
        let answer = read(answer()).unwrap();
        assert_eq!(answer.user_code, "ABCD-1234");
        assert_eq!(answer.expires_in, Duration::from_secs(600));
        assert_eq!(answer.interval, USUAL_INTERVAL);
        assert_eq!(
            answer.verification_uri.as_str(),
            "https://microsoft.com/devicelogin"
        );
        assert_eq!(with("interval", 0).unwrap().interval, SHORTEST_INTERVAL);
        assert_eq!(
            with("interval", u64::MAX).unwrap().interval,
            LONGEST_INTERVAL
        );
    }

    #[test]
    fn codes_that_are_no_codes_are_refused() {
        for code in [
            "",
            "abc",
            "ABCD 1234",
            "ABCD\u{1b}]0;x\u{7}",
            "\u{202e}ABCD",
            "A".repeat(17).as_str(),
        ] {
            assert!(with("user_code", code).is_err(), "{code:?}");
        }
        assert!(with("device_code", "").is_err());
    }

    #[test]
    fn addresses_that_nobody_should_go_to_are_refused() {
        for uri in [
            "",
            "http://microsoft.com",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "https://microsoft.com@evil.example/",
            "https://:x@evil.example/",
            "https://",
        ] {
            assert!(with("verification_uri", uri).is_err(), "{uri}");
            let complete = with("verification_uri_complete", uri).unwrap();
            assert_eq!(complete.verification_uri_complete, None, "{uri}");
        }
        let escaped = with("verification_uri", "https://a.test/\u{1b}[2J\u{202e}").unwrap();
        assert!(escaped.verification_uri.as_str().is_ascii());
    }
}
