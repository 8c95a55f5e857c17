use std::fmt;
use std::sync::Arc;

use url::Url;

use super::{Authority, AuthorityKind};
use crate::model::Tenant;
use crate::model::tenant::{CONSUMERS, is_guid};

/// Where an authority takes which request, and who it says it is.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Endpoints {
    /// Takes token requests, RFC 6749 section 3.2.
    pub token: Url,
    /// Where a browser goes to sign in, RFC 6749 section 3.1.
    pub authorization: Url,
    /// Takes device code requests, RFC 8628 section 3.1.
    pub device_authorization: Option<Url>,
    /// Where a browser goes to sign out.
    pub end_session: Option<Url>,
    /// The keys that tokens are signed with.
    pub jwks: Option<Url>,
    /// Who signs tokens.
    pub issuer: Issuer,
    /// The tenant's id, where the issuer told it.
    pub tenant_id: Option<Arc<str>>,
    /// Whether every authorization response has an `iss`, RFC 9207 section 3.
    pub names_issuer_in_responses: bool,
}

impl Endpoints {
    /// The endpoints that a sign-in was begun with.
    pub(crate) fn fixed(
        token: &Url,
        authorization: &Url,
        jwks: Option<&Url>,
        issuer: &str,
        names_issuer: bool,
    ) -> Self {
        Self {
            token: token.clone(),
            authorization: authorization.clone(),
            device_authorization: None,
            end_session: None,
            jwks: jwks.cloned(),
            issuer: Issuer::new(issuer),
            tenant_id: None,
            names_issuer_in_responses: names_issuer,
        }
    }

    /// The endpoints of Microsoft Entra ID on a host that is built in: known without a request.
    ///
    /// They are on the host that the cloud prefers. None for any other authority.
    pub fn built_in(authority: &Authority) -> Option<Self> {
        if authority.kind() != AuthorityKind::EntraId {
            return None;
        }
        let cloud = authority.built_in_cloud()?;
        let tenant_id = match authority.tenant()? {
            CONSUMERS => Some(Tenant::PERSONAL_ACCOUNTS),
            tenant => Some(tenant).filter(|tenant| is_guid(tenant)),
        };
        let at = |path: &[&str]| {
            let mut url = authority.endpoint(path);
            url.set_host(Some(cloud.preferred_network)).ok()?;
            Some(url)
        };
        let mut issuer = at(&["v2.0"])?;
        issuer.set_path("");
        let tenant = tenant_id.unwrap_or(TENANT_ID);
        Some(Self {
            token: at(&["oauth2", "v2.0", "token"])?,
            authorization: at(&["oauth2", "v2.0", "authorize"])?,
            device_authorization: at(&["oauth2", "v2.0", "devicecode"]),
            end_session: at(&["oauth2", "v2.0", "logout"]),
            jwks: at(&["discovery", "v2.0", "keys"]),
            issuer: Issuer::new(&[issuer.as_str(), tenant, "/v2.0"].concat()),
            tenant_id: tenant_id.map(Into::into),
            names_issuer_in_responses: false,
        })
    }
}

/// Who signs an authority's tokens: an identifier in the form of a URL, in which `{tenantid}` stands for the id of
/// any tenant.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Issuer(Arc<str>);

impl Issuer {
    pub(super) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// As the authority gave it, perhaps with `{tenantid}` in it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the `iss` of a token or of an authorization response is this issuer, or one of those that the template
    /// stands for. A final slash does not count.
    pub fn accepts(&self, iss: &str) -> bool {
        let ours = without_final_slash(&self.0);
        let iss = without_final_slash(iss);
        let Some((before, _)) = ours.split_once(TENANT_ID) else {
            return ours == iss;
        };
        let id = iss.strip_prefix(before).and_then(|rest| rest.get(..GUID));
        id.is_some_and(|id| is_guid(id) && ours.replace(TENANT_ID, id) == iss)
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Issuer({})", self.0)
    }
}

/// Issuers are compared without it.
pub(super) fn without_final_slash(issuer: &str) -> &str {
    issuer.strip_suffix('/').unwrap_or(issuer)
}

/// What Entra ID writes in the place of a tenant's id where it serves many.
pub(super) const TENANT_ID: &str = "{tenantid}";
const GUID: usize = 36;

#[cfg(test)]
mod tests {
    use super::*;

    fn built_in(url: &str) -> Option<Endpoints> {
        Endpoints::built_in(&Authority::parse(url).unwrap())
    }

    #[test]
    fn endpoints_of_built_in_hosts_are_on_the_preferred_host() {
        let endpoints = built_in("https://login.windows.net/contoso.com").unwrap();
        let base = "https://login.microsoftonline.com/contoso.com/";
        assert_eq!(
            endpoints.token.as_str(),
            [base, "oauth2/v2.0/token"].concat()
        );
        assert_eq!(
            endpoints.authorization.as_str(),
            [base, "oauth2/v2.0/authorize"].concat()
        );
        assert_eq!(
            endpoints.device_authorization.unwrap().as_str(),
            [base, "oauth2/v2.0/devicecode"].concat()
        );
        assert_eq!(
            endpoints.jwks.unwrap().as_str(),
            [base, "discovery/v2.0/keys"].concat()
        );
        assert_eq!(
            endpoints.issuer.as_str(),
            "https://login.microsoftonline.com/{tenantid}/v2.0"
        );
        assert_eq!(endpoints.tenant_id, None);

        let gov = built_in("https://login.usgovcloudapi.net/common").unwrap();
        assert_eq!(gov.token.host_str(), Some("login.microsoftonline.us"));
        let personal = built_in("https://login.microsoftonline.com/consumers").unwrap();
        assert_eq!(
            personal.issuer.as_str(),
            "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"
        );
    }

    #[test]
    fn nothing_else_is_built_in() {
        for url in [
            "https://login.contoso.example/contoso.com",
            "https://contoso.ciamlogin.com",
            "https://contoso.b2clogin.com/contoso.com/b2c_1",
            "https://login.microsoftonline.com/tfp/contoso.com/b2c_1",
            "https://adfs.contoso.com/adfs",
        ] {
            assert_eq!(built_in(url), None, "{url}");
        }
    }

    #[test]
    fn a_template_stands_for_one_tenant_at_a_time() {
        let one = "9188040d-6c67-4c5b-b112-36a304b66dad";
        let other = "0f8fad5b-d9cb-469f-a165-70867728950e";
        let issuer = Issuer::new("https://login.microsoftonline.com/{tenantid}/v2.0");
        let iss = |tenant: &str| ["https://login.microsoftonline.com/", tenant, "/v2.0"].concat();
        assert!(issuer.accepts(&iss(one)) && issuer.accepts(&[&iss(other), "/"].concat()));
        for wrong in ["contoso.com", "", "{tenantid}", "é"] {
            assert!(!issuer.accepts(&iss(wrong)), "{wrong}");
        }
        assert!(!issuer.accepts("https://login.microsoftonline.com/"));
        assert!(!issuer.accepts("https://evil.example/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"));

        let twice = Issuer::new("https://{tenantid}.ciamlogin.com/{tenantid}/v2.0");
        let iss =
            |host: &str, path: &str| ["https://", host, ".ciamlogin.com/", path, "/v2.0"].concat();
        assert!(twice.accepts(&iss(one, one)));
        assert!(!twice.accepts(&iss(one, other)));
    }
}
