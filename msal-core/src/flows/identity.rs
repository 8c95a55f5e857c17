//! Who signed in, as a token response tells, and whether that can be: nothing of an answer is kept before.

use std::time::Duration;

use crate::authority::Endpoints;
use crate::model::{ClientInfo, tenant};
use crate::protocol::token::TokenResponse;
use crate::{Authority, AuthorityKind, Error, ErrorKind, IdTokenClaims, Tenant, Timestamp};

/// What an answer must agree with.
#[derive(Clone, Copy)]
pub(crate) struct Expected<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) authority: &'a Authority,
    pub(crate) endpoints: &'a Endpoints,
    /// What the id token must repeat, where the sign-in sent a nonce.
    pub(crate) nonce: Option<&'a str>,
    /// How long ago the user may have signed in.
    pub(crate) max_age: Option<Duration>,
    /// The user whose tokens were to be renewed.
    pub(crate) home_account_id: Option<&'a str>,
}

/// Who signed in. Either part may be missing; without both nobody is known.
#[derive(Default)]
pub(crate) struct Identity {
    pub(crate) claims: Option<IdTokenClaims>,
    pub(crate) client_info: Option<ClientInfo>,
}

impl Identity {
    /// Reads and checks who an answer is about, OpenID Connect Core section 3.1.3.7 but for the signature, which a
    /// direct TLS connection stands for.
    pub(crate) fn of(
        response: &TokenResponse,
        expected: &Expected<'_>,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let client_info = response.client_info.as_deref();
        let client_info = client_info.map(ClientInfo::parse).transpose()?.flatten();
        let claims = response
            .id_token
            .as_ref()
            .map(IdTokenClaims::parse)
            .transpose()?;
        if let Some(claims) = &claims {
            check(claims, expected, now)?;
            if claims.is_out_of_time(now) {
                tracing::warn!(target: "msal", "the times of the id token are more than five minutes off this clock");
            }
        }
        if claims.is_none() && expected.max_age.is_some() {
            return Err(wrong(
                "there is none, and it was to tell when the user signed in",
            ));
        }
        if let (Some(claims), Some(client_info)) = (&claims, &client_info) {
            agree(claims, client_info, expected.authority)?;
        }
        let identity = Self {
            claims,
            client_info,
        };
        match expected.home_account_id {
            Some(expected) if !identity.may_be(expected) => {
                Err(wrong("it is about another user than the one asked for"))
            }
            _ => Ok(identity),
        }
    }

    /// Whether this is the user of this home account id, or nobody.
    fn may_be(&self, home_account_id: &str) -> bool {
        if let Some(client_info) = &self.client_info {
            return client_info.home_account_id() == home_account_id;
        }
        let Some(claims) = &self.claims else {
            return true;
        };
        // Where an answer leaves the client info out, the id token tells of a user at home alone.
        let at_home = claims.object_id().zip(claims.tenant_id());
        let at_home = at_home.map(|(oid, tid)| [oid, ".", tid].concat());
        claims.subject() == Some(home_account_id)
            || at_home.is_some_and(|id| id.eq_ignore_ascii_case(home_account_id))
    }

    /// What identifies the user in every tenant.
    pub(crate) fn home_account_id(&self) -> Option<String> {
        match &self.client_info {
            Some(client_info) => Some(client_info.home_account_id()),
            None => Some(self.claims.as_ref()?.subject()?.to_owned()),
        }
    }

    /// The user's id in the tenant that answered.
    pub(crate) fn local_account_id(&self) -> Option<&str> {
        let claims = self.claims.as_ref();
        let of_claims = claims.and_then(|claims| claims.object_id().or_else(|| claims.subject()));
        of_claims.or_else(|| Some(self.client_info.as_ref()?.uid.as_str()))
    }

    /// The tenant that answered, where it tells an id.
    pub(crate) fn tenant_id(&self) -> Option<&str> {
        let claims = self.claims.as_ref();
        let of_claims = claims.and_then(IdTokenClaims::tenant_id);
        let utid = || Some(self.client_info.as_ref()?.utid.as_str());
        of_claims.or_else(utid).filter(|id| tenant::is_guid(id))
    }
}

fn check(claims: &IdTokenClaims, expected: &Expected<'_>, now: Timestamp) -> Result<(), Error> {
    if !claims.is_for(expected.client_id) {
        return Err(wrong("its `aud` is not this application"));
    }
    if claims.subject().is_none() {
        return Err(wrong("it has no `sub`"));
    }
    if claims.get("oid").is_some() && claims.object_id().is_none() {
        return Err(wrong("its `oid` is empty"));
    }
    let Some(issuer) = claims.issuer() else {
        return Err(wrong("it has no `iss`"));
    };
    if !expected.endpoints.issuer.accepts(issuer) {
        return Err(wrong("its `iss` is not the issuer of this authority"));
    }
    check_tenant(claims, issuer, expected.authority)?;
    if let Some(nonce) = expected.nonce
        && claims.nonce() != Some(nonce)
    {
        return Err(wrong("its `nonce` is not the one that the sign-in sent"));
    }
    let Some(max_age) = expected.max_age else {
        return Ok(());
    };
    match claims.auth_time() {
        Some(time) if time + max_age + MAX_AGE_SKEW >= now => Ok(()),
        Some(_) => Err(wrong("the user signed in longer ago than was asked for")),
        None => Err(wrong("it has no `auth_time`, which was asked for")),
    }
}

fn check_tenant(claims: &IdTokenClaims, issuer: &str, authority: &Authority) -> Result<(), Error> {
    if !has_tenants(authority) {
        return Ok(());
    }
    let Some(tid) = claims.tenant_id() else {
        return match claims.get("tid") {
            None if authority.kind() == AuthorityKind::B2c => Ok(()),
            _ => Err(wrong("it has no `tid`")),
        };
    };
    if !tenant::is_guid(tid) {
        return Err(wrong("its `tid` is no tenant id"));
    }
    let asked_for = match authority.tenant() {
        Some(tenant::CONSUMERS) => Some(Tenant::PERSONAL_ACCOUNTS),
        Some(id) if tenant::is_guid(id) => Some(id),
        _ => None,
    };
    if asked_for.is_some_and(|id| !id.eq_ignore_ascii_case(tid)) {
        return Err(wrong("its `tid` is not the tenant asked for"));
    }
    if authority.tenant() == Some(tenant::ORGANIZATIONS)
        && tid.eq_ignore_ascii_case(Tenant::PERSONAL_ACCOUNTS)
    {
        return Err(wrong(
            "it is about a personal account, and work or school was asked for",
        ));
    }
    // Of B2C and External ID the issuer may carry the tenant's name.
    let names_tenant = authority.kind() != AuthorityKind::EntraId
        || issuer
            .to_ascii_lowercase()
            .contains(&tid.to_ascii_lowercase());
    match names_tenant {
        true => Ok(()),
        false => Err(wrong("its `iss` and its `tid` name different tenants")),
    }
}

/// The same user must stand behind both. A guest's object id is another one than at home.
fn agree(
    claims: &IdTokenClaims,
    client_info: &ClientInfo,
    authority: &Authority,
) -> Result<(), Error> {
    let (Some(tid), Some(oid)) = (claims.tenant_id(), claims.object_id()) else {
        return Ok(());
    };
    if !has_tenants(authority) || !tid.eq_ignore_ascii_case(&client_info.utid) {
        return Ok(());
    }
    let uid = client_info.uid.to_ascii_lowercase();
    let rest = uid.strip_prefix(&oid.to_ascii_lowercase());
    let is_same = match authority.kind() {
        AuthorityKind::B2c => rest.is_some_and(|rest| rest.starts_with('-')),
        _ => rest == Some(""),
    };
    match is_same {
        true => Ok(()),
        false => Err(wrong(
            "it is about another user than the `client_info` beside it",
        )),
    }
}

fn has_tenants(authority: &Authority) -> bool {
    matches!(
        authority.kind(),
        AuthorityKind::B2c | AuthorityKind::Ciam | AuthorityKind::EntraId
    )
}

fn wrong(why: &'static str) -> Error {
    Error::new(ErrorKind::InvalidResponse("id token")).because(why)
}

/// Two minutes, as in MSAL Python.
const MAX_AGE_SKEW: Duration = Duration::from_secs(120);
