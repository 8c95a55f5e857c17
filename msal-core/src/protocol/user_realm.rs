//! User realm discovery: whether a user's password is checked by the identity provider itself (managed), or by a
//! server of the user's organisation (federated).

use http::StatusCode;
use serde::Deserialize;
use url::Url;

use super::identify;
use crate::authority::document;
use crate::transport::NamesUser;
use crate::wstrust::secure_url;
use crate::{
    Authority, AuthorityKind, CorrelationId, Error, ErrorKind, Request, Response, ServerError,
    sanitized,
};

/// Who checks a user's password.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum UserRealm {
    /// A server of the organisation, over WS-Trust. At least one of the URLs is there; both are https.
    Federated {
        /// Where the server describes itself.
        metadata_url: Option<Url>,
        /// Where the server takes passwords, for when there is no metadata.
        active_auth_url: Option<Url>,
        /// For whom the server is to make out its assertion.
        audience_urn: String,
    },
    /// The identity provider.
    Managed {
        /// The user's domain, made fit to be shown.
        domain: Option<String>,
    },
    /// Nobody said: the host has no such service.
    NoService,
    /// Microsoft, for a personal account (`live.com`): a password is never taken from a program.
    Personal,
    /// Nobody that the identity provider knows: mostly a misspelled domain.
    Unknown,
}

/// Where an authority tells realms, on the host that its token endpoint is on.
///
/// None for authorities that have no federated users, or are the federation server themselves.
pub fn endpoint(authority: &Authority, token_endpoint: &Url) -> Option<Url> {
    let path = match authority.kind() {
        AuthorityKind::EntraId => "/common/userrealm",
        AuthorityKind::Dsts => "/dstsv2/common/userrealm",
        AuthorityKind::Adfs | AuthorityKind::B2c | AuthorityKind::Ciam | AuthorityKind::Oidc => {
            return None;
        }
    };
    let mut url = token_endpoint.clone();
    url.set_path(path);
    url.set_query(None);
    Some(url)
}

/// Asks an [`endpoint`] for the realm of a user: at most 256 KiB, within 10 seconds.
///
/// Fails with [`ErrorKind::InvalidArgument`] on what is no user name: nothing, dots alone, a control character.
pub fn request(
    realm_endpoint: &Url,
    username: &str,
    correlation_id: CorrelationId,
) -> Result<Request, Error> {
    let malformed = |why| Error::new(ErrorKind::InvalidArgument("user name")).because(why);
    // URL parsers take out such segments, even percent-encoded.
    if matches!(username, "" | "." | "..") {
        return Err(malformed("it is empty, or nothing but dots"));
    }
    if username.chars().any(char::is_control) {
        return Err(malformed("it contains a control character"));
    }
    let mut path = realm_endpoint.path().trim_end_matches('/').to_owned();
    path.push('/');
    push_segment(&mut path, username);
    let mut url = realm_endpoint.clone();
    url.set_path(&path);
    url.set_query(Some("api-version=1.0"));
    let mut request = document::request(&url)
        .map_err(|_| malformed("a request cannot be made of it: it may be too long"))?;
    identify(&mut request, correlation_id);
    request.extensions_mut().insert(NamesUser);
    Ok(request)
}

/// Reads the answer.
///
/// Fails with [`ErrorKind::Unsupported`] where the organisation's server speaks something other than WS-Trust.
pub fn parse(response: &Response) -> Result<UserRealm, Error> {
    let status = response.status();
    if status == StatusCode::NOT_FOUND {
        return Ok(UserRealm::NoService);
    }
    if !status.is_success() {
        let kind = match status {
            StatusCode::TOO_MANY_REQUESTS => ErrorKind::Throttled,
            _ => ErrorKind::Server,
        };
        let server = ServerError::read(status.as_u16(), response.body());
        return Err(Error::new(kind).with_server_error(server));
    }
    let wire: Wire = document::parse(response.body(), DOCUMENT)?;
    let domain = wire.domain_name.as_deref().map(sanitized);
    let domain = domain.filter(|domain| !domain.is_empty());
    if domain
        .as_deref()
        .is_some_and(|domain| domain.eq_ignore_ascii_case(PERSONAL))
    {
        return Ok(UserRealm::Personal);
    }
    match &*wire.account_type.to_ascii_lowercase() {
        "federated" => federated(wire),
        "managed" => Ok(UserRealm::Managed { domain }),
        _ => Ok(UserRealm::Unknown),
    }
}

fn federated(wire: Wire) -> Result<UserRealm, Error> {
    let protocol = wire.federation_protocol.unwrap_or_default();
    if !protocol.eq_ignore_ascii_case("WSTrust") {
        return Err(Error::new(ErrorKind::Unsupported("sign-in with user name and password")).because(
            "the user's organisation has a federation server that does not speak WS-Trust: sign in with a browser",
        ));
    }
    let url = |text: Option<String>, name: &str| match text.as_deref() {
        None | Some("") => Ok(None),
        Some(text) => secure_url(text)
            .map(Some)
            .map_err(|why| malformed(["its `", name, "`: ", why].concat())),
    };
    let metadata_url = url(wire.federation_metadata_url, "federation_metadata_url")?;
    let active_auth_url = url(
        wire.federation_active_auth_url,
        "federation_active_auth_url",
    )?;
    if metadata_url.is_none() && active_auth_url.is_none() {
        return Err(malformed("it does not say where the federation server is"));
    }
    let audience_urn = wire.cloud_audience_urn.filter(|urn| !urn.is_empty());
    Ok(UserRealm::Federated {
        metadata_url,
        active_auth_url,
        audience_urn: audience_urn.unwrap_or_else(|| PUBLIC_CLOUD.to_owned()),
    })
}

/// The wire form. A member that is there twice is an error; what is not named here is passed over.
#[derive(Deserialize)]
struct Wire {
    account_type: String,
    domain_name: Option<String>,
    cloud_audience_urn: Option<String>,
    federation_protocol: Option<String>,
    federation_metadata_url: Option<String>,
    federation_active_auth_url: Option<String>,
}

/// Percent-encodes all but what RFC 3986 section 2.3 calls unreserved.
fn push_segment(path: &mut String, segment: &str) {
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            path.push(char::from(byte));
            continue;
        }
        path.push('%');
        for digit in [byte >> 4, byte & 0xf] {
            let digit = char::from_digit(digit.into(), 16).unwrap_or_default();
            path.push(digit.to_ascii_uppercase());
        }
    }
}

fn malformed(why: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidResponse(DOCUMENT)).because(why)
}

const DOCUMENT: &str = "user realm";
const PERSONAL: &str = "live.com";
const PUBLIC_CLOUD: &str = "urn:federation:MicrosoftOnline";

#[cfg(test)]
mod tests;
