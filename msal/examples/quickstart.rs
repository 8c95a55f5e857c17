//! Gets a token for an application, and gets it again from the cache.
//!
//! `cargo run -p msal --example quickstart`
//!
//! On its own it starts a local identity provider and asks that. With AZURE_TENANT_ID, AZURE_CLIENT_ID and
//! AZURE_CLIENT_SECRET set, it asks Microsoft Entra ID for a token for Microsoft Graph.

mod support;

use std::error::Error;

use msal::{ClientCredential, ConfidentialClientApplication};
use support::{Registration, describe};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let registration = Registration::from_environment_or_local()?;

    // 1. Make one application, and reuse it.
    let app = ConfidentialClientApplication::builder(&registration.client_id)
        .authority(registration.authority())
        .credential(ClientCredential::from_secret(&*registration.client_secret))
        .transport(registration.transport()?)
        .build()?;

    // 2. and 3. Ask for a token: the cache is looked into first, the identity provider asked only when it must be.
    let scopes = ["https://graph.microsoft.com/.default"];
    let first = app.acquire_token_for_client(scopes).await?;
    let second = app.acquire_token_for_client(scopes).await?;

    describe("first", &first);
    describe("second", &second);
    Ok(())
}
