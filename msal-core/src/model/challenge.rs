use std::fmt;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use http::HeaderValue;

use super::Claims;
use super::client_info::LENIENT;
use crate::Error;

/// What an API that answered 401 wants of the next token: the claims challenge of its `WWW-Authenticate` header,
/// RFC 9470 and the claims challenge page of the Microsoft identity platform.
///
/// ```
/// # use msal_core::ClaimsChallenge;
/// let header = r#"Bearer realm="", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ==""#;
/// let challenge = ClaimsChallenge::parse([header]).expect("there is one");
/// assert_eq!(challenge.claims().as_str(), r#"{"access_token":{}}"#);
/// assert!(ClaimsChallenge::parse([r#"Bearer error="invalid_token""#]).is_none());
/// ```
///
/// Two are equal when they demand the same. `Debug` does not show the claims.
#[derive(Clone)]
pub struct ClaimsChallenge {
    claims: Claims,
    error: Option<String>,
}

impl ClaimsChallenge {
    /// Finds the challenge among the values of a response's `WWW-Authenticate` headers. None where there is none, or
    /// where its claims are not the text of a JSON object, plain or in base64.
    pub fn parse<'a>(headers: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut challenges = headers.into_iter().flat_map(challenges);
        challenges.find_map(|(scheme, parameters)| {
            let is_known = ["bearer", "pop"]
                .iter()
                .any(|one| scheme.eq_ignore_ascii_case(one));
            let value = |name: &str| {
                let mut named = parameters
                    .iter()
                    .filter(|(own, _)| own.eq_ignore_ascii_case(name));
                let value = named.next().map(|(_, value)| value.clone());
                // Which of two would be meant?
                value.filter(|_| named.next().is_none())
            };
            let claims = Some(value("claims")?).filter(|_| is_known)?;
            Some(Self {
                claims: Claims::parse(decoded(&claims)).ok()?,
                error: value("error"),
            })
        })
    }

    /// The challenge to answer a caller with, where an on-behalf-of call ended in an error that holds claims: only the
    /// caller can have its user meet them.
    pub fn of_error(error: &Error) -> Option<Self> {
        Some(Self {
            claims: Claims::parse(error.claims()?).ok()?,
            error: Some("insufficient_claims".to_owned()),
        })
    }

    /// The value of a `WWW-Authenticate` header, to be sent with status 401.
    ///
    /// ```
    /// # use msal_core::ClaimsChallenge;
    /// # let given = r#"Bearer claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ==""#;
    /// let challenge = ClaimsChallenge::parse([given]).expect("there is one");
    /// let header = challenge.to_header();
    /// assert_eq!(ClaimsChallenge::parse([header.to_str()?]), Some(challenge));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn to_header(&self) -> HeaderValue {
        let claims = STANDARD.encode(self.claims.as_str());
        let text = format!(r#"Bearer realm="", error="insufficient_claims", claims="{claims}""#);
        // Base64 fits into a header.
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("Bearer"))
    }

    /// The claims to pass to the next call.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The header's `error`: mostly `insufficient_claims`.
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }
}

impl PartialEq for ClaimsChallenge {
    fn eq(&self, other: &Self) -> bool {
        self.claims == other.claims
    }
}

impl Eq for ClaimsChallenge {}

impl fmt::Debug for ClaimsChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClaimsChallenge(..)")
    }
}

/// JSON as it is, or decoded: APIs do both.
fn decoded(claims: &str) -> String {
    let claims = claims.trim();
    if claims.starts_with('{') {
        return claims.to_owned();
    }
    let bytes = STANDARD.decode(claims).or_else(|_| LENIENT.decode(claims));
    let text = bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.unwrap_or_else(|| claims.to_owned())
}

type Parameters = Vec<(String, String)>;

/// Each challenge of one header value, RFC 9110 section 11.6.1: a scheme, then parameters up to the next scheme.
fn challenges(header: &str) -> Vec<(String, Parameters)> {
    let mut found: Vec<(String, Parameters)> = Vec::new();
    let mut rest = header.get(..LONGEST).unwrap_or(header);
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let end = rest.find([' ', '\t', ',', '=']).unwrap_or(rest.len());
        let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        if word.is_empty() && after.is_empty() {
            return found;
        }
        let trimmed = after.trim_start_matches([' ', '\t']);
        match (trimmed.strip_prefix('='), found.last_mut()) {
            (Some(value), Some((_, parameters))) => {
                let (value, after) = value_of(value.trim_start_matches([' ', '\t']));
                parameters.push((word.to_owned(), value));
                rest = after;
            }
            // Something like a token68 before any scheme.
            (Some(value), None) => rest = value,
            (None, _) => {
                found.push((word.to_owned(), Vec::new()));
                rest = after;
            }
        }
    }
}

/// A token or a quoted string, and what follows.
fn value_of(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        let (value, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        return (value.to_owned(), rest);
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, quoted.get(at + 1..).unwrap_or_default()),
            // JSON that an API put in unescaped would lose its quotes; whatever follows a backslash is itself.
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    (value, "")
}

const STANDARD: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
const LONGEST: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(headers: &[&str]) -> Option<String> {
        let challenge = ClaimsChallenge::parse(headers.iter().copied())?;
        Some(challenge.claims().as_str().to_owned())
    }

    #[test]
    fn the_challenge_of_an_api_is_found() {
        let encoded = LENIENT.encode(r#"{"access_token":{"nbf":{"essential":true}}}"#);
        let header = format!(
            r#"Bearer realm="", authorization_uri="https://login.test/common/oauth2/authorize", error="insufficient_claims", claims="{encoded}""#
        );
        let expected = Some(r#"{"access_token":{"nbf":{"essential":true}}}"#.to_owned());
        assert_eq!(claims(&[&header]), expected);
        assert_eq!(
            claims(&["Negotiate", "Basic realm=\"x\"", &header]),
            expected
        );
        assert_eq!(
            claims(&[&["Basic realm=\"a, b\", ", &*header].concat()]),
            expected
        );
        assert_eq!(claims(&[&header.replace("Bearer", "PoP")]), expected);
    }

    #[test]
    fn json_in_the_clear_is_taken_too() {
        assert_eq!(
            claims(&[r#"Bearer claims="{\"a\":1}""#]),
            Some(r#"{"a":1}"#.to_owned())
        );
    }

    #[test]
    fn what_is_no_challenge_is_none() {
        for header in [
            "",
            ",",
            "=",
            "Bearer",
            "Bearer claims",
            "Bearer claims=",
            "Bearer claims=\"",
            "Bearer claims=\"W10=\"",
            "Basic claims=\"e30=\"",
            "claims=\"e30=\"",
            "Bearer claims=\"e30=\", claims=\"e30=\"",
            "Bearer claims=\"!!!\"",
        ] {
            assert_eq!(claims(&[header]), None, "{header}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_header_is_too_much(header in "(?s)[A-Za-z=\", \\\\\\t\u{e9}]{0,60}") {
            let _ = ClaimsChallenge::parse([&*header]);
        }
    }
}
