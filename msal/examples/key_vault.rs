//! Reads a secret with the Azure SDK's client of Key Vault, which signs in with an application of this library.
//!
//! `cargo run -p msal --features azure-core --example key_vault`
//!
//! On its own it starts a local identity provider, which plays Key Vault too. With AZURE_TENANT_ID, AZURE_CLIENT_ID,
//! AZURE_CLIENT_SECRET and VAULT_URL (such as `https://contoso.vault.azure.net`) set, it reads the secret `greeting` there.

pub(crate) mod support;

use std::env;
use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::error::ErrorKind;
use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, ClientOptions, HttpClient, Request, Transport};
use azure_security_keyvault_secrets::{SecretClient, SecretClientOptions};
use msal::{AsyncTransport, ClientCredential, ConfidentialClientApplication, ReqwestTransport};
use support::Registration;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "it is for the user to read")]
async fn main() -> Result<(), Box<dyn Error>> {
    let registration = Registration::from_environment_or_local()?;
    let vault = match registration.local() {
        Some(_) => "https://local.vault.azure.net".to_owned(),
        None => env::var("VAULT_URL")?,
    };
    let value = read_secret(&registration, &vault).await?;
    println!("greeting: {} characters", value.len());
    Ok(())
}

/// What the secret `greeting` of this vault holds.
pub(crate) async fn read_secret(
    registration: &Registration,
    vault: &str,
) -> Result<String, Box<dyn Error>> {
    let app = ConfidentialClientApplication::builder(&registration.client_id)
        .authority(registration.authority())
        .credential(ClientCredential::from_secret(&*registration.client_secret))
        .transport(registration.transport()?)
        .build()?;
    let network = Arc::new(Network(registration.transport()?));
    let options = SecretClientOptions {
        client_options: ClientOptions {
            transport: Some(Transport::new(network)),
            ..ClientOptions::default()
        },
        ..SecretClientOptions::default()
    };
    let client = SecretClient::new(vault, Arc::new(app), Some(options))?;
    let secret = client.get_secret("greeting", None).await?.into_model()?;
    Ok(secret.value.ok_or("the secret has no value")?)
}

/// The transport of this library for the SDK's own requests, so that both know the same proxy and the same certificates. A
/// program that needs neither leaves it out, and turns on `azure_core`'s feature `reqwest`.
#[derive(Debug)]
struct Network(ReqwestTransport);

#[async_trait]
impl HttpClient for Network {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let other = |error: http::Error| azure_core::Error::new(ErrorKind::DataConversion, error);
        let mut builder = http::Request::builder()
            .method(request.method().as_str())
            .uri(request.url().as_str());
        for (name, value) in request.headers().iter() {
            builder = builder.header(name.as_str(), value.as_str());
        }
        let sent = builder.body(request.body().into()).map_err(other)?;
        let answer = self.0.send(sent).await;
        let answer = answer.map_err(|error| azure_core::Error::new(ErrorKind::Io, error))?;
        let mut headers = Headers::new();
        for (name, value) in answer.headers() {
            let value = value.to_str().unwrap_or_default();
            headers.insert(name.as_str().to_owned(), value.to_owned());
        }
        let status = answer.status().as_u16();
        Ok(AsyncRawResponse::from_bytes(
            status.into(),
            headers,
            answer.into_body(),
        ))
    }
}
