//! Signs a user in with the browser of their machine: for a program with a screen.
//!
//! `cargo run -p msal --example desktop_interactive [-- --query] [SCOPE]..`
//!
//! On its own it starts a local identity provider, and somebody there who signs in without a screen. With
//! AZURE_TENANT_ID and AZURE_CLIENT_ID set, of a registration with the redirect URI http://localhost of the platform
//! "Mobile and desktop applications", it opens the browser at Microsoft Entra ID. MSAL_BROWSER names another program
//! to open the page with, `--query` has the answer come in the page's address rather than be posted.

mod support;

use std::env;
use std::error::Error;
use std::process::ExitCode;

use msal::{AuthenticationResult, PublicClientApplication, ResponseMode};
use support::{Registration, describe, person};

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let registration = Registration::of_public_client()?;
    // 1. Make one application, and reuse it.
    let app = PublicClientApplication::builder(&registration.client_id)
        .authority(registration.authority())
        .transport(registration.transport()?)
        .build()?;

    let (options, mut scopes): (Vec<String>, Vec<String>) =
        env::args().skip(1).partition(|one| one.starts_with("--"));
    if scopes.is_empty() {
        scopes.push("User.Read".to_owned());
    }
    let mode = match options.iter().any(|option| option == "--query") {
        true => ResponseMode::Query,
        false => ResponseMode::FormPost,
    };
    match token(&app, &registration, &scopes, mode).await {
        Ok(result) => describe("first", &result),
        // The user closed the door: no failure to retry.
        Err(error) if error.code() == Some("access_denied") => {
            eprintln!("access_denied: the user does not want that");
            return Ok(ExitCode::FAILURE);
        }
        Err(error) => return Err(error.into()),
    }
    describe("second", &token(&app, &registration, &scopes, mode).await?);
    Ok(ExitCode::SUCCESS)
}

async fn token(
    app: &PublicClientApplication,
    registration: &Registration,
    scopes: &[String],
    mode: ResponseMode,
) -> Result<AuthenticationResult, msal::Error> {
    // 2. Whoever signed in before need not do so again: ask the cache, and the user only when it must be.
    if let Some(account) = app.accounts().await?.first() {
        match app.acquire_token_silent(scopes, account).await {
            Err(error) if error.needs_interaction() => {}
            outcome => return outcome,
        }
    }
    // 3. Open the browser, and wait.
    let mut call = app.acquire_token_interactive(scopes).response_mode(mode);
    if let Some(program) = env::var_os("MSAL_BROWSER") {
        call = call.open_with(program);
    } else if let Some(local) = registration.local() {
        call = call.browser(person::who_signs_in(local));
    }
    call.await
}
