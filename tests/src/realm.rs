//! Whose endpoint a request is for: the kind of identity provider, and the tenant or issuer in its path.

use std::sync::Arc;

use crate::Request;
use crate::cloud::Cloud;
use crate::context::Context;
use crate::registry::{OidcIssuer, Tenant, User};

/// The identity provider that a request's host and path name.
#[derive(Clone, Debug)]
pub(crate) struct Realm {
    pub(crate) kind: Kind,
    /// Host and port as the client wrote them.
    pub(crate) authority: String,
    /// The tenant as it stands in the path; empty where the kind has none.
    pub(crate) tenant_name: String,
    /// The tenant of that name, if it is registered.
    pub(crate) tenant: Option<Arc<Tenant>>,
    pub(crate) policy: Option<String>,
    pub(crate) issuer: Option<Arc<OidcIssuer>>,
    pub(crate) cloud: Option<&'static Cloud>,
}

/// The kinds of identity provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Adfs,
    /// B2C at its own host: `{tenant}.b2clogin.com/{tenant}/{policy}`.
    B2c,
    /// B2C under `/tfp/{tenant}/{policy}`.
    B2cTfp,
    Ciam,
    Dsts,
    Entra,
    Oidc,
}

/// A name in place of a tenant's, for more than one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shared {
    Common,
    Consumers,
    Organizations,
}

impl Realm {
    /// Reads host and path, and gives the segments that follow those of the realm.
    pub(crate) fn of<'request>(
        context: &Context,
        request: &'request Request,
    ) -> (Self, Vec<&'request str>) {
        let registry = context.registry();
        let mut realm = Self {
            kind: Kind::Entra,
            authority: request.authority(),
            tenant_name: String::new(),
            tenant: None,
            policy: None,
            issuer: None,
            cloud: Cloud::of_host(&request.host),
        };
        for issuer in &registry.issuers {
            if let Some(rest) = issuer.rest(&request.host, &request.path) {
                realm.kind = Kind::Oidc;
                realm.issuer = Some(Arc::clone(issuer));
                return (realm, segments(rest));
            }
        }
        let path = segments(&request.path);
        let (kind, tenant, policy, rest) = split(&request.host, &path);
        realm.kind = kind;
        realm.tenant_name = decode(tenant);
        realm.tenant = registry.tenant(&realm.tenant_name);
        realm.policy = policy.map(str::to_ascii_lowercase);
        if realm.kind == Kind::B2c && realm.policy.is_none() {
            realm.policy = request
                .query_parameter("p")
                .map(|policy| policy.to_ascii_lowercase());
        }
        (realm, rest.to_vec())
    }

    /// The name for many tenants that stands in a tenant's place, if one does.
    pub(crate) fn shared(&self) -> Option<Shared> {
        if self.kind != Kind::Entra {
            return None;
        }
        match self.tenant_name.to_ascii_lowercase().as_str() {
            "common" => Some(Shared::Common),
            "consumers" => Some(Shared::Consumers),
            "organizations" => Some(Shared::Organizations),
            _ => None,
        }
    }

    /// Whether this is where personal accounts live.
    pub(crate) fn is_personal(&self) -> bool {
        self.shared() == Some(Shared::Consumers)
            || self.tenant_name.eq_ignore_ascii_case(PERSONAL_TENANT)
    }

    /// The realm that a user signs in to who was sent here: under a name for many tenants, the user's own.
    pub(crate) fn for_user(&self, context: &Context, user: &User) -> Self {
        let mut realm = self.clone();
        if self.shared().is_some() {
            user.home_tenant().clone_into(&mut realm.tenant_name);
            realm.tenant = context.registry().tenant(user.home_tenant());
        }
        realm
    }

    /// The base of the endpoints' URLs, as the real service writes them: with the tenant's id, whatever it was called by.
    pub(crate) fn base(&self) -> String {
        let authority = &self.authority;
        let policy = self.policy.as_deref().unwrap_or_default();
        match self.kind {
            Kind::Adfs => format!("https://{authority}/adfs"),
            Kind::B2c => format!("https://{authority}/{}/{policy}", self.tenant_name),
            Kind::B2cTfp => format!("https://{authority}/tfp/{}/{policy}", self.tenant_name),
            Kind::Ciam | Kind::Entra => format!("https://{authority}/{}", self.tenant_in_urls()),
            Kind::Dsts => format!("https://{authority}/dstsv2/{}", self.tenant_in_urls()),
            Kind::Oidc => self
                .issuer
                .as_ref()
                .map_or_else(String::new, |issuer| issuer.issuer().to_owned()),
        }
    }

    /// The issuer that tokens and the OpenID configuration name.
    pub(crate) fn issuer(&self) -> String {
        let authority = &self.authority;
        let tenant = self.tenant_in_urls();
        match self.kind {
            Kind::Adfs | Kind::Oidc => self.base(),
            Kind::B2c => format!("https://{authority}/{tenant}/v2.0/"),
            Kind::B2cTfp => {
                format!(
                    "https://{authority}/tfp/{tenant}/{}/v2.0/",
                    self.policy.as_deref().unwrap_or_default()
                )
            }
            Kind::Ciam => format!("https://{tenant}.ciamlogin.com/{tenant}/v2.0"),
            Kind::Dsts => format!("https://{authority}/dstsv2/{tenant}/v2.0"),
            Kind::Entra => {
                let host = self
                    .cloud
                    .map_or(authority.as_str(), |cloud| cloud.preferred_network);
                let tenant = match self.shared() {
                    Some(Shared::Common | Shared::Organizations) => "{tenantid}",
                    Some(Shared::Consumers) => PERSONAL_TENANT,
                    None => tenant,
                };
                format!("https://{host}/{tenant}/v2.0")
            }
        }
    }

    /// The issuer of tokens of version 1.
    pub(crate) fn issuer_version_1(&self) -> String {
        let host = match self.cloud.map(|cloud| cloud.preferred_network) {
            Some("login.partner.microsoftonline.cn") => "sts.chinacloudapi.cn",
            _ => "sts.windows.net",
        };
        format!("https://{host}/{}/", self.tenant_in_urls())
    }

    /// The token endpoint as the OpenID configuration gives it.
    pub(crate) fn token_endpoint(&self) -> String {
        match self.kind {
            // AD FS writes a slash at the end, and takes it with and without.
            Kind::Adfs => format!("{}/oauth2/token/", self.base()),
            Kind::Oidc => format!("{}/connect/token", self.base()),
            _ => format!("{}/oauth2/v2.0/token", self.base()),
        }
    }

    pub(crate) fn tenant_in_urls(&self) -> &str {
        self.tenant
            .as_ref()
            .map_or(self.tenant_name.as_str(), |tenant| tenant.id())
    }
}

/// Where the realm ends in a path: kind, tenant, policy, and what follows.
fn split<'path, 'list>(
    host: &str,
    path: &'list [&'path str],
) -> (Kind, &'path str, Option<&'path str>, &'list [&'path str]) {
    let is_b2c_host = B2C_SUFFIXES.iter().any(|suffix| host.ends_with(suffix));
    match path {
        [tenant, rest @ ..] if host.ends_with(".ciamlogin.com") => (Kind::Ciam, tenant, None, rest),
        [first, rest @ ..] if first.eq_ignore_ascii_case("adfs") => (Kind::Adfs, "", None, rest),
        [first, tenant, rest @ ..] if first.eq_ignore_ascii_case("dstsv2") => {
            (Kind::Dsts, tenant, None, rest)
        }
        [first, tenant, policy, rest @ ..] if first.eq_ignore_ascii_case("tfp") => {
            (Kind::B2cTfp, tenant, Some(policy), rest)
        }
        // The older form of B2C's URLs has the policy in the query.
        [tenant, rest @ ..] if is_b2c_host && has_no_policy(rest) => {
            (Kind::B2c, tenant, None, rest)
        }
        [tenant, policy, rest @ ..] if is_b2c_host => (Kind::B2c, tenant, Some(policy), rest),
        [tenant, rest @ ..] => (Kind::Entra, tenant, None, rest),
        [] => (Kind::Entra, "", None, &[]),
    }
}

fn has_no_policy(rest: &[&str]) -> bool {
    matches!(rest, ["oauth2" | "v2.0" | "discovery", ..])
}

fn segments(path: &str) -> Vec<&str> {
    path.split('/')
        .filter(|segment| !segment.is_empty())
        .collect()
}

/// Undoes percent-encoding in a segment.
fn decode(segment: &str) -> String {
    percent_encoding::percent_decode_str(segment)
        .decode_utf8_lossy()
        .into_owned()
}

/// The tenant that personal Microsoft accounts live in.
pub(crate) const PERSONAL_TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

const B2C_SUFFIXES: [&str; 4] = [
    ".b2clogin.com",
    ".b2clogin.cn",
    ".b2clogin.us",
    ".b2clogin.de",
];
