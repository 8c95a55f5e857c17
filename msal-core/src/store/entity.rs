use std::fmt;
use std::sync::Arc;

use super::{Extras, Members};
use crate::{RawIdToken, RefreshToken, Timestamp};

/// A cached refresh token. It serves every tenant and scope of its user.
#[derive(Clone, Debug)]
pub struct RefreshTokenEntry {
    /// The host of the authority.
    pub environment: Arc<str>,
    /// The client it was issued to.
    pub client_id: Arc<str>,
    /// The user, by home account id; may be empty where an assertion obtained it.
    pub home_account_id: Arc<str>,
    /// The family of clients that may use it; only `1` exists.
    pub family_id: Option<Arc<str>>,
    /// The token itself.
    pub secret: RefreshToken,
    /// When it was last written; zero when unknown.
    pub last_modified: Timestamp,
    /// The assertion it was obtained with, and members that only other libraries know (`target`, `client_info`).
    pub extras: Extras,
}

/// A cached id token.
#[derive(Clone, Debug)]
pub struct IdTokenEntry {
    /// The host of the authority.
    pub environment: Arc<str>,
    /// The tenant.
    pub realm: Arc<str>,
    /// The client it was issued to.
    pub client_id: Arc<str>,
    /// The user, by home account id; may be empty where an assertion obtained it.
    pub home_account_id: Arc<str>,
    /// The token itself.
    pub secret: RawIdToken,
    /// The assertion it was obtained with, and members that only other libraries know.
    pub extras: Extras,
}

/// A cached account: a user in one tenant. `Debug` shows no name.
#[derive(Clone)]
pub struct AccountEntry {
    /// The host of the authority.
    pub environment: Arc<str>,
    /// The tenant.
    pub realm: Arc<str>,
    /// The user, by home account id.
    pub home_account_id: Arc<str>,
    /// The user's object id in this tenant.
    pub local_account_id: Arc<str>,
    /// What the user signs in with, such as `alice@contoso.com`; may be empty.
    pub username: Arc<str>,
    /// `MSSTS`, `ADFS` or `Generic`.
    pub authority_type: Arc<str>,
    /// Members that only other libraries know, and those that we only pass on (`name`, `client_info`,
    /// `account_source`, `tenantProfiles`).
    pub members: Members,
}

impl fmt::Debug for AccountEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountEntry")
            .field("environment", &self.environment)
            .field("realm", &self.realm)
            .field("home_account_id", &self.home_account_id)
            .field("authority_type", &self.authority_type)
            .field("members", &self.members)
            .finish_non_exhaustive()
    }
}

/// What is known of an application.
#[derive(Clone, Debug)]
pub struct AppMetadataEntry {
    /// The host of the authority.
    pub environment: Arc<str>,
    /// The client.
    pub client_id: Arc<str>,
    /// The family it belongs to; none means known not to be in one.
    pub family_id: Option<Arc<str>>,
    /// Members that only other libraries know.
    pub members: Members,
}
