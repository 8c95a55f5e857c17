//! The endpoints of Entra ID, and of those that speak as it does.

pub(crate) mod error;
pub(crate) mod instance_discovery;
pub(crate) mod keys;
pub(crate) mod openid_configuration;
pub(crate) mod tenant;
pub(crate) mod token;
pub(crate) mod user_realm;
