use std::sync::Arc;

/// A user in one cloud.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct UserKey {
    /// The host of the authority, under any of its aliases.
    pub environment: Arc<str>,
    /// The user, by home account id (`uid.utid`).
    pub home_account_id: Arc<str>,
}

/// A long-running process for a user.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ProcessKey {
    /// The host of the authority, under any of its aliases.
    pub environment: Arc<str>,
    /// The client.
    pub client_id: Arc<str>,
    /// The process, by the hash of its key.
    pub hash: Arc<str>,
    /// The user, by home account id.
    pub home_account_id: Arc<str>,
}

/// Whose accounts, refresh and id tokens are wanted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum UserFilter<'a> {
    /// Everybody's who signed in. Like those below, it finds nothing that an assertion obtained.
    All,
    /// What was obtained with the on-behalf-of assertion of this hash, or for the long-running process of this key.
    Assertion(&'a str),
    /// Those of one user, by home account id.
    HomeAccountId(&'a str),
    /// Those of the users who sign in with this name in any tenant, compared without ASCII case. Nobody is found by an
    /// empty name.
    Username(&'a str),
}
