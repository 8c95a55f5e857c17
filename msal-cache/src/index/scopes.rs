use msal_core::{ScopeCase, Scopes};

use super::search::contains;

/// The scopes that a look-up must find.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    scopes: &'a [&'a str],
    case: ScopeCase,
    /// Scopes of OpenID Connect count only where nothing else is asked for.
    only_oidc: bool,
}

impl<'a> Wanted<'a> {
    pub(crate) fn new(scopes: &'a [&'a str], case: ScopeCase) -> Self {
        let only_oidc = scopes.iter().all(|scope| is_oidc(scope));
        Self {
            scopes,
            case,
            only_oidc,
        }
    }

    /// A scope under which every token that will do is indexed; none where there may be others.
    pub(crate) fn probe(&self) -> Option<&'a str> {
        let mut resource_scopes = self.scopes.iter().filter(|scope| !is_oidc(scope));
        resource_scopes.next().copied()
    }

    /// Whether `granted` includes all of them.
    pub(crate) fn are_in(&self, granted: &Scopes) -> bool {
        self.scopes.iter().all(|scope| {
            (!self.only_oidc && is_oidc(scope))
                || *scope == granted.as_str()
                || contains(granted, scope, self.case)
        })
    }
}

/// The scopes that a token is indexed by: those of its resource. Where it has none, whatever it has.
pub(crate) fn indexed(granted: &Scopes) -> impl Iterator<Item = &str> {
    let only_oidc = granted.iter().all(is_oidc);
    let nothing = granted.is_empty().then_some("");
    let scopes = granted.iter();
    scopes
        .filter(move |scope| only_oidc || !is_oidc(scope))
        .chain(nothing)
}

/// Whether one token would answer for a scope of the other.
pub(crate) fn intersect(one: &Scopes, other: &Scopes) -> bool {
    indexed(one).any(|ours| indexed(other).any(|theirs| ours.eq_ignore_ascii_case(theirs)))
}

/// Scopes of OpenID Connect, which name no resource.
fn is_oidc(scope: &str) -> bool {
    let known = match scope.len() {
        5 => "email",
        6 => "openid",
        7 => "profile",
        14 => "offline_access",
        _ => return false,
    };
    scope.eq_ignore_ascii_case(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn indexed_scopes(granted: &str) -> Vec<String> {
        let granted = Scopes::granted(granted);
        indexed(&granted).map(str::to_owned).collect()
    }

    #[test]
    fn a_token_is_indexed_by_the_scopes_of_its_resource() {
        assert_eq!(indexed_scopes("openid User.Read email"), ["User.Read"]);
        assert_eq!(indexed_scopes("openid email"), ["email", "openid"]);
        assert_eq!(indexed_scopes(""), [""]);
    }

    #[test]
    fn openid_scopes_count_only_alone() {
        let granted = Scopes::granted("User.Read openid");
        let are_in = |scopes: &[&str]| Wanted::new(scopes, ScopeCase::Ignored).are_in(&granted);
        assert!(are_in(&["user.read", "offline_access", "profile"]));
        assert!(are_in(&["openid"]));
        assert!(!are_in(&["openid", "profile"]));
        assert!(!are_in(&["User.Read", "Mail.Read"]));
    }

    #[test]
    fn a_default_scope_is_of_its_resource_alone() {
        let granted = Scopes::granted("https://a.example/.default");
        let are_in = |scopes: &[&str]| Wanted::new(scopes, ScopeCase::Ignored).are_in(&granted);
        assert!(are_in(&["https://A.example/.default"]));
        assert!(!are_in(&["https://b.example/.default"]));
        assert!(!are_in(&["https://a.example//.default"]));
        assert!(!are_in(&[".default"]));
    }
}
