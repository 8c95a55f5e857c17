//! Signs a user in on another device: for a program without a browser.
//!
//! `cargo run -p msal --example device_code`
//!
//! On its own it starts a local identity provider, and somebody there who types the code. With AZURE_TENANT_ID and
//! AZURE_CLIENT_ID set, of a registration that allows public client flows, it asks Microsoft Entra ID.

mod support;

use std::error::Error;

use msal::{AuthenticationResult, DeviceCodeFlow, PublicClientApplication};
use msal_testing::defaults;
use support::{Registration, describe};

const SCOPES: [&str; 1] = ["User.Read"];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let registration = Registration::of_public_client()?;
    // 1. Make one application, and reuse it.
    let app = PublicClientApplication::builder(&registration.client_id)
        .authority(registration.authority())
        .transport(registration.transport()?)
        .build()?;

    let on_prompt = |flow: &DeviceCodeFlow| type_the_code(&registration, flow);
    describe("first", &token(&app, on_prompt).await?);
    describe("second", &token(&app, on_prompt).await?);
    Ok(())
}

/// 2. Whoever signed in before need not do so again: ask the cache, and the user only when it must be.
async fn token(
    app: &PublicClientApplication,
    on_prompt: impl Fn(&DeviceCodeFlow),
) -> Result<AuthenticationResult, msal::Error> {
    if let Some(account) = app.accounts().await?.first() {
        match app.acquire_token_silent(SCOPES, account).await {
            Err(error) if error.needs_interaction() => {}
            outcome => return outcome,
        }
    }
    // 3. Show the user where to go and what to type there, and wait.
    let flow = app.initiate_device_code_flow(SCOPES).await?;
    on_prompt(&flow);
    app.acquire_token_by_device_code(flow).await
}

#[expect(clippy::print_stdout, reason = "it is for the user to read")]
fn type_the_code(registration: &Registration, flow: &DeviceCodeFlow) {
    println!("{}", flow.prompt());
    let Some(local) = registration.local() else {
        return;
    };
    // There is nobody at the local identity provider but us.
    match local.approve_device(flow.user_code(), defaults::USERNAME) {
        Ok(()) => println!("({} did so)", defaults::USERNAME),
        Err(error) => println!("({error})"),
    }
}
