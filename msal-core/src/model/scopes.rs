use std::fmt;
use std::sync::Arc;

use crate::{Error, ErrorKind};

/// A set of OAuth scopes, RFC 6749 section 3.3: sorted by code point, without duplicates, spelled as given.
///
/// Cheap to clone.
///
/// ```
/// # use msal_core::Scopes;
/// let scopes = Scopes::parse(["User.Read", "Mail.Read"])?;
/// assert_eq!(scopes.as_str(), "Mail.Read User.Read");
/// assert!(Scopes::parse(["User.Read Mail.Read"]).is_err(), "one scope an item");
/// # Ok::<(), msal_core::Error>(())
/// ```
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Scopes(Arc<str>);

impl Scopes {
    /// The scopes that a program asks for, one an item. Fails on an empty set and on a malformed scope.
    pub fn parse<I: IntoIterator<Item: AsRef<str>>>(scopes: I) -> Result<Self, Error> {
        let scopes: Vec<_> = scopes.into_iter().collect();
        for scope in &scopes {
            check(scope.as_ref())?;
        }
        if scopes.is_empty() {
            return Err(malformed("at least one scope is needed"));
        }
        Ok(Self::sorted(scopes.iter().map(AsRef::as_ref).collect()))
    }

    /// The scopes that a server granted or a cache holds, separated by white space. Takes whatever is there.
    pub fn granted(text: &str) -> Self {
        Self::sorted(text.split_ascii_whitespace().collect())
    }

    /// The scopes separated by single spaces: the form that requests and caches use.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Each scope, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ').filter(|scope| !scope.is_empty())
    }

    /// Whether there is no scope at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `scope` is one of these.
    pub fn contains(&self, scope: &str, case: ScopeCase) -> bool {
        self.iter().any(|ours| case.equal(ours, scope))
    }

    /// Whether every one of `scopes` is one of these.
    pub fn contains_all<S: AsRef<str>>(&self, scopes: &[S], case: ScopeCase) -> bool {
        scopes
            .iter()
            .all(|scope| self.contains(scope.as_ref(), case))
    }

    /// These scopes, and those by which a user's sign-in gives an id token and a refresh token.
    pub(crate) fn of_sign_in(&self) -> Self {
        let mut scopes: Vec<&str> = self.iter().collect();
        for scope in SIGN_IN {
            // Entra ID refuses a scope that is there in two spellings.
            if !self.contains(scope, ScopeCase::Ignored) {
                scopes.push(scope);
            }
        }
        Self::sorted(scopes)
    }

    fn sorted(mut scopes: Vec<&str>) -> Self {
        scopes.sort_unstable();
        scopes.dedup();
        Self(match scopes[..] {
            [one] => one.into(),
            _ => scopes.join(" ").into(),
        })
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scopes({:?})", &*self.0)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How scopes are compared: Entra ID ignores case, other providers do not.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum ScopeCase {
    /// `user.read` is `User.Read`.
    #[default]
    Ignored,
    /// `user.read` is another scope than `User.Read`.
    Kept,
}

impl ScopeCase {
    /// Whether two scopes are the same.
    pub fn equal(self, one: &str, other: &str) -> bool {
        match self {
            Self::Ignored => one.eq_ignore_ascii_case(other),
            Self::Kept => one == other,
        }
    }
}

/// RFC 6749 section 3.3: `scope-token = 1*( %x21 / %x23-5B / %x5D-7E )`.
fn check(scope: &str) -> Result<(), Error> {
    if scope.is_empty() {
        return Err(malformed("a scope is empty"));
    }
    if scope.contains(' ') {
        return Err(malformed(
            "a scope contains a space: give each scope as an item of its own",
        ));
    }
    if !scope
        .bytes()
        .all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
    {
        return Err(malformed(
            "a scope contains a character that RFC 6749 does not allow",
        ));
    }
    Ok(())
}

fn malformed(why: &'static str) -> Error {
    Error::new(ErrorKind::InvalidArgument("scope")).because(why)
}

/// OpenID Connect Core sections 5.4 and 11.
const SIGN_IN: [&str; 3] = ["openid", "profile", "offline_access"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_scopes_are_refused() {
        for scope in ["", " ", "a b", "a\"b", "a\\b", "a\nb", "ä", "a\u{7f}"] {
            assert!(Scopes::parse([scope]).is_err(), "{scope:?}");
        }
        assert!(Scopes::parse([""; 0]).is_err());
    }

    #[test]
    fn granted_scopes_are_sorted_and_counted_once() {
        let scopes = Scopes::granted(" b  a b\tC ");
        assert_eq!(scopes.as_str(), "C a b");
        assert_eq!(scopes.iter().collect::<Vec<_>>(), ["C", "a", "b"]);
        assert_eq!(Scopes::granted("").iter().count(), 0);
    }

    #[test]
    fn case_matters_only_where_it_is_kept() {
        let scopes = Scopes::granted("User.Read");
        assert!(scopes.contains_all(&["user.read"], ScopeCase::Ignored));
        assert!(!scopes.contains_all(&["user.read"], ScopeCase::Kept));
        assert!(!scopes.contains("User", ScopeCase::Ignored));
    }
}
