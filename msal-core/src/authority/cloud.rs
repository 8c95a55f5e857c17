//! The clouds that are built in, with the aliases of each.

/// The one name under which every alias of a cloud is the same place; a host that is not built in stands for itself.
///
/// `host` is in lower case.
pub fn canonical(host: &str) -> &str {
    let cloud = CLOUDS.iter().find(|cloud| cloud.contains(&host));
    cloud.and_then(|aliases| aliases.first()).unwrap_or(&host)
}

const CLOUDS: &[&[&str]] = &[
    &[
        "login.microsoftonline.com",
        "login.windows.net",
        "login.microsoft.com",
        "sts.windows.net",
    ],
    &["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"],
    &["login.microsoftonline.us", "login.usgovcloudapi.net"],
];
