use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};

use super::sanitized;
use crate::secret::Redacted;

/// What the identity provider said when it refused, RFC 6749 section 5.2 with Microsoft's additions.
///
/// Every text is made fit to be shown, but for [`claims`](Self::claims), which is kept as received and not shown by
/// `Debug`.
#[derive(Clone, Eq, PartialEq)]
pub struct ServerError {
    status: u16,
    code: Option<String>,
    description: Option<String>,
    suberror: Option<String>,
    aadsts_codes: Vec<u32>,
    claims: Option<String>,
    correlation_id: Option<String>,
    trace_id: Option<String>,
    timestamp: Option<String>,
    /// Whether the server named our request as the cause, whatever the status says.
    is_ours: bool,
}

impl ServerError {
    /// Reads the answer that refused. A body that is no OAuth error leaves just the status.
    pub fn read(status: u16, body: &[u8]) -> Self {
        let short = |text: Option<String>| Some(sanitized(&text?)).filter(|text| !text.is_empty());
        let wire = serde_json::from_slice::<Wire>(body).unwrap_or_default();
        let code = short(wire.error.clone());
        let wire = if code.is_some() {
            wire
        } else {
            Wire::default()
        };
        Self {
            status,
            code,
            description: short(wire.error_description),
            suberror: short(suberror(wire.suberror, wire.error_additional_info)),
            aadsts_codes: wire.error_codes,
            claims: wire.claims.filter(|claims| claims.len() <= LONGEST_CLAIMS),
            correlation_id: short(wire.correlation_id),
            trace_id: short(wire.trace_id),
            timestamp: short(wire.timestamp),
            is_ours: false,
        }
    }

    /// What the token service of a machine says. Each has a form of its own.
    pub(crate) fn of_machine(status: u16, body: &[u8]) -> Self {
        let wire = serde_json::from_slice::<MachineWire>(body).unwrap_or_default();
        let (code, inner) = match wire.error {
            Some(MachineError::Code(code)) => (Some(code), MachineFault::default()),
            Some(MachineError::Fault(fault)) => (fault.code.clone(), fault),
            Some(MachineError::List(_) | MachineError::Other(_)) | None => {
                (None, MachineFault::default())
            }
        };
        let short = |text: Option<String>| Some(sanitized(&text?)).filter(|text| !text.is_empty());
        let description = wire.error_description.or(inner.message).or(wire.message);
        let correlation_id = wire
            .correlation_id
            .or(wire.correlation_id_in_camel_case)
            .or(inner.correlation_id);
        Self {
            code: short(code),
            description: short(description),
            correlation_id: short(correlation_id),
            trace_id: short(wire.trace_id),
            timestamp: short(wire.timestamp),
            aadsts_codes: wire.error_codes,
            ..Self::read(status, b"")
        }
    }

    /// A SOAP fault (SOAP 1.2 part 1 section 5.4), which comes with HTTP status 500 whoever is the cause of it.
    pub(crate) fn fault(status: u16, code: &str, reason: Option<&str>, is_ours: bool) -> Self {
        Self {
            code: Some(sanitized(code)).filter(|code| !code.is_empty()),
            description: reason.map(sanitized).filter(|reason| !reason.is_empty()),
            is_ours,
            ..Self::read(status, b"")
        }
    }

    /// What an authorization response says in the place of a code. It came through a browser: there is no status.
    pub(crate) fn of_authorization(
        code: &str,
        description: Option<&str>,
        suberror: Option<&str>,
        claims: Option<&str>,
    ) -> Self {
        let short = |text: Option<&str>| Some(sanitized(text?)).filter(|text| !text.is_empty());
        let description = short(description);
        let aadsts_codes = description.as_deref().and_then(leading_number);
        Self {
            status: 0,
            code: short(Some(code)),
            suberror: short(suberror),
            aadsts_codes: aadsts_codes.into_iter().collect(),
            claims: claims
                .map(str::to_owned)
                .filter(|claims| claims.len() <= LONGEST_CLAIMS),
            correlation_id: None,
            trace_id: None,
            timestamp: None,
            is_ours: false,
            description,
        }
    }

    /// The HTTP status of the answer; zero for what came through a browser.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The `error` member, such as `invalid_client`; none when the answer was no OAuth error.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// The `error_description` member: text for people, made fit to be shown.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The `suberror` member, such as `consent_required`.
    pub fn suberror(&self) -> Option<&str> {
        self.suberror.as_deref()
    }

    /// The numbers of `error_codes`.
    pub fn aadsts_codes(&self) -> &[u32] {
        &self.aadsts_codes
    }

    /// The `claims` member, as received: the text of a JSON object for the next request.
    pub fn claims(&self) -> Option<&str> {
        self.claims.as_deref()
    }

    /// The `correlation_id` member: what the identity provider logged the request under.
    pub fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }

    /// The `trace_id` member.
    pub fn trace_id(&self) -> Option<&str> {
        self.trace_id.as_deref()
    }

    /// The `timestamp` member, in the server's own format.
    pub fn timestamp(&self) -> Option<&str> {
        self.timestamp.as_deref()
    }

    /// Whether the server itself was unwell, so that the same request may succeed later.
    pub fn is_transient(&self) -> bool {
        let unwell = self.status >= 500
            || matches!(self.status, 408 | 429)
            || matches!(
                self.code(),
                Some("temporarily_unavailable" | "request_timeout")
            );
        unwell && !self.is_ours
    }
}

impl ServerError {
    /// Whether the user can mend this by signing in, as far as the answer to a user's request tells.
    pub(crate) fn needs_sign_in(&self) -> bool {
        let code = self.code().unwrap_or_default();
        let suberror = self.suberror().unwrap_or_default();
        if BY_SIGN_IN.contains(&code) {
            return true;
        }
        let is_hopeless = NOT_BY_SIGN_IN.contains(&suberror)
            || self.aadsts_codes.iter().any(|code| HOPELESS.contains(code));
        code == "invalid_grant" && !is_hopeless
    }

    /// Whether a refresh token that met this refusal will never work again, for no tenant and no scope.
    pub(crate) fn ends_refresh_token(&self) -> bool {
        let suberror = self.suberror().unwrap_or_default();
        matches!(suberror, "bad_token" | "token_expired")
            || self.aadsts_codes.iter().any(|code| DEAD.contains(code))
    }

    /// Whether a family refresh token was refused because the client is not of its family.
    pub(crate) fn is_client_mismatch(&self) -> bool {
        self.suberror()
            .is_some_and(|suberror| suberror.contains(CLIENT_MISMATCH))
    }
}

/// The OAuth errors that only a user can mend, OpenID Connect Core section 3.1.2.6 among others.
const BY_SIGN_IN: &[&str] = &[
    "bad_token",
    "consent_required",
    "interaction_required",
    "interrupted_user",
    "login_required",
    "ui_not_allowed",
];
/// The suberrors of `invalid_grant` that no sign-in mends.
const NOT_BY_SIGN_IN: &[&str] = &[CLIENT_MISMATCH, "protection_policy_required"];
/// The same by number: wrong assertions, wrong passwords, accounts that are unknown, locked or disabled, and a verifier
/// that is not the code's.
const HOPELESS: &[u32] = &[
    50013, 50034, 50053, 50056, 50057, 50126, 500_131, 500_132, 500_133, 501_481, 9_002_313,
];
/// Refresh tokens that have expired, were revoked, or belong to a password that has changed.
const DEAD: &[u32] = &[50_089, 50_173, 70_043, 700_082, 700_084];

/// The number that a description of Entra ID begins with: `AADSTS65004: ..`.
fn leading_number(description: &str) -> Option<u32> {
    let rest = description.strip_prefix("AADSTS")?;
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) => f.write_str(code)?,
            None => write!(f, "HTTP status {}", self.status)?,
        }
        if let Some(suberror) = &self.suberror {
            write!(f, " ({suberror})")?;
        }
        if let Some(description) = &self.description {
            write!(f, ", {description}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerError")
            .field("status", &self.status)
            .field("code", &self.code)
            .field("description", &self.description)
            .field("suberror", &self.suberror)
            .field("aadsts_codes", &self.aadsts_codes)
            .field("claims", &self.claims.as_ref().map(|_| Redacted))
            .field("correlation_id", &self.correlation_id)
            .field("trace_id", &self.trace_id)
            .field("timestamp", &self.timestamp)
            .finish()
    }
}

/// The wire form of machines' services.
#[derive(Default, Deserialize)]
#[serde(default)]
struct MachineWire {
    error: Option<MachineError>,
    #[serde(deserialize_with = "text")]
    error_description: Option<String>,
    #[serde(deserialize_with = "text")]
    message: Option<String>,
    #[serde(deserialize_with = "text")]
    correlation_id: Option<String>,
    #[serde(rename = "correlationId", deserialize_with = "text")]
    correlation_id_in_camel_case: Option<String>,
    #[serde(deserialize_with = "text")]
    trace_id: Option<String>,
    #[serde(deserialize_with = "text")]
    timestamp: Option<String>,
    #[serde(deserialize_with = "numbers_or_text")]
    error_codes: Vec<u32>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum MachineError {
    Code(String),
    List(
        #[expect(
            dead_code,
            reason = "a list would otherwise be read as a fault, by position"
        )]
        Vec<IgnoredAny>,
    ),
    Fault(MachineFault),
    Other(IgnoredAny),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct MachineFault {
    #[serde(deserialize_with = "text")]
    code: Option<String>,
    #[serde(deserialize_with = "text")]
    message: Option<String>,
    #[serde(alias = "correlationId", deserialize_with = "text")]
    correlation_id: Option<String>,
}

/// The wire form, read leniently: a member of the wrong type counts as absent, for an answer that refuses
/// must not turn into one that cannot be read.
#[derive(Default, Deserialize)]
struct Wire {
    #[serde(default, deserialize_with = "text")]
    error: Option<String>,
    #[serde(default, deserialize_with = "text")]
    error_description: Option<String>,
    #[serde(default, deserialize_with = "text")]
    suberror: Option<String>,
    #[serde(default, deserialize_with = "text")]
    error_additional_info: Option<String>,
    #[serde(default, deserialize_with = "numbers")]
    error_codes: Vec<u32>,
    #[serde(default, deserialize_with = "text")]
    claims: Option<String>,
    #[serde(default, deserialize_with = "text")]
    correlation_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    trace_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    timestamp: Option<String>,
}

/// The suberror, or what says in another member that a client is not of its family, as MSAL Python reads it.
fn suberror(suberror: Option<String>, additional: Option<String>) -> Option<String> {
    let is_mismatch = |text: &String| text.contains(CLIENT_MISMATCH);
    match additional.filter(is_mismatch) {
        Some(mismatch) => Some(mismatch),
        None => suberror,
    }
}

fn text<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Lenient {
        Text(String),
        Other(IgnoredAny),
    }
    Ok(match Lenient::deserialize(input)? {
        Lenient::Text(text) => Some(text),
        Lenient::Other(_) => None,
    })
}

/// Numbers, or numbers written as strings; anything else is passed over.
fn numbers<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<u32>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Lenient {
        Many(Vec<Number>),
        Other(IgnoredAny),
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Number {
        Plain(u32),
        Text(String),
        Other(IgnoredAny),
    }
    let Lenient::Many(many) = Lenient::deserialize(input)? else {
        return Ok(Vec::new());
    };
    let number = |number| match number {
        Number::Plain(number) => Some(number),
        Number::Text(text) => text.parse().ok(),
        Number::Other(_) => None,
    };
    Ok(many
        .into_iter()
        .take(MOST_CODES)
        .filter_map(number)
        .collect())
}

/// The same, or the text of such a list, as some machines' services write it.
fn numbers_or_text<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<u32>, D::Error> {
    let value = serde_json::Value::deserialize(input)?;
    let list = match &value {
        serde_json::Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
        _ => value,
    };
    Ok(numbers(list).unwrap_or_default())
}

const CLIENT_MISMATCH: &str = "client_mismatch";
const LONGEST_CLAIMS: usize = 16 * 1024;
const MOST_CODES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entra_error_is_read_whole() {
        let body = br#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.",
            "error_codes":[7000215,"50001"],"timestamp":"2026-11-01 10:00:00Z","trace_id":"t","correlation_id":"c",
            "suberror":"basic_action","claims":"{\"access_token\":{}}"}"#;
        let error = ServerError::read(401, body);
        assert_eq!(error.code(), Some("invalid_client"));
        assert_eq!(error.aadsts_codes(), [7_000_215, 50_001]);
        assert_eq!(error.suberror(), Some("basic_action"));
        assert_eq!(error.claims(), Some(r#"{"access_token":{}}"#));
        assert!(!error.is_transient());
    }

    #[test]
    fn members_of_the_wrong_type_count_as_absent() {
        let error = ServerError::read(
            400,
            br#"{"error":"x","error_codes":"no","suberror":7,"claims":{}}"#,
        );
        assert_eq!(
            (error.aadsts_codes(), error.suberror(), error.claims()),
            (&[][..], None, None)
        );
    }

    #[test]
    fn what_is_no_oauth_error_leaves_the_status() {
        for body in [
            "",
            "<html>",
            "[]",
            "{}",
            r#"{"error":{"code":"x"}}"#,
            r#"{"error":""}"#,
        ] {
            let error = ServerError::read(502, body.as_bytes());
            assert_eq!((error.code(), error.status()), (None, 502), "{body}");
            assert_eq!(error.to_string(), "HTTP status 502");
        }
    }
}
