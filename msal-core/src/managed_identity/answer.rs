use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::expiry::expiry;
use super::{ManagedIdentityId, Service};
use crate::protocol::token::is_header_safe;
use crate::retry::asked_pause;
use crate::{AccessToken, Error, ErrorKind, Response, ServerError, Timestamp};

/// A token as a machine's service gives it.
pub struct MachineToken {
    /// The token.
    pub secret: AccessToken,
    /// How long it works.
    pub expires_in: Duration,
    /// After how long it is renewed although it still works: half of its life, where that is long.
    pub refresh_in: Option<Duration>,
}

/// Reads the answer of a service that was asked for a token of `id`.
///
/// Fails with what the service says where it refuses, and where the token is another identity's, ended already, or
/// cannot be read.
pub fn parse(
    response: &Response,
    service: &Service,
    id: &ManagedIdentityId,
    now: Timestamp,
) -> Result<MachineToken, Error> {
    let source = service.source();
    let status = response.status();
    if status.as_u16() != 200 {
        return Err(refusal(response, service, now));
    }
    let unreadable = |why: &str| {
        let why = format!("{source} answered with status 200, but {why}");
        Error::new(ErrorKind::InvalidResponse(
            "answer of the managed identity service",
        ))
        .because(why)
    };
    let wire: Wire<'_> = serde_json::from_slice(response.body())
        .map_err(|_| unreadable("it is no JSON object of a token"))?;
    let secret = wire.access_token.filter(|token| is_header_safe(token));
    let secret = secret.ok_or_else(|| unreadable("it holds no usable access token"))?;
    if let Some(kind) = wire.token_type.as_deref()
        && !kind.eq_ignore_ascii_case("bearer")
    {
        return Err(unreadable("the token is no bearer token"));
    }
    let ends = expiry(wire.expires_on, wire.expires_in, now)
        .ok_or_else(|| unreadable("it does not say when the token ends"))?;
    let expires_in = ends.since(now);
    if expires_in.is_zero() {
        return Err(unreadable(
            "the token has ended already: is this machine's clock right?",
        ));
    }
    let confirmed = match id {
        ManagedIdentityId::SystemAssigned => true,
        _ if !service.must_confirm() => true,
        ManagedIdentityId::ClientId(id) => is(&wire.client_id, id),
        ManagedIdentityId::ObjectId(id) => is(&wire.object_id, id),
        ManagedIdentityId::ResourceId(id) => is(&wire.msi_res_id, id) || is(&wire.mi_res_id, id),
    };
    if !confirmed {
        return Err(unreadable(
            "it does not confirm that the token is the asked identity's: update the agent, or use the machine's own identity",
        ));
    }
    Ok(MachineToken {
        secret: AccessToken::new(secret.to_string()),
        expires_in,
        refresh_in: (expires_in > LONG).then(|| expires_in / 2),
    })
}

/// What a service says that refuses.
pub(crate) fn refusal(response: &Response, service: &Service, now: Timestamp) -> Error {
    let server = ServerError::of_machine(response.status().as_u16(), response.body());
    let kind = match response.status().as_u16() {
        429 => ErrorKind::Throttled,
        _ => ErrorKind::Server,
    };
    let error = Error::new(kind)
        .because(format!("asking {} for a token", service.source()))
        .with_server_error(server);
    match asked_pause(response, now) {
        Some(pause) => error.with_retry_after(pause),
        None => error,
    }
}

fn is(told: &Option<String>, asked: &str) -> bool {
    told.as_deref()
        .is_some_and(|told| told.eq_ignore_ascii_case(asked))
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(default, deserialize_with = "secret")]
    access_token: Option<Zeroizing<String>>,
    #[serde(borrow)]
    expires_on: Option<&'a RawValue>,
    #[serde(borrow)]
    expires_in: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "text")]
    token_type: Option<String>,
    #[serde(default, deserialize_with = "text")]
    client_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    object_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    msi_res_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    mi_res_id: Option<String>,
}

fn secret<'de, D: serde::Deserializer<'de>>(
    input: D,
) -> Result<Option<Zeroizing<String>>, D::Error> {
    Ok(Option::<String>::deserialize(input)?.map(Zeroizing::new))
}

/// A member of another type counts as absent.
fn text<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Text(String),
        Other(IgnoredAny),
    }
    Ok(match Option::deserialize(input)? {
        Some(Either::Text(text)) => Some(text),
        Some(Either::Other(_)) | None => None,
    })
}

impl fmt::Debug for MachineToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MachineToken")
            .field("expires_in", &self.expires_in)
            .field("refresh_in", &self.refresh_in)
            .finish_non_exhaustive()
    }
}

/// A life beyond this is renewed at its half.
const LONG: Duration = Duration::from_secs(7_200);
