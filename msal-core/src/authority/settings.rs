use std::sync::Arc;

use super::host::Host;
use super::parse::is_well_known;
use super::region::{RegionEnvironment, RegionPlan, RegionSetting};
use super::{Authority, AuthorityKind, Endpoints, InstanceMetadata, openid};
use crate::{Error, ErrorKind};

/// What a program says of its authority beside the URL.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AuthoritySettings {
    /// Hosts to trust without asking, each as `host` or `host:port`.
    pub known_authorities: Vec<String>,
    /// Whether an unknown host is asked about at Microsoft. Without, it is trusted as it is.
    pub instance_discovery: bool,
    /// An instance discovery document, so that nobody need be asked about the hosts in it. It teaches nothing about
    /// hosts that are built in.
    pub instance_metadata: Option<String>,
    /// The authority's OpenID configuration, so that it need not be fetched. It is checked as if it had been.
    pub openid_metadata: Option<String>,
    /// The region whose token service client credentials use; none leaves it to `MSAL_FORCE_REGION`.
    pub region: Option<RegionSetting>,
    /// The environment variables that regions depend on.
    pub region_environment: RegionEnvironment,
}

impl Default for AuthoritySettings {
    /// Instance discovery, and nothing said.
    fn default() -> Self {
        Self {
            known_authorities: Vec::new(),
            instance_discovery: true,
            instance_metadata: None,
            openid_metadata: None,
            region: None,
            region_environment: RegionEnvironment::default(),
        }
    }
}

impl AuthoritySettings {
    /// Reads the settings, and checks that `authority` may be used under them.
    pub fn check(&self, authority: &Authority) -> Result<Trust, Error> {
        let known = self.known_authorities.iter();
        let known: Result<Vec<Host>, Error> = known.map(|text| known_authority(text)).collect();
        let instances = match &self.instance_metadata {
            Some(json) => InstanceMetadata::parse_document(json)
                .map_err(|error| supplied("instance metadata", error))?,
            None => Vec::new(),
        };
        let mut trust = Trust {
            known: known?,
            instance_discovery: self.instance_discovery,
            instances,
            endpoints: None,
            region: RegionPlan::new(self.region.as_ref(), &self.region_environment)?,
        };
        let _standing = trust.standing(authority)?;
        if let Some(json) = &self.openid_metadata {
            let instance = trust.instance(authority);
            let endpoints = openid::parse_document(json.as_bytes(), authority, &instance, &trust)
                .map_err(|error| supplied("OpenID metadata", error))?;
            trust.endpoints = Some((authority.clone(), Arc::new(endpoints)));
        }
        Ok(trust)
    }
}

/// Which hosts a program trusts: its [`AuthoritySettings`], read and checked.
#[derive(Clone, Debug)]
pub struct Trust {
    known: Vec<Host>,
    instance_discovery: bool,
    instances: Vec<InstanceMetadata>,
    endpoints: Option<(Authority, Arc<Endpoints>)>,
    region: RegionPlan,
}

impl Trust {
    /// Why `authority`'s host may be used. Fails where only a known authority may do what this one does.
    pub(crate) fn standing(&self, authority: &Authority) -> Result<Standing, Error> {
        if is_well_known(authority.place()) {
            return Ok(Standing::BuiltIn);
        }
        let own_kind = match authority.kind() {
            AuthorityKind::Adfs | AuthorityKind::Dsts | AuthorityKind::Oidc => true,
            AuthorityKind::B2c | AuthorityKind::Ciam | AuthorityKind::EntraId => false,
        };
        if own_kind
            || authority.is_plain_http()
            || !self.instance_discovery
            || self.is_known(authority.place())
            || self.supplied(authority).is_some()
        {
            return Ok(Standing::Explicit);
        }
        let refused = |why: &'static str| {
            Err(Error::new(ErrorKind::InvalidArgument("authority")).because(why))
        };
        if authority.port().is_some() {
            return refused(
                "a port other than 443 is for hosts that the program vouches for: name host and port as a known \
                 authority, or turn instance discovery off",
            );
        }
        if authority.kind() == AuthorityKind::B2c {
            return refused(
                "nobody can be asked about a B2C host of one's own: name it as a known authority, or turn instance \
                 discovery off",
            );
        }
        Ok(Standing::Unknown)
    }

    /// What is known of `authority`'s host without asking.
    pub(crate) fn instance(&self, authority: &Authority) -> InstanceMetadata {
        match self.supplied(authority) {
            Some(instance) if !is_well_known(authority.place()) => instance.clone(),
            _ => InstanceMetadata::built_in(authority),
        }
    }

    /// The endpoints that the program supplied for `authority`.
    pub(crate) fn endpoints(&self, authority: &Authority) -> Option<&Arc<Endpoints>> {
        let (about, endpoints) = self.endpoints.as_ref()?;
        (about == authority).then_some(endpoints)
    }

    /// Which region's token service to use.
    pub(crate) fn region(&self) -> &RegionPlan {
        &self.region
    }

    pub(super) fn is_known(&self, host: &Host) -> bool {
        self.known.contains(host)
    }

    fn supplied(&self, authority: &Authority) -> Option<&InstanceMetadata> {
        let mut instances = self.instances.iter();
        let supplied = instances.find(|instance| instance.contains(authority.host()));
        supplied.filter(|_| authority.port().is_none())
    }
}

/// Why a host may be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Standing {
    /// It is Microsoft's by its name.
    BuiltIn,
    /// The program said so, by name or by the kind of the authority.
    Explicit,
    /// It may not, before instance discovery has been asked about it.
    Unknown,
}

fn known_authority(text: &str) -> Result<Host, Error> {
    let host = match text.get(..HTTPS.len()) {
        Some(start) if start.eq_ignore_ascii_case(HTTPS) => {
            let rest = text.get(HTTPS.len()..).unwrap_or_default();
            rest.strip_suffix('/').unwrap_or(rest)
        }
        _ => text,
    };
    Host::parse(host, 443)
        .map_err(|why| Error::new(ErrorKind::InvalidArgument("known authority")).because(why))
}

/// A document that the program supplied is its argument, not an answer.
fn supplied(name: &'static str, error: Error) -> Error {
    Error::new(ErrorKind::InvalidArgument(name)).because(error.to_string())
}

const HTTPS: &str = "https://";

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(url: &str, settings: &AuthoritySettings) -> Option<Standing> {
        let authority = Authority::parse(url).unwrap();
        let trust = settings.check(&authority).ok()?;
        trust.standing(&authority).ok()
    }

    fn known(host: &str) -> AuthoritySettings {
        AuthoritySettings {
            known_authorities: vec![host.to_owned()],
            ..AuthoritySettings::default()
        }
    }

    #[test]
    fn an_unknown_host_must_be_asked_about_or_vouched_for() {
        let asked = AuthoritySettings::default();
        let off = AuthoritySettings {
            instance_discovery: false,
            ..AuthoritySettings::default()
        };
        let own = known("LOGIN.contoso.example:8443");
        use Standing::{BuiltIn, Explicit, Unknown};
        for (url, by_default, when_off, when_known) in [
            (
                "https://login.microsoftonline.com/common",
                Some(BuiltIn),
                Some(BuiltIn),
                Some(BuiltIn),
            ),
            (
                "https://contoso.ciamlogin.com",
                Some(BuiltIn),
                Some(BuiltIn),
                Some(BuiltIn),
            ),
            (
                "https://contoso.b2clogin.com/a/b2c_1",
                Some(BuiltIn),
                Some(BuiltIn),
                Some(BuiltIn),
            ),
            (
                "https://adfs.contoso.com:8443/adfs",
                Some(Explicit),
                Some(Explicit),
                Some(Explicit),
            ),
            (
                "https://x.example:8443/dstsv2/a",
                Some(Explicit),
                Some(Explicit),
                Some(Explicit),
            ),
            (
                "https://login.contoso.example/a",
                Some(Unknown),
                Some(Explicit),
                Some(Unknown),
            ),
            (
                "https://login.contoso.example:8443/a",
                None,
                Some(Explicit),
                Some(Explicit),
            ),
            (
                "https://login.contoso.example:8444/a",
                None,
                Some(Explicit),
                None,
            ),
            (
                "https://login.contoso.example:8443/a/b2c_1",
                None,
                Some(Explicit),
                Some(Explicit),
            ),
            (
                "https://login.contoso.example/tfp/a/b2c_1",
                None,
                Some(Explicit),
                None,
            ),
        ] {
            assert_eq!(standing(url, &asked), by_default, "{url}");
            assert_eq!(standing(url, &off), when_off, "{url}");
            assert_eq!(standing(url, &own), when_known, "{url}");
        }
    }

    #[test]
    fn a_malformed_known_authority_is_an_error() {
        let authority = Authority::parse("https://login.microsoftonline.com/common").unwrap();
        for text in [
            "",
            "a b",
            "*.example",
            "https://",
            "a/b",
            "https://a/b",
            "u@a",
            "a:0",
            "http://a",
            "ä",
        ] {
            let error = known(text).check(&authority).unwrap_err();
            assert_eq!(
                error.kind(),
                &ErrorKind::InvalidArgument("known authority"),
                "{text}"
            );
        }
        for text in [
            "login.contoso.example",
            "https://login.contoso.example/",
            "HTTPS://a:8443",
        ] {
            assert!(known(text).check(&authority).is_ok(), "{text}");
        }
    }

    #[test]
    fn supplied_instance_metadata_vouches_for_its_hosts() {
        let json = r#"{"metadata":[{"preferred_network":"login.contoso.example","preferred_cache":"sts.contoso.example",
            "aliases":["Login.contoso.example","sts.contoso.example"]}]}"#;
        let settings = AuthoritySettings {
            instance_metadata: Some(json.to_owned()),
            ..AuthoritySettings::default()
        };
        assert_eq!(
            standing("https://sts.contoso.example/a", &settings),
            Some(Standing::Explicit)
        );
        assert_eq!(
            standing("https://other.contoso.example/a", &settings),
            Some(Standing::Unknown)
        );
        let authority = Authority::parse("https://sts.contoso.example/a").unwrap();
        let trust = settings.check(&authority).unwrap();
        assert_eq!(
            trust.instance(&authority).preferred_network(),
            "login.contoso.example"
        );

        for json in ["", "[]", "{", r#"{"metadata":[{"aliases":["a"]}]}"#] {
            let settings = AuthoritySettings {
                instance_metadata: Some(json.to_owned()),
                ..AuthoritySettings::default()
            };
            let error = settings.check(&authority).unwrap_err();
            assert_eq!(
                error.kind(),
                &ErrorKind::InvalidArgument("instance metadata"),
                "{json}"
            );
        }
    }

    #[test]
    fn supplied_openid_metadata_is_checked_and_serves_its_authority() {
        let authority = Authority::parse("https://login.microsoftonline.com/common").unwrap();
        let settings = |host: &str| {
            AuthoritySettings {
            openid_metadata: Some(
                r#"{"issuer":"https://login.microsoftonline.com/{tenantid}/v2.0",
                    "token_endpoint":"https://HOST/common/oauth2/v2.0/token",
                    "authorization_endpoint":"https://login.microsoftonline.com/common/oauth2/v2.0/authorize"}"#
                    .replace("HOST", host),
            ),
            ..AuthoritySettings::default()
        }
        };
        let trust = settings("login.windows.net").check(&authority).unwrap();
        assert!(trust.endpoints(&authority).is_some());
        let other = authority.with_tenant("contoso.com").unwrap();
        assert!(trust.endpoints(&other).is_none());
        let error = settings("evil.example").check(&authority).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::InvalidArgument("OpenID metadata"));
    }
}
