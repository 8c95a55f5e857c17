//! OpenID configuration (OpenID Connect Discovery 1.0, RFC 8414): where an authority takes which request.
//!
//! Nothing that a configuration says is used before all of it was checked: every endpoint must be on the authority's
//! own host, on an alias of it in the same cloud or, for Entra ID, in a region of one; the issuer must be the
//! authority's, for the tenant that was asked for. Only an authority given as plain OpenID Connect may name endpoints
//! on other hosts, since its issuer is bound exactly.

use serde::Deserialize;
use url::Url;

use super::endpoints::TENANT_ID;
use super::host::Host;
use super::parse::Scheme;
use super::region::Region;
use super::{
    Authority, AuthorityKind, Endpoints, InstanceMetadata, Issuer, Trust, document, issuer,
};
use crate::{Error, ErrorKind, Request, Response, ServerError};

/// Asks for `authority`'s OpenID configuration, at the host that `instance` prefers.
pub fn request(authority: &Authority, instance: &InstanceMetadata) -> Result<Request, Error> {
    let mut url = match authority.kind() {
        AuthorityKind::Adfs | AuthorityKind::Oidc => authority.endpoint(&WELL_KNOWN),
        AuthorityKind::B2c | AuthorityKind::Ciam | AuthorityKind::Dsts | AuthorityKind::EntraId => {
            let [well_known, configuration] = WELL_KNOWN;
            authority.endpoint(&["v2.0", well_known, configuration])
        }
    };
    let preferred = instance.preferred_network();
    if preferred != authority.host() && url.set_host(Some(preferred)).is_err() {
        return Err(Error::new(ErrorKind::InvalidArgument("authority")));
    }
    document::request(&url)
}

/// Reads the answer and checks it.
///
/// A 4xx fails with [`ErrorKind::Authority`]: there is no such tenant, or no such authority. Other refusals are
/// passed on as such, and may be over the next time.
pub fn parse(
    response: &Response,
    authority: &Authority,
    instance: &InstanceMetadata,
    trust: &Trust,
) -> Result<Endpoints, Error> {
    if response.status().is_success() {
        return parse_document(response.body(), authority, instance, trust);
    }
    let server = ServerError::read(response.status().as_u16(), response.body());
    if server.is_transient() {
        let kind = match server.status() {
            429 => ErrorKind::Throttled,
            _ => ErrorKind::Server,
        };
        return Err(Error::new(kind).with_server_error(server));
    }
    let unknown_tenant = server
        .aadsts_codes()
        .iter()
        .any(|code| NO_TENANT.contains(code))
        || server.code() == Some("invalid_tenant");
    let why = match authority.tenant() {
        Some(tenant) if unknown_tenant => [
            "the tenant ",
            tenant,
            " was not found at ",
            authority.host(),
            ": check its id or domain name, and which cloud it is in",
        ]
        .concat(),
        _ => [
            authority.host(),
            " has no OpenID configuration for this authority: check its URL",
        ]
        .concat(),
    };
    Err(Error::new(ErrorKind::Authority)
        .because(why)
        .with_server_error(server))
}

/// Reads an OpenID configuration, wherever it came from, and checks it.
pub fn parse_document(
    json: &[u8],
    authority: &Authority,
    instance: &InstanceMetadata,
    trust: &Trust,
) -> Result<Endpoints, Error> {
    let wire: Wire = document::parse(json, DOCUMENT)?;
    let check = Check {
        authority,
        instance,
    };
    let token = check.endpoint("token_endpoint", &wire.token_endpoint)?;
    let optional = |name, text: &Option<String>| match text.as_deref() {
        None | Some("") => Ok(None),
        Some(text) => check.endpoint(name, text).map(Some),
    };
    let device_authorization = optional(
        "device_authorization_endpoint",
        &wire.device_authorization_endpoint,
    )?;
    let authorization = check.endpoint("authorization_endpoint", &wire.authorization_endpoint)?;
    let end_session = optional("end_session_endpoint", &wire.end_session_endpoint)?;
    let jwks = optional("jwks_uri", &wire.jwks_uri)?;
    let tenant_id = issuer::check(&wire.issuer, authority, instance, trust)
        .map_err(|why| check.refused("issuer", why))?;
    Ok(Endpoints {
        device_authorization: device_authorization.or_else(|| check.device_authorization(&token)),
        token,
        authorization,
        end_session,
        jwks,
        issuer: Issuer::new(&wire.issuer),
        tenant_id: tenant_id.map(Into::into),
        names_issuer_in_responses: wire
            .authorization_response_iss_parameter_supported
            .unwrap_or_default(),
    })
}

/// The wire form. A member that is there twice is an error; what is not named here is passed over.
#[derive(Deserialize)]
struct Wire {
    issuer: String,
    token_endpoint: String,
    authorization_endpoint: String,
    device_authorization_endpoint: Option<String>,
    end_session_endpoint: Option<String>,
    jwks_uri: Option<String>,
    authorization_response_iss_parameter_supported: Option<bool>,
}

struct Check<'a> {
    authority: &'a Authority,
    instance: &'a InstanceMetadata,
}

impl Check<'_> {
    fn endpoint(&self, name: &'static str, text: &str) -> Result<Url, Error> {
        let text = self.with_tenant(text);
        let (url, host) = self.url(&text).map_err(|why| self.refused(name, why))?;
        if !self.may_serve(&host) {
            return Err(self.refused(name, "it is on another host"));
        }
        Ok(url)
    }

    /// Takes the text apart by our own rules, and makes sure that the URL parser understands the same host.
    fn url(&self, text: &str) -> Result<(Url, Host), &'static str> {
        let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'\\' | b'#');
        if text.len() > LONGEST || !text.bytes().all(plain) {
            return Err("it is no well-formed URL");
        }
        let scheme = Scheme::of(self.authority);
        let rest = match text.split_once("://") {
            Some((given, rest)) if given.eq_ignore_ascii_case(scheme.name()) => rest,
            _ => return Err("it is not https"),
        };
        let host = rest.split(['/', '?']).next().unwrap_or_default();
        if host.contains('@') {
            return Err("it contains a user name");
        }
        let host = Host::parse(host, scheme.port()).map_err(|_| "its host is malformed")?;
        let url = Url::parse(text).map_err(|_| "it is no well-formed URL")?;
        if Host::of(&url).as_ref() != Some(&host) || url.as_str().parse::<http::Uri>().is_err() {
            return Err("it is no well-formed URL");
        }
        Ok((url, host))
    }

    fn may_serve(&self, host: &Host) -> bool {
        let kind = self.authority.kind();
        if host == self.authority.place() || kind == AuthorityKind::Oidc {
            return true;
        }
        let regional = || kind == AuthorityKind::EntraId && self.is_regional(host);
        (host.port.is_none() && self.instance.contains(&host.name)) || regional()
    }

    /// One label before the authority's host or an alias of it.
    fn is_regional(&self, host: &Host) -> bool {
        let Some(global) = Region::strip(&host.name) else {
            return false;
        };
        let own = global == self.authority.host() && host.port == self.authority.port();
        own || (host.port.is_none() && self.instance.contains(global))
    }

    /// Some configurations leave the tenant for the reader to fill in.
    fn with_tenant(&self, text: &str) -> String {
        match self.authority.tenant() {
            Some(tenant) if text.contains('{') => {
                text.replace(TENANT_ID, tenant).replace("{tenant}", tenant)
            }
            _ => text.to_owned(),
        }
    }

    /// Not every configuration names it: then it is beside the token endpoint.
    fn device_authorization(&self, token: &Url) -> Option<Url> {
        if matches!(
            self.authority.kind(),
            AuthorityKind::B2c | AuthorityKind::Oidc
        ) {
            return None;
        }
        let mut url = token.clone();
        url.path_segments_mut().ok()?.pop_if_empty();
        if url.path_segments()?.next_back()? != "token" {
            return None;
        }
        url.path_segments_mut().ok()?.pop().push("devicecode");
        Some(url)
    }

    fn refused(&self, name: &'static str, why: &'static str) -> Error {
        let host = self.authority.host();
        Error::new(ErrorKind::Authority).because(
            [
                "the OpenID configuration of ",
                host,
                " is refused: `",
                name,
                "`, ",
                why,
            ]
            .concat(),
        )
    }
}

const DOCUMENT: &str = "OpenID configuration";
const WELL_KNOWN: [&str; 2] = [".well-known", "openid-configuration"];
/// AADSTS numbers for a tenant that does not exist, or cannot.
const NO_TENANT: [u32; 3] = [90002, 900_021, 900_023];
const LONGEST: usize = 2048;

#[cfg(test)]
mod tests;
