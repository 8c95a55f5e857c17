//! The flows, each an `async fn` that reads top to bottom.

pub(crate) mod accounts;
pub(crate) mod ask;
pub(crate) mod auth_code;
pub(crate) mod by_refresh_token;
pub(crate) mod cached;
pub(crate) mod claim;
pub(crate) mod client_credentials;
pub(crate) mod device_code;
pub(crate) mod finish;
pub(crate) mod identity;
pub(crate) mod interactive;
pub(crate) mod logout;
pub(crate) mod managed_identity;
pub(crate) mod on_behalf_of;
pub(crate) mod password;
pub(crate) mod refresh;
pub(crate) mod signature;
pub(crate) mod silent;
pub(crate) mod stored;
pub(crate) mod user_fic;
pub(crate) mod user_grant;
