//! The flows, each an `async fn` that reads top to bottom.

pub(crate) mod claim;
pub(crate) mod client_credentials;
mod finish;
