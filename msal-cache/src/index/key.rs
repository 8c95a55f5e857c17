use std::borrow::Cow;

use msal_core::authority::cloud::{self, Cloud};
use msal_core::store::{AccessTokenEntry, AccessTokenLookup, BindingRef, ExtendedKey, OwnerRef};

/// What identifies an access token beside its scopes, borrowed; the environment by the one name of its cloud.
pub(crate) struct Key<'a> {
    pub(crate) place: Cow<'a, str>,
    pub(crate) realm: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) owner: OwnerRef<'a>,
    pub(crate) binding: Option<BindingRef<'a>>,
    pub(crate) extended: Option<&'a ExtendedKey>,
}

impl<'a> Key<'a> {
    pub(crate) fn of_lookup(lookup: &AccessTokenLookup<'a>) -> Self {
        Self {
            place: place(lookup.cloud),
            realm: lookup.realm,
            client_id: lookup.client_id,
            owner: lookup.owner,
            binding: lookup.binding,
            extended: lookup.extended,
        }
    }

    pub(crate) fn of_entry(entry: &'a AccessTokenEntry) -> Self {
        Self {
            place: place(entry.environment()),
            realm: entry.realm(),
            client_id: entry.client_id(),
            owner: entry.owner(),
            binding: entry.binding(),
            extended: entry.extended().map(AsRef::as_ref),
        }
    }

    /// Whether `entry` is one of this key's tokens. Every field must be equal; none is ever joined with another.
    pub(crate) fn is_of(&self, entry: &AccessTokenEntry) -> bool {
        same_text(self.realm, entry.realm())
            && self.client_id == &**entry.client_id()
            && same_owner(self.owner, entry.owner())
            && same_binding(self.binding, entry.binding())
            && same_extended(self.extended, entry.extended().map(AsRef::as_ref))
            && (*self.place == **entry.environment() || self.place == place(entry.environment()))
    }
}

/// The one name of the place that an environment is in: its host in lower case and without a port (MSAL Node writes
/// one, MSAL Python does not), and of the aliases of a cloud the first.
pub(crate) fn place(environment: &str) -> Cow<'_, str> {
    if let Some(name) = Cloud::of(environment).and_then(|cloud| cloud.aliases.first()) {
        return Cow::Borrowed(name);
    }
    let host = without_port(environment);
    if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Owned(cloud::canonical(&host.to_ascii_lowercase()).to_owned());
    }
    Cow::Borrowed(cloud::canonical(host))
}

/// Whether two tenants are the same: a GUID or a domain name in any case, as MSAL Node has it.
pub(crate) fn same_text(one: &str, other: &str) -> bool {
    one == other || one.eq_ignore_ascii_case(other)
}

/// An assertion's hash, which is a SHA-256 in base64, without the padding that MSAL Go leaves on it. The key of a
/// long-running process is whatever a program likes, and stays as it is.
pub(crate) fn unpadded(hash: &str) -> &str {
    let bare = hash.strip_suffix('=').filter(|bare| bare.len() == 43);
    bare.unwrap_or(hash)
}

fn without_port(host: &str) -> &str {
    let Some((name, port)) = host.rsplit_once(':') else {
        return host;
    };
    let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let is_whole_name = !name.contains(':') || name.ends_with(']');
    if is_port && is_whole_name { name } else { host }
}

fn same_owner(one: OwnerRef<'_>, other: OwnerRef<'_>) -> bool {
    match (one, other) {
        (OwnerRef::Assertion(one), OwnerRef::Assertion(other)) => unpadded(one) == unpadded(other),
        _ => one == other,
    }
}

fn same_binding(one: Option<BindingRef<'_>>, other: Option<BindingRef<'_>>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => {
            one.key_id == other.key_id && same_text(one.token_type, other.token_type)
        }
        _ => false,
    }
}

/// Compares by components; by the hash where a cache file kept nothing else.
fn same_extended(one: Option<&ExtendedKey>, other: Option<&ExtendedKey>) -> bool {
    let (Some(one), Some(other)) = (one, other) else {
        return one.is_none() && other.is_none();
    };
    one.hash() == other.hash()
        && (one.components() == other.components()
            || one.components().is_empty()
            || other.components().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_padding_of_a_sha_256_does_not_count() {
        let hash = "6I9Fx5Ij0XFGMkX3YLtHzySWUYTaj5m1RteNMvqUukU";
        assert_eq!(unpadded(&format!("{hash}=")), hash);
        for own in [
            hash,
            "",
            "=",
            "key=",
            "user@example==",
            &format!("{hash}=="),
        ] {
            assert_eq!(unpadded(own), own);
        }
    }

    #[test]
    fn an_environment_is_known_by_its_cloud() {
        for (environment, known) in [
            ("login.windows.net", "login.microsoftonline.com"),
            ("LOGIN.Windows.net", "login.microsoftonline.com"),
            ("login.chinacloudapi.cn", "login.partner.microsoftonline.cn"),
            ("login.usgovcloudapi.net", "login.microsoftonline.us"),
            ("adfs.contoso.example", "adfs.contoso.example"),
            ("ADFS.contoso.example", "adfs.contoso.example"),
            ("localhost:8443", "localhost"),
            ("[::1]:8443", "[::1]"),
            ("::1", "::1"),
            ("host:", "host:"),
            ("", ""),
        ] {
            assert_eq!(place(environment), known, "{environment}");
        }
    }
}
