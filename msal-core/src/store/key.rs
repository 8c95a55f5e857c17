use std::sync::Arc;

use super::ExtendedKey;
use crate::ScopeCase;

/// What identifies an access token beside its scopes. Two tokens differ when any field does: the fields are never
/// joined into one text.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct TokenKey {
    /// The host of the authority.
    pub environment: Arc<str>,
    /// The tenant.
    pub realm: Arc<str>,
    /// The client.
    pub client_id: Arc<str>,
    /// For whom the token was issued.
    pub owner: Owner,
    /// The key that the token is bound to; none for a bearer token.
    pub binding: Option<Arc<Binding>>,
    /// What else the token depends on: FMI path, client-originated claims and the like.
    pub extended: Option<Arc<ExtendedKey>>,
}

/// For whom a token was issued.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Owner {
    /// A user account, by home account id (`uid.utid`).
    Account(Arc<str>),
    /// The application itself.
    App,
    /// Whoever an on-behalf-of assertion speaks for: such a token answers that assertion and nothing else.
    Assertion {
        /// The base64url form of the assertion's SHA-256, whose padding does not count, or the key of a long-running
        /// process, compared as it is.
        hash: Arc<str>,
        /// The user's home account id, where the answer told it.
        home_account_id: Option<Arc<str>>,
    },
}

impl Owner {
    /// The borrowed form.
    pub fn as_ref(&self) -> OwnerRef<'_> {
        match self {
            Self::Account(home_account_id) => OwnerRef::Account(home_account_id),
            Self::App => OwnerRef::App,
            Self::Assertion { hash, .. } => OwnerRef::Assertion(hash),
        }
    }
}

/// A token type other than `Bearer`, and the key it is bound to.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Binding {
    /// Such as `pop` or `ssh-cert`, in lower case.
    pub token_type: String,
    /// The id of the key, empty where there is none.
    pub key_id: String,
}

/// Which access token is wanted. Borrowed throughout, so that a look-up allocates nothing.
#[derive(Clone, Copy, Debug)]
pub struct AccessTokenLookup<'a> {
    /// The cloud, see [`cloud::canonical`](crate::authority::cloud::canonical).
    pub cloud: &'a str,
    /// The tenant.
    pub realm: &'a str,
    /// The client.
    pub client_id: &'a str,
    /// For whom the token was issued.
    pub owner: OwnerRef<'a>,
    /// The key that the token must be bound to; none for a bearer token.
    pub binding: Option<BindingRef<'a>>,
    /// What else the token depends on.
    pub extended: Option<&'a ExtendedKey>,
    /// The scopes that the token must have, one at least.
    pub scopes: &'a [&'a str],
    /// How scopes are compared.
    pub scope_case: ScopeCase,
}

/// [`Owner`], borrowed, as it is looked up by.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum OwnerRef<'a> {
    /// A user account, by home account id.
    Account(&'a str),
    /// The application itself.
    App,
    /// Whoever the assertion of this hash speaks for.
    Assertion(&'a str),
}

/// [`Binding`], borrowed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct BindingRef<'a> {
    /// In lower case.
    pub token_type: &'a str,
    /// The id of the key.
    pub key_id: &'a str,
}
