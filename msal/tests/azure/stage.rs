use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::http::{ClientMethodOptions, Context};
use msal::azure::TokenContext;
use msal::{
    Builder, ClientCredential, ConfidentialClientApplication, Error, PublicClientApplication,
    ReqwestTransport, Url,
};
use msal_testing::{AuthorizationAnswer, LocalIdentityProvider, defaults};

pub(crate) const GRAPH: &str = "https://graph.microsoft.com/.default";
pub(crate) const VAULT: &str = "https://vault.azure.net/.default";

pub(crate) fn transport(provider: &LocalIdentityProvider) -> ReqwestTransport {
    ReqwestTransport::builder()
        .proxy(provider.proxy_url())
        .add_root_certificates_pem(provider.ca_pem())
        .build()
        .unwrap()
}

pub(crate) fn daemon(provider: &LocalIdentityProvider) -> ConfidentialClientApplication {
    confidential(
        provider,
        defaults::SECRET_CLIENT_ID,
        defaults::CLIENT_SECRET,
    )
}

pub(crate) fn confidential(
    provider: &LocalIdentityProvider,
    client_id: &str,
    secret: &str,
) -> ConfidentialClientApplication {
    ConfidentialClientApplication::builder(client_id)
        .authority(provider.authority())
        .credential(ClientCredential::from_secret(secret))
        .transport(transport(provider))
        .build()
        .unwrap()
}

pub(crate) fn desktop(provider: &LocalIdentityProvider) -> Builder<PublicClientApplication> {
    PublicClientApplication::builder(defaults::PUBLIC_CLIENT_ID)
        .authority(provider.authority())
        .transport(transport(provider))
}

/// A call as the SDK makes it, on a task of its own: its future is `Send`.
pub(crate) async fn ask(
    credential: Arc<dyn TokenCredential>,
    scope: &'static str,
    context: Option<TokenContext>,
) -> azure_core::Result<AccessToken> {
    let task = tokio::spawn(async move {
        let options = context.map(|context| TokenRequestOptions {
            method_options: ClientMethodOptions {
                context: Context::new().with_value(context),
            },
        });
        credential.get_token(&[scope], options).await
    });
    task.await.unwrap()
}

/// Our error inside the SDK's.
pub(crate) fn ours(error: &azure_core::Error) -> &Error {
    assert_eq!(error.kind(), &azure_core::error::ErrorKind::Credential);
    error.downcast_ref().unwrap()
}

/// Brings what a sign-in gave to the listener that waits for it, as a browser would.
pub(crate) fn deliver(answer: &AuthorizationAnswer) {
    let (method, url, body) = match answer.body() {
        Some(body) => ("POST", answer.redirect_uri(), body),
        None => ("GET", answer.location().unwrap(), String::new()),
    };
    let url: Url = url.parse().unwrap();
    let port = url.port().unwrap();
    let path = url.path();
    let query = url
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    let head = format!(
        "{method} {path}{query} HTTP/1.1\r\nhost: localhost:{port}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all((head + &body).as_bytes()).unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
}
