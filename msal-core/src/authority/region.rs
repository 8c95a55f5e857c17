//! Regional token services: a copy of the token endpoint near where the program runs, for client credentials only.

pub mod imds;

use std::fmt;
use std::sync::Arc;

use url::Url;

use self::imds::ImdsBase;
use super::cloud::{self, Cloud};
use crate::{Error, ErrorKind};

/// An Azure region, such as `westus2`.
///
/// ```
/// # use msal_core::authority::region::Region;
/// let region = Region::parse("West US 2")?;
/// assert_eq!(region.as_str(), "westus2");
/// assert_eq!(region.host("login.microsoftonline.com"), "westus2.login.microsoft.com");
/// # Ok::<(), msal_core::Error>(())
/// ```
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Region(Arc<str>);

impl Region {
    /// Reads a region's name. Spaces and case do not count; what remains must be one label of a host name that begins
    /// with a letter.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let name = text.replace(' ', "").to_ascii_lowercase();
        match is_region(&name) {
            true => Ok(Self(name.into())),
            false => Err(malformed("region")),
        }
    }

    /// The name in lower case, without spaces.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host of this region's token service for an authority on `host`, which is in lower case.
    pub fn host(&self, host: &str) -> String {
        let prefix = [self.as_str(), "."].concat();
        if host.starts_with(&prefix) {
            return host.to_owned();
        }
        let global = match Cloud::of(host) {
            Some(_) if cloud::same_cloud(host, cloud::PUBLIC) => PUBLIC_REGIONAL,
            Some(cloud) => cloud.preferred_network,
            None => host,
        };
        [&prefix, global].concat()
    }

    /// `url` at this region's host; as it is where it names its host by address.
    pub(crate) fn of(&self, url: &Url) -> Url {
        let mut regional = url.clone();
        if let Some(url::Host::Domain(host)) = url.host()
            && regional.set_host(Some(&self.host(host))).is_err()
        {
            return url.clone();
        }
        regional
    }

    /// What follows the first label of a host, where that label could be a region.
    pub(super) fn strip(host: &str) -> Option<&str> {
        let (label, rest) = host.split_once('.')?;
        is_region(label).then_some(rest)
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Region({})", self.0)
    }
}

/// Which region's token service a program wants.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RegionSetting {
    /// The one that the program runs in: `REGION_NAME`, or what the instance metadata service says; the global one
    /// where neither tells.
    Auto,
    /// This one.
    Fixed(Region),
    /// The global one, whatever `MSAL_FORCE_REGION` says.
    Off,
}

impl RegionSetting {
    /// Reads `auto`, `off`, the words of the other MSAL libraries (`TryAutoDetect`, `DisableMsalForceRegion`), or a region.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let is = |word: &str| text.eq_ignore_ascii_case(word);
        if is("auto") || is("TryAutoDetect") {
            return Ok(Self::Auto);
        }
        if is("off") || is("DisableMsalForceRegion") {
            return Ok(Self::Off);
        }
        Region::parse(text).map(Self::Fixed)
    }
}

/// The environment variables that regions depend on, as the program's host read them. Empty is as good as unset.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RegionEnvironment {
    /// `MSAL_FORCE_REGION`: the region where the program says nothing.
    pub force_region: Option<String>,
    /// `MSAL_DISABLE_REGION`: when set, no region is used at all.
    pub disable_region: Option<String>,
    /// `REGION_NAME`: the region that Azure's hosting services say a program runs in.
    pub region_name: Option<String>,
    /// `AZURE_POD_IDENTITY_AUTHORITY_HOST`: where the instance metadata service is, if not at its link-local address.
    pub imds_host: Option<String>,
}

impl RegionEnvironment {
    /// Takes the variables from `variable`, which is called with the name of each.
    pub fn read(variable: impl Fn(&'static str) -> Option<String>) -> Self {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        Self {
            force_region: set(FORCE_REGION),
            disable_region: set("MSAL_DISABLE_REGION"),
            region_name: set("REGION_NAME"),
            imds_host: set(imds::HOST_VARIABLE),
        }
    }
}

/// What is to be done about regions, once setting and environment are known.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum RegionPlan {
    /// Ask the instance metadata service.
    Detect(ImdsBase),
    /// Use this one.
    Fixed(Region),
    /// Use none.
    Global,
}

impl RegionPlan {
    pub(super) fn new(
        setting: Option<&RegionSetting>,
        environment: &RegionEnvironment,
    ) -> Result<Self, Error> {
        let set = |variable: &Option<String>| variable.clone().filter(|value| !value.is_empty());
        if set(&environment.disable_region).is_some() {
            return Ok(Self::Global);
        }
        let forced = set(&environment.force_region).filter(|_| setting.is_none());
        let forced =
            forced.map(|text| RegionSetting::parse(&text).map_err(|_| malformed(FORCE_REGION)));
        match forced.transpose()?.as_ref().or(setting) {
            None | Some(RegionSetting::Off) => Ok(Self::Global),
            Some(RegionSetting::Fixed(region)) => Ok(Self::Fixed(region.clone())),
            Some(RegionSetting::Auto) => {
                // A variable of the platform's is a hint: when malformed, the next source is asked.
                let named = set(&environment.region_name).map(|name| Region::parse(&name));
                match named {
                    Some(Ok(region)) => Ok(Self::Fixed(region)),
                    _ => match set(&environment.imds_host) {
                        Some(host) => ImdsBase::parse(&host).map(Self::Detect),
                        None => Ok(Self::Detect(ImdsBase::default())),
                    },
                }
            }
        }
    }
}

fn malformed(argument: &'static str) -> Error {
    Error::new(ErrorKind::InvalidArgument(argument))
        .because("it must be the name of an Azure region, such as westus2")
}

/// `^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$`, as MSAL Python and Go have it.
fn is_region(name: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
        && name.bytes().all(inner)
}

const FORCE_REGION: &str = "MSAL_FORCE_REGION";
const PUBLIC_REGIONAL: &str = "login.microsoft.com";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised_and_checked() {
        for (text, name) in [
            ("westus2", Some("westus2")),
            ("West US 2", Some("westus2")),
            (" EASTUS ", Some("eastus")),
            ("us-gov", Some("us-gov")),
            ("a", Some("a")),
            ("", None),
            (" ", None),
            ("2west", None),
            ("-west", None),
            ("west-", None),
            ("west.us", None),
            ("west/us", None),
            ("west@us", None),
            ("west\tus", None),
            ("west\nus", None),
            ("wést", None),
            ("evil.example#", None),
        ] {
            let region = Region::parse(text);
            assert_eq!(region.as_ref().ok().map(Region::as_str), name, "{text:?}");
            if let Err(error) = region {
                assert_eq!(error.kind(), &ErrorKind::InvalidArgument("region"));
            }
        }
        assert!(Region::parse(&"a".repeat(63)).is_ok());
        assert!(Region::parse(&"a".repeat(64)).is_err());
    }

    #[test]
    fn hosts_are_formed_per_cloud() {
        let region = Region::parse("westus2").unwrap();
        for (host, regional) in [
            ("login.microsoftonline.com", "westus2.login.microsoft.com"),
            ("login.microsoft.com", "westus2.login.microsoft.com"),
            ("login.windows.net", "westus2.login.microsoft.com"),
            ("sts.windows.net", "westus2.login.microsoft.com"),
            (
                "login.partner.microsoftonline.cn",
                "westus2.login.partner.microsoftonline.cn",
            ),
            (
                "login.chinacloudapi.cn",
                "westus2.login.partner.microsoftonline.cn",
            ),
            (
                "login.usgovcloudapi.net",
                "westus2.login.microsoftonline.us",
            ),
            (
                "login.sovcloud-identity.fr",
                "westus2.login.sovcloud-identity.fr",
            ),
            ("login.contoso.example", "westus2.login.contoso.example"),
            ("westus2.login.microsoft.com", "westus2.login.microsoft.com"),
        ] {
            assert_eq!(region.host(host), regional, "{host}");
        }
        let url = |text| Url::parse(text).unwrap();
        let moved = region.of(&url(
            "https://login.windows.net/contoso.com/oauth2/v2.0/token",
        ));
        assert_eq!(
            moved.as_str(),
            "https://westus2.login.microsoft.com/contoso.com/oauth2/v2.0/token"
        );
        assert_eq!(
            region.of(&url("https://127.0.0.1:1/token")).as_str(),
            "https://127.0.0.1:1/token"
        );
    }

    #[test]
    fn what_is_said_outranks_what_is_found() {
        let environment = |pairs: &[(&str, &str)]| {
            RegionEnvironment::read(|name| {
                let found = pairs.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        let fixed = |name| Ok(RegionPlan::Fixed(Region::parse(name).unwrap()));
        let detect = || Ok(RegionPlan::Detect(ImdsBase::default()));
        let auto = Some(RegionSetting::Auto);
        let given = |name| Some(RegionSetting::parse(name).unwrap());
        let plans = [
            (None, &[][..], Ok(RegionPlan::Global)),
            (
                None,
                &[("REGION_NAME", "eastus")][..],
                Ok(RegionPlan::Global),
            ),
            (
                None,
                &[("MSAL_FORCE_REGION", "West US 2")][..],
                fixed("westus2"),
            ),
            (
                None,
                &[("MSAL_FORCE_REGION", "")][..],
                Ok(RegionPlan::Global),
            ),
            (
                None,
                &[("MSAL_FORCE_REGION", "TryAutoDetect")][..],
                detect(),
            ),
            (
                None,
                &[("MSAL_FORCE_REGION", "a.b")][..],
                Err(ErrorKind::InvalidArgument("MSAL_FORCE_REGION")),
            ),
            (
                given("eastus"),
                &[("MSAL_FORCE_REGION", "westus2")][..],
                fixed("eastus"),
            ),
            (
                given("eastus"),
                &[("MSAL_FORCE_REGION", "a.b")][..],
                fixed("eastus"),
            ),
            (
                given("DisableMsalForceRegion"),
                &[("MSAL_FORCE_REGION", "westus2")][..],
                Ok(RegionPlan::Global),
            ),
            (
                given("eastus"),
                &[("MSAL_DISABLE_REGION", "1")][..],
                Ok(RegionPlan::Global),
            ),
            (auto.clone(), &[][..], detect()),
            (
                auto.clone(),
                &[("REGION_NAME", "East US")][..],
                fixed("eastus"),
            ),
            (auto.clone(), &[("REGION_NAME", "a.b")][..], detect()),
            (
                auto.clone(),
                &[("MSAL_FORCE_REGION", "westus2"), ("REGION_NAME", "eastus")][..],
                fixed("eastus"),
            ),
            (
                auto.clone(),
                &[("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://evil.example")][..],
                Err(ErrorKind::InvalidArgument(
                    "AZURE_POD_IDENTITY_AUTHORITY_HOST",
                )),
            ),
        ];
        for (setting, pairs, expected) in plans {
            let plan = RegionPlan::new(setting.as_ref(), &environment(pairs));
            assert_eq!(
                plan.map_err(|error| error.kind().clone()),
                expected,
                "{setting:?} {pairs:?}"
            );
        }
    }
}
