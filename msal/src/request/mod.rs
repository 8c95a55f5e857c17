//! What can be asked for, one type a call, each with the options that it alone has.

mod accounts;
mod auth_code;
mod client;
mod device_code;
mod interactive;
mod machine;
mod on_behalf_of;
mod password;
mod refresh_token;
mod silent;
mod user_core;
mod user_fic;

pub use accounts::{Accounts, LogoutUrl, RemoveAccount};
pub use auth_code::{ByAuthCode, InitiateAuthCode};
pub use client::ForClient;
pub use device_code::{ByDeviceCode, InitiateDeviceCode};
pub use interactive::Interactive;
pub use machine::ForMachine;
pub use on_behalf_of::{OnBehalfOf, StopProcess};
pub use password::ByPassword;
pub use refresh_token::ByRefreshToken;
pub use silent::Silent;
pub(crate) use user_core::UserCore;
pub use user_fic::ByUserFederatedIdentityCredential;
