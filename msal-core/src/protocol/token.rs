//! The answer of a token endpoint, RFC 6749 section 5.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Visitor};

use crate::secret::Redacted;
use crate::{
    AccessToken, AuthorizationCode, Error, ErrorKind, RawIdToken, RefreshToken, Response, Scopes,
};

/// A successful answer.
#[derive(Clone)]
pub struct TokenResponse {
    /// The token for the resource.
    pub access_token: AccessToken,
    /// How the token is to be presented, as the server spells it; mostly `Bearer`.
    pub token_type: String,
    /// How long the token works. Zero means that it must not be kept.
    pub expires_in: Duration,
    /// How long a resource may accept it in an outage of the identity provider.
    pub ext_expires_in: Option<Duration>,
    /// After how long it should be renewed.
    pub refresh_in: Option<Duration>,
    /// The scopes granted; none when they are those asked for.
    pub scopes: Option<Scopes>,
    /// The token that obtains the next ones.
    pub refresh_token: Option<RefreshToken>,
    /// Who signed in.
    pub id_token: Option<RawIdToken>,
    /// Base64url of a JSON object with `uid` and `utid`.
    pub client_info: Option<String>,
    /// The family of clients that the refresh token serves.
    pub family_id: Option<String>,
    /// A code for the application's page in the browser to redeem, where one was asked for.
    pub spa_code: Option<AuthorizationCode>,
}

/// Reads a successful answer that must be of this token type, compared without case.
///
/// Fails where a member that matters is missing, malformed or there twice.
pub fn parse(response: &Response, token_type: &str) -> Result<TokenResponse, Error> {
    let wire: Wire = serde_json::from_slice(response.body()).map_err(|error| {
        // The error's own text could quote the body.
        let (line, column) = (error.line(), error.column());
        malformed(format!(
            "no JSON object with the expected members, at line {line} column {column}"
        ))
    })?;
    let access_token = wire.access_token.filter(|token| is_header_safe(token));
    let access_token = access_token.ok_or_else(|| malformed("it has no usable `access_token`"))?;
    let found = wire
        .token_type
        .ok_or_else(|| malformed("it has no `token_type`"))?;
    if !found.eq_ignore_ascii_case(token_type) {
        return Err(malformed(format!(
            "its `token_type` is not the `{token_type}` asked for"
        )));
    }
    let some = |text: Option<String>| text.filter(|text| !text.is_empty());
    Ok(TokenResponse {
        access_token: AccessToken::new(access_token),
        token_type: found,
        expires_in: wire.expires_in.map_or(UNNAMED_LIFE, |life| life.0),
        ext_expires_in: wire.ext_expires_in.map(|life| life.0),
        refresh_in: wire
            .refresh_in
            .map(|life| life.0)
            .filter(|life| !life.is_zero()),
        scopes: some(wire.scope).map(|scopes| Scopes::granted(&scopes)),
        refresh_token: some(wire.refresh_token).map(RefreshToken::new),
        id_token: some(wire.id_token).map(RawIdToken::new),
        client_info: some(wire.client_info),
        family_id: some(wire.foci),
        spa_code: some(wire.spa_code).map(AuthorizationCode::new),
    })
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenResponse")
            .field("access_token", &self.access_token)
            .field("token_type", &self.token_type)
            .field("expires_in", &self.expires_in)
            .field("ext_expires_in", &self.ext_expires_in)
            .field("refresh_in", &self.refresh_in)
            .field("scopes", &self.scopes)
            .field("refresh_token", &self.refresh_token)
            .field("id_token", &self.id_token)
            .field("client_info", &self.client_info.as_ref().map(|_| Redacted))
            .field("family_id", &self.family_id)
            .field("spa_code", &self.spa_code)
            .finish()
    }
}

#[derive(Deserialize)]
struct Wire {
    access_token: Option<String>,
    token_type: Option<String>,
    expires_in: Option<Seconds>,
    ext_expires_in: Option<Seconds>,
    refresh_in: Option<Seconds>,
    scope: Option<String>,
    refresh_token: Option<String>,
    id_token: Option<String>,
    client_info: Option<String>,
    foci: Option<String>,
    spa_code: Option<String>,
}

/// Seconds as a number or as a decimal string. What is neither counts as none at all; a year is the most.
pub(super) struct Seconds(Duration);

impl Seconds {
    pub(super) fn duration(self) -> Duration {
        self.0
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Lenient;

        impl Visitor<'_> for Lenient {
            type Value = u64;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("seconds")
            }

            fn visit_u64<E>(self, seconds: u64) -> Result<u64, E> {
                Ok(seconds)
            }

            fn visit_i64<E>(self, seconds: i64) -> Result<u64, E> {
                Ok(u64::try_from(seconds).unwrap_or_default())
            }

            fn visit_f64<E>(self, _: f64) -> Result<u64, E> {
                Ok(0)
            }

            fn visit_str<E>(self, text: &str) -> Result<u64, E> {
                Ok(text.trim().parse().unwrap_or_default())
            }
        }

        let seconds = input.deserialize_any(Lenient)?;
        Ok(Self(Duration::from_secs(seconds.min(LONGEST_LIFE))))
    }
}

/// A token goes into a header, where white space and controls would start another one.
pub(crate) fn is_header_safe(token: &str) -> bool {
    // Without an early end, so that many bytes are looked at at once.
    let graphic = token
        .bytes()
        .fold(true, |all, byte| all & byte.is_ascii_graphic());
    graphic && !token.is_empty()
}

fn malformed(why: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidResponse("token response")).because(why)
}

/// RFC 6749 section 5.1 only recommends `expires_in`: without it, a short life.
const UNNAMED_LIFE: Duration = Duration::from_secs(600);
const LONGEST_LIFE: u64 = 365 * 24 * 3600;

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn read(body: &str) -> Result<TokenResponse, Error> {
        parse(
            &Response::new(Bytes::copy_from_slice(body.as_bytes())),
            "Bearer",
        )
    }

    fn life(expires_in: &str) -> u64 {
        let body =
            format!(r#"{{"access_token":"t","token_type":"bearer","expires_in":{expires_in}}}"#);
        read(&body).unwrap().expires_in.as_secs()
    }

    #[test]
    fn an_answer_of_entra_id_is_read_whole() {
        let token = read(
            r#"{"token_type":"Bearer","expires_in":"3599","ext_expires_in":3599,"refresh_in":1800,
                "access_token":"eyJ.x.y","scope":"b a","foci":"1","refresh_token":"r","other":{"a":[1]}}"#,
        )
        .unwrap();
        assert_eq!(token.access_token.expose(), "eyJ.x.y");
        assert_eq!(token.expires_in.as_secs(), 3599);
        assert_eq!(token.refresh_in.unwrap().as_secs(), 1800);
        assert_eq!(token.scopes.unwrap().as_str(), "a b");
        assert_eq!(token.family_id.as_deref(), Some("1"));
    }

    #[test]
    fn hostile_numbers_give_no_life_or_a_year() {
        for none in [
            "0",
            "-1",
            "1.5",
            "1e3",
            "\"\"",
            "\"-3\"",
            "\"abc\"",
            "\"1.5\"",
            "-9223372036854775808",
        ] {
            assert_eq!(life(none), 0, "{none}");
        }
        for most in [
            "31536001",
            "18446744073709551615",
            "\"18446744073709551615\"",
        ] {
            assert_eq!(life(most), LONGEST_LIFE, "{most}");
        }
        assert_eq!(life("\" 60 \""), 60);
    }

    #[test]
    fn what_is_no_token_answer_names_what_is_wrong_and_quotes_nothing() {
        let bad = [
            ("", "no JSON object"),
            ("<html>canary</html>", "no JSON object"),
            ("[1]", "no JSON object"),
            (r#"{"token_type":"Bearer"}"#, "access_token"),
            (
                r#"{"access_token":"","token_type":"Bearer"}"#,
                "access_token",
            ),
            (
                r#"{"access_token":"canary\r\nx","token_type":"Bearer"}"#,
                "access_token",
            ),
            (r#"{"access_token":"canary"}"#, "token_type"),
            (
                r#"{"access_token":"canary","token_type":"pop"}"#,
                "token_type",
            ),
            (
                r#"{"access_token":"a","access_token":"canary","token_type":"Bearer"}"#,
                "no JSON object",
            ),
            (
                r#"{"access_token":["canary"],"token_type":"Bearer"}"#,
                "no JSON object",
            ),
        ];
        for (body, names) in bad {
            let error = read(body).unwrap_err();
            assert_eq!(
                error.kind(),
                &ErrorKind::InvalidResponse("token response"),
                "{body}"
            );
            assert!(error.to_string().contains(names), "{error}");
            assert!(
                !format!("{error} {error:?}").contains("canary"),
                "{error:?}"
            );
        }
        assert!(read(&"[".repeat(100_000)).is_err());
    }

    proptest::proptest! {
        #![proptest_config(crate::protocol::tests::cases())]

        #[test]
        fn any_number_gives_a_life_of_a_year_at_most(
            number in "-?[0-9]{1,25}(\\.[0-9]{1,5})?([eE][+-]?[0-9]{1,4})?",
            quoted: bool,
        ) {
            let number = number.trim_start_matches('0');
            let expires_in = if quoted { format!("\"{number}\"") } else { number.to_owned() };
            let body = format!(
                r#"{{"access_token":"t","token_type":"Bearer","expires_in":{expires_in}}}"#
            );
            if let Ok(token) = read(&body) {
                proptest::prop_assert!(token.expires_in.as_secs() <= LONGEST_LIFE);
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(body in proptest::collection::vec(proptest::num::u8::ANY, 0..48)) {
            drop(parse(&Response::new(Bytes::from(body)), "Bearer"));
        }
    }
}
