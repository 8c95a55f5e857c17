//! The example, with the SDK's own client of Key Vault.

use msal_testing::{Endpoint, defaults};

use crate::key_vault::read_secret;
use crate::key_vault::support::Registration;

#[tokio::test]
async fn a_client_of_the_sdk_shows_the_token_to_the_vault() {
    let registration =
        Registration::at_local_provider(defaults::SECRET_CLIENT_ID, defaults::CLIENT_SECRET)
            .unwrap();
    let read = read_secret(&registration, "https://local.vault.azure.net").await;
    assert_eq!(read.unwrap(), defaults::VAULT_SECRET_VALUE);

    let provider = registration.local().unwrap();
    let asked = provider.requests(Endpoint::KeyVault);
    let shown: Vec<_> = asked
        .iter()
        .map(|request| request.header("authorization"))
        .collect();
    assert_eq!(shown.len(), 2);
    assert_eq!(shown[0], None);
    assert!(shown[1].unwrap().starts_with("Bearer ey"));
    let form = String::from_utf8(provider.requests(Endpoint::Token)[0].body.to_vec()).unwrap();
    assert!(
        form.contains("scope=https%3A%2F%2Fvault.azure.net%2F.default"),
        "{form}"
    );
}
