use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::client_info::LENIENT;
use crate::{Error, ErrorKind, RawIdToken, Timestamp};

/// What an id token says of the user who signed in, OpenID Connect Core section 2. Cheap to clone.
///
/// For the application itself, and not for proving anything to somebody else: an API is given access tokens.
/// `Debug` shows no values, since they are about a person.
#[derive(Clone)]
pub struct IdTokenClaims(Arc<Inner>);

struct Inner {
    known: Known,
    all: Map<String, Value>,
    #[cfg_attr(
        not(feature = "certificate"),
        expect(dead_code, reason = "only signatures ask for it")
    )]
    header: Header,
}

/// The claims that decide something; one that is there twice is an error.
#[derive(Deserialize)]
struct Known {
    iss: Option<String>,
    sub: Option<String>,
    aud: Option<Audience>,
    azp: Option<String>,
    exp: Option<Value>,
    nbf: Option<Value>,
    iat: Option<Value>,
    auth_time: Option<Value>,
    nonce: Option<String>,
    oid: Option<String>,
    tid: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Of the JOSE header, what finds the key, RFC 7515 section 4.1. It proves nothing by itself.
#[derive(Deserialize)]
#[cfg_attr(
    not(feature = "certificate"),
    expect(dead_code, reason = "only signatures ask for it")
)]
pub(crate) struct Header {
    alg: Option<String>,
    kid: Option<String>,
    crit: Option<Value>,
}

#[cfg(feature = "certificate")]
impl Header {
    /// What the signature was made by.
    pub(crate) fn algorithm(&self) -> Option<&str> {
        self.alg.as_deref()
    }

    /// The id of the key that made it.
    pub(crate) fn key_id(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Whether it names extensions that a reader must understand. This one understands none.
    pub(crate) fn is_critical(&self) -> bool {
        self.crit.is_some()
    }
}

impl IdTokenClaims {
    /// Reads the claims of a signed token in its compact form. The signature is not looked at.
    pub fn parse(token: &RawIdToken) -> Result<Self, Error> {
        let text = token.expose();
        if text.len() > LONGEST {
            return Err(malformed("it is longer than 64 KiB"));
        }
        let mut parts = text.split('.');
        let (Some(header), Some(payload), Some(_), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(malformed("it is no JWT of three parts"));
        };
        let payload = decoded(payload)?;
        let read =
            |_| malformed("its claims are no JSON object, of the wrong type, or there twice");
        Ok(Self(Arc::new(Inner {
            known: serde_json::from_slice(&payload).map_err(read)?,
            all: serde_json::from_slice(&payload).map_err(read)?,
            header: serde_json::from_slice(&decoded(header)?)
                .map_err(|_| malformed("its header is no JSON object"))?,
        })))
    }

    /// Any claim, by name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.all.get(name)
    }

    /// All claims.
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0.all
    }

    /// Who issued the token (`iss`).
    pub fn issuer(&self) -> Option<&str> {
        some(self.0.known.iss.as_ref())
    }

    /// The user, by an id that only this application sees (`sub`).
    pub fn subject(&self) -> Option<&str> {
        some(self.0.known.sub.as_ref())
    }

    /// The user, by the object id in the tenant that issued the token (`oid`).
    pub fn object_id(&self) -> Option<&str> {
        some(self.0.known.oid.as_ref())
    }

    /// The tenant that issued the token (`tid`).
    pub fn tenant_id(&self) -> Option<&str> {
        some(self.0.known.tid.as_ref())
    }

    /// What the user signs in with; for showing, since it may change.
    pub fn username(&self) -> Option<&str> {
        let named = ["preferred_username", "upn", "unique_name"];
        let named = named.into_iter().find_map(|name| self.text(name));
        // B2C has a list of addresses.
        let first = || self.get("emails")?.as_array()?.first()?.as_str();
        named.or_else(first).or_else(|| self.text("email"))
    }

    /// The user's name, for showing.
    pub fn name(&self) -> Option<&str> {
        self.text("name")
    }

    /// What a later sign-in or sign-out may be told to find the user (`login_hint`).
    pub fn login_hint(&self) -> Option<&str> {
        self.text("login_hint")
    }

    /// When the token stops being valid (`exp`).
    pub fn expires_on(&self) -> Option<Timestamp> {
        time(self.0.known.exp.as_ref())
    }

    /// When it was issued (`iat`).
    pub fn issued_at(&self) -> Option<Timestamp> {
        time(self.0.known.iat.as_ref())
    }

    /// Whether the token's times are more than five minutes off the clock of this machine: the one or the other is
    /// wrong.
    pub fn is_out_of_time(&self, now: Timestamp) -> bool {
        let known = &self.0.known;
        let is_over = time(known.exp.as_ref()).is_some_and(|time| time + SKEW < now);
        let begins = [&known.nbf, &known.iat].map(|time_of| time(time_of.as_ref()));
        let is_early = |begin: Option<Timestamp>| begin.is_some_and(|time| time > now + SKEW);
        is_over || begins.into_iter().any(is_early)
    }

    pub(crate) fn nonce(&self) -> Option<&str> {
        self.0.known.nonce.as_deref()
    }

    pub(crate) fn auth_time(&self) -> Option<Timestamp> {
        time(self.0.known.auth_time.as_ref())
    }

    /// Whether the token is meant for this client: among several audiences, it must be the one that asked.
    pub(crate) fn is_for(&self, client_id: &str) -> bool {
        match &self.0.known.aud {
            Some(Audience::One(audience)) => audience == client_id,
            Some(Audience::Many(audiences)) => {
                let is_alone = audiences.len() == 1;
                let is_asker = self.0.known.azp.as_deref() == Some(client_id);
                audiences.iter().any(|one| one == client_id) && (is_alone || is_asker)
            }
            None => false,
        }
    }

    /// How the token says that it was signed.
    #[cfg(feature = "certificate")]
    pub(crate) fn header(&self) -> &Header {
        &self.0.header
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let text = self.get(name)?.as_str()?;
        Some(text).filter(|text| !text.is_empty())
    }
}

impl fmt::Debug for IdTokenClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.all.keys()).finish()
    }
}

fn some(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

/// Seconds as a number or a decimal string; what is neither is no time at all.
fn time(value: Option<&Value>) -> Option<Timestamp> {
    let seconds = match value? {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    Some(Timestamp::from_secs(seconds))
}

fn decoded(part: &str) -> Result<zeroize::Zeroizing<Vec<u8>>, Error> {
    let bytes = LENIENT.decode(part);
    let bytes = bytes.map_err(|_| malformed("a part of it is no base64url"))?;
    Ok(zeroize::Zeroizing::new(bytes))
}

fn malformed(why: &'static str) -> Error {
    Error::new(ErrorKind::InvalidResponse("id token")).because(why)
}

const LONGEST: usize = 64 * 1024;
const SKEW: std::time::Duration = std::time::Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;

    fn read(claims: &str) -> Result<IdTokenClaims, Error> {
        let token = format!("{}.{}.sig", LENIENT.encode("{}"), LENIENT.encode(claims));
        IdTokenClaims::parse(&RawIdToken::new(token))
    }

    #[test]
    fn claims_are_read_by_name() {
        let claims =
            read(r#"{"iss":"i","aud":"c","oid":"o","upn":"a@b","exp":"10","x":[1]}"#).unwrap();
        assert_eq!(claims.issuer(), Some("i"));
        assert_eq!(claims.username(), Some("a@b"));
        assert_eq!(claims.expires_on(), Some(Timestamp::from_secs(10)));
        assert_eq!(claims.get("x").unwrap()[0], 1);
        assert_eq!(claims.tenant_id(), None);
        assert!(claims.is_for("c") && !claims.is_for("d"));
        assert!(!format!("{claims:?}").contains("a@b"));
    }

    #[test]
    fn of_several_audiences_the_one_that_asked_counts() {
        assert!(read(r#"{"aud":["c"]}"#).unwrap().is_for("c"));
        assert!(!read(r#"{"aud":["c","d"]}"#).unwrap().is_for("c"));
        assert!(read(r#"{"aud":["c","d"],"azp":"c"}"#).unwrap().is_for("c"));
        assert!(!read(r#"{"aud":["d"],"azp":"c"}"#).unwrap().is_for("c"));
        assert!(!read("{}").unwrap().is_for("c"));
    }

    #[test]
    fn malformed_tokens_are_refused() {
        for text in [
            "",
            "a",
            "a.b",
            "a.b.c.d",
            "!.!.!",
            "e30.e30",
            "e30.W10.x",
            "W10.e30.x",
        ] {
            assert!(IdTokenClaims::parse(&text.into()).is_err(), "{text}");
        }
        for claims in [
            r#"{"aud":"a","aud":"b"}"#,
            r#"{"iss":1}"#,
            r#"{"tid":{}}"#,
            "[",
        ] {
            assert!(read(claims).is_err(), "{claims}");
        }
        assert!(read(&"[".repeat(30_000)).is_err());
    }

    #[test]
    fn times_within_five_minutes_of_the_clock_are_right() {
        let now = Timestamp::from_secs(10_000);
        let off = |claims: &str| read(claims).unwrap().is_out_of_time(now);
        assert!(!off(r#"{"exp":9800,"nbf":10200,"iat":10300}"#));
        assert!(off(r#"{"exp":9699}"#) && off(r#"{"nbf":10301}"#) && off(r#"{"iat":10301}"#));
        assert!(!off("{}") && !off(r#"{"exp":-1,"nbf":1e99}"#));
    }
}
