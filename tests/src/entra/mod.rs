//! The endpoints of Entra ID, and of those that speak as it does.

pub(crate) mod authorize;
pub(crate) mod device_authorization;
pub(crate) mod end_session;
pub(crate) mod error;
pub(crate) mod instance_discovery;
pub(crate) mod keys;
pub(crate) mod login;
pub(crate) mod native_client;
pub(crate) mod openid_configuration;
mod pages;
pub(crate) mod tenant;
pub(crate) mod token;
pub(crate) mod user_realm;
