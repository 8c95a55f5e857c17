//! The clouds of Entra ID and the names of their hosts.

/// A cloud: hosts that are one identity provider.
#[derive(Debug)]
pub(crate) struct Cloud {
    pub(crate) preferred_network: &'static str,
    pub(crate) preferred_cache: &'static str,
    pub(crate) aliases: &'static [&'static str],
    pub(crate) name: &'static str,
    pub(crate) graph_host: &'static str,
    pub(crate) tenant_region: &'static str,
    /// What regional endpoints hang a region's name before.
    pub(crate) regional_suffix: &'static str,
}

impl Cloud {
    /// Finds the cloud of a host or of its regional form.
    pub(crate) fn of_host(host: &str) -> Option<&'static Self> {
        CLOUDS
            .iter()
            .find(|cloud| cloud.aliases.contains(&host) || cloud.is_regional(host))
    }

    /// Whether a host is `{region}.` and this cloud's suffix.
    fn is_regional(&self, host: &str) -> bool {
        host.strip_suffix(self.regional_suffix)
            .and_then(|rest| rest.strip_suffix('.'))
            .is_some_and(|region| !region.is_empty() && !region.contains('.'))
    }
}

/// In the order in which instance discovery lists them.
pub(crate) const CLOUDS: [Cloud; 8] = [
    Cloud {
        preferred_network: "login.microsoftonline.com",
        preferred_cache: "login.windows.net",
        aliases: &[
            "login.microsoftonline.com",
            "login.windows.net",
            "login.microsoft.com",
            "sts.windows.net",
        ],
        name: "microsoftonline.com",
        graph_host: "graph.microsoft.com",
        tenant_region: "WW",
        regional_suffix: "login.microsoft.com",
    },
    Cloud {
        preferred_network: "login.partner.microsoftonline.cn",
        preferred_cache: "login.partner.microsoftonline.cn",
        aliases: &["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"],
        name: "partner.microsoftonline.cn",
        graph_host: "microsoftgraph.chinacloudapi.cn",
        tenant_region: "AS",
        regional_suffix: "login.partner.microsoftonline.cn",
    },
    Cloud {
        preferred_network: "login.microsoftonline.de",
        preferred_cache: "login.microsoftonline.de",
        aliases: &["login.microsoftonline.de"],
        name: "microsoftonline.de",
        graph_host: "graph.microsoft.de",
        tenant_region: "EU",
        regional_suffix: "login.microsoftonline.de",
    },
    Cloud {
        preferred_network: "login.microsoftonline.us",
        preferred_cache: "login.microsoftonline.us",
        aliases: &["login.microsoftonline.us", "login.usgovcloudapi.net"],
        name: "microsoftonline.us",
        graph_host: "graph.microsoft.us",
        tenant_region: "USGov",
        regional_suffix: "login.microsoftonline.us",
    },
    Cloud {
        preferred_network: "login-us.microsoftonline.com",
        preferred_cache: "login-us.microsoftonline.com",
        aliases: &["login-us.microsoftonline.com"],
        name: "microsoftonline.com",
        graph_host: "graph.microsoft.com",
        tenant_region: "NA",
        regional_suffix: "login-us.microsoftonline.com",
    },
    sovereign(
        "login.sovcloud-identity.fr",
        &["login.sovcloud-identity.fr"],
        "sovcloud-identity.fr",
    ),
    sovereign(
        "login.sovcloud-identity.de",
        &["login.sovcloud-identity.de"],
        "sovcloud-identity.de",
    ),
    sovereign(
        "login.sovcloud-identity.sg",
        &["login.sovcloud-identity.sg"],
        "sovcloud-identity.sg",
    ),
];

const fn sovereign(
    host: &'static str,
    aliases: &'static [&'static str],
    name: &'static str,
) -> Cloud {
    Cloud {
        preferred_network: host,
        preferred_cache: host,
        aliases,
        name,
        graph_host: "graph.microsoft.com",
        tenant_region: "EU",
        regional_suffix: host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_regional_host_belongs_to_the_cloud_behind_it() {
        let network = |host| Cloud::of_host(host).map(|cloud| cloud.preferred_network);
        assert_eq!(
            network("westus2.login.microsoft.com"),
            Some("login.microsoftonline.com")
        );
        assert_eq!(
            network("usgovvirginia.login.microsoftonline.us"),
            Some("login.microsoftonline.us")
        );
        assert_eq!(
            network("login.microsoft.com"),
            Some("login.microsoftonline.com")
        );
        assert_eq!(network("a.b.login.microsoft.com"), None);
        assert_eq!(network("evil-login.microsoft.com"), None);
        assert_eq!(network("login.contoso.com"), None);
    }
}
