//! The clouds that are built in, with the aliases of each.
//!
//! The hosts are those that the other MSAL libraries trust without asking. Microsoft's pre-production hosts, which
//! only one of them has, are not: who tests there names them as known authorities.

/// One place under several host names, all in lower case.
#[derive(Debug)]
pub struct Cloud {
    /// Every host name of the cloud. The first stands for all of them.
    pub aliases: &'static [&'static str],
    /// The host that requests go to.
    pub preferred_network: &'static str,
    /// The host that MSAL .NET, Java and Node write into a cache.
    pub preferred_cache: &'static str,
}

impl Cloud {
    /// The cloud that `host`, in lower case, is a name of; none where it is not built in.
    pub fn of(host: &str) -> Option<&'static Self> {
        CLOUDS.iter().find(|cloud| cloud.aliases.contains(&host))
    }
}

/// The one name under which every alias of a cloud is the same place; a host that is not built in stands for itself.
///
/// `host` is in lower case.
pub fn canonical(host: &str) -> &str {
    Cloud::of(host)
        .and_then(|cloud| cloud.aliases.first())
        .unwrap_or(&host)
}

/// Whether two hosts, in lower case, are names of the same place.
pub fn same_cloud(one: &str, other: &str) -> bool {
    canonical(one) == canonical(other)
}

/// Whether `host`, in lower case, is trusted without asking anybody.
pub fn is_built_in(host: &str) -> bool {
    Cloud::of(host).is_some()
}

/// Where hosts that are not built in are asked about, and what stands behind the default authority.
pub(crate) const PUBLIC: &str = "login.microsoftonline.com";

const CLOUDS: &[Cloud] = &[
    Cloud {
        aliases: &[
            PUBLIC,
            "login.windows.net",
            "login.microsoft.com",
            "sts.windows.net",
        ],
        preferred_network: PUBLIC,
        preferred_cache: "login.windows.net",
    },
    Cloud {
        aliases: &["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"],
        preferred_network: "login.partner.microsoftonline.cn",
        preferred_cache: "login.partner.microsoftonline.cn",
    },
    Cloud {
        aliases: &["login.microsoftonline.us", "login.usgovcloudapi.net"],
        preferred_network: "login.microsoftonline.us",
        preferred_cache: "login.microsoftonline.us",
    },
    alone(&["login.microsoftonline.de"], "login.microsoftonline.de"),
    alone(
        &["login-us.microsoftonline.com"],
        "login-us.microsoftonline.com",
    ),
    alone(
        &["login.sovcloud-identity.fr"],
        "login.sovcloud-identity.fr",
    ),
    alone(
        &["login.sovcloud-identity.de"],
        "login.sovcloud-identity.de",
    ),
    alone(
        &["login.sovcloud-identity.sg"],
        "login.sovcloud-identity.sg",
    ),
];

const fn alone(aliases: &'static [&'static str], host: &'static str) -> Cloud {
    Cloud {
        aliases,
        preferred_network: host,
        preferred_cache: host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_the_same_place_exactly_when_one_row_names_both() {
        let rows: [&[&str]; 10] = [
            &[
                "login.microsoftonline.com",
                "login.windows.net",
                "login.microsoft.com",
                "sts.windows.net",
            ],
            &["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"],
            &["login.microsoftonline.us", "login.usgovcloudapi.net"],
            &["login.microsoftonline.de"],
            &["login-us.microsoftonline.com"],
            &["login.sovcloud-identity.fr"],
            &["login.sovcloud-identity.de"],
            &["login.sovcloud-identity.sg"],
            &["login.contoso.com"],
            &["login.windows-ppe.net"],
        ];
        for (i, ours) in rows.iter().enumerate() {
            for (j, theirs) in rows.iter().enumerate() {
                for one in *ours {
                    for other in *theirs {
                        assert_eq!(same_cloud(one, other), i == j, "{one} {other}");
                    }
                }
            }
        }
        let built_in = rows.iter().flat_map(|row| row.iter());
        assert_eq!(built_in.filter(|host| is_built_in(host)).count(), 13);
    }

    #[test]
    fn what_only_looks_like_a_built_in_host_is_none() {
        for host in [
            "",
            "login.microsoftonline.com.",
            "login.microsoftonline.com.evil.example",
            "evil-login.microsoftonline.com",
            "westus.login.microsoft.com",
            "microsoftonline.com",
        ] {
            assert!(!is_built_in(host), "{host}");
            assert_eq!(canonical(host), host);
        }
    }

    #[test]
    fn each_cloud_prefers_hosts_of_its_own() {
        for cloud in CLOUDS {
            assert!(cloud.aliases.contains(&cloud.preferred_network));
            assert!(cloud.aliases.contains(&cloud.preferred_cache));
        }
        assert_eq!(
            Cloud::of("sts.windows.net").unwrap().preferred_cache,
            "login.windows.net"
        );
    }
}
