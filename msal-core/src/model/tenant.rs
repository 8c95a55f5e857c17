use std::fmt;
use std::sync::Arc;

use crate::{Error, ErrorKind};

/// A tenant as an authority's path names it: a GUID, a name (mostly a domain), or one of three well-known words.
///
/// Kept in lower case. Cheap to clone.
///
/// ```
/// # use msal_core::Tenant;
/// assert_eq!(Tenant::parse("Contoso.onmicrosoft.com")?.as_str(), "contoso.onmicrosoft.com");
/// assert!(!Tenant::parse("common")?.is_single());
/// assert!(Tenant::parse("../common").is_err());
/// # Ok::<(), msal_core::Error>(())
/// ```
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Tenant(Arc<str>);

impl Tenant {
    /// The tenant that all personal Microsoft accounts are in; what `consumers` stands for.
    pub const PERSONAL_ACCOUNTS: &'static str = "9188040d-6c67-4c5b-b112-36a304b66dad";

    /// Reads letters, digits, hyphens and single dots, at most 253 of them.
    pub fn parse(text: &str) -> Result<Self, Error> {
        check(text)?;
        Ok(Self(text.to_ascii_lowercase().into()))
    }

    /// The tenant in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the tenant's id rather than a name of it.
    pub fn is_guid(&self) -> bool {
        is_guid(&self.0)
    }

    /// Whether this is one certain tenant: not `common`, `organizations` or `consumers`.
    pub fn is_single(&self) -> bool {
        !matches!(self.as_str(), COMMON | ORGANIZATIONS | CONSUMERS)
    }

    /// What stands in the place of a tenant for managed identities.
    pub(crate) fn of_managed_identities() -> Self {
        Self("managed_identity".into())
    }

    pub(crate) fn shared(&self) -> &Arc<str> {
        &self.0
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tenant({})", self.0)
    }
}

/// Whether `text` is a GUID in its hyphenated form.
pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == HYPHENATED && uuid::Uuid::try_parse(text).is_ok()
}

fn check(text: &str) -> Result<(), Error> {
    if text.is_empty() {
        return Err(malformed("it is empty"));
    }
    if text.len() > LONGEST {
        return Err(malformed("it is longer than 253 characters"));
    }
    if text.contains(['{', '}']) {
        return Err(malformed(
            "it is still a placeholder: put the tenant's id or domain name in its place",
        ));
    }
    if !text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
    {
        return Err(malformed(
            "it may contain letters, digits, hyphens and dots only: use its id or its domain name",
        ));
    }
    if text.split('.').any(str::is_empty) {
        return Err(malformed(
            "it begins or ends with a dot, or has two in a row: use its id or its domain name",
        ));
    }
    Ok(())
}

fn malformed(why: &'static str) -> Error {
    Error::new(ErrorKind::InvalidArgument("tenant")).because(why)
}

pub(crate) const COMMON: &str = "common";
pub(crate) const CONSUMERS: &str = "consumers";
pub(crate) const ORGANIZATIONS: &str = "organizations";
const LONGEST: usize = 253;
const HYPHENATED: usize = 36;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_tenants_are_refused() {
        for text in [
            "",
            ".",
            "..",
            "...",
            ".a",
            "a.",
            "a..b",
            "a/b",
            "a\\b",
            "a b",
            "a\tb",
            "a\r\n",
            "a%2fb",
            "a?b",
            "a#b",
            "a@b",
            "a:b",
            "{tenant}",
            "ä",
            "contoso\u{200b}",
            "a_b",
            "a;b",
        ] {
            let error = Tenant::parse(text).unwrap_err();
            assert_eq!(
                error.kind(),
                &ErrorKind::InvalidArgument("tenant"),
                "{text:?}"
            );
        }
        assert!(Tenant::parse(&"a".repeat(LONGEST)).is_ok());
        assert!(Tenant::parse(&"a".repeat(LONGEST + 1)).is_err());
    }

    #[test]
    fn three_words_are_no_single_tenant() {
        for word in ["common", "Organizations", "CONSUMERS"] {
            assert!(!Tenant::parse(word).unwrap().is_single(), "{word}");
        }
        let personal = Tenant::parse(Tenant::PERSONAL_ACCOUNTS).unwrap();
        assert!(personal.is_single() && personal.is_guid());
        assert!(!Tenant::parse("contoso.com").unwrap().is_guid());
    }
}
