//! What one call can be given, as the provider sees it.

use msal::TokenSource;
use msal_testing::{Endpoint, defaults};

use crate::stage::{SCOPE, Stage};

#[tokio::test]
async fn a_tenant_for_one_call_is_asked_and_kept_apart() {
    let stage = Stage::new();
    let app = stage.asynchronous().build().unwrap();
    let own = app.acquire_token_for_client([SCOPE]).await.unwrap();
    let call = || {
        app.acquire_token_for_client([SCOPE])
            .tenant(defaults::OTHER_TENANT_ID)
    };
    let other = call().await.unwrap();
    assert_eq!(other.token_source(), TokenSource::IdentityProvider);
    assert_eq!(other.tenant_id(), defaults::OTHER_TENANT_ID);
    assert_ne!(other.access_token(), own.access_token());
    assert_eq!(call().await.unwrap().token_source(), TokenSource::Cache);
    let again = app.acquire_token_for_client([SCOPE]).await.unwrap();
    assert_eq!(again.access_token(), own.access_token());
    let paths = stage.provider.requests(Endpoint::Token);
    assert!(
        paths[1].path.contains(defaults::OTHER_TENANT_ID),
        "{}",
        paths[1].path
    );
}

#[test]
fn extra_parameters_and_the_correlation_id_are_sent() {
    let stage = Stage::new();
    let app = stage.blocking().build().unwrap();
    let id = "0f8fad5b-d9cb-469f-a165-70867728950e".parse().unwrap();
    let result = app
        .acquire_token_for_client([SCOPE])
        .correlation_id(id)
        .extra_parameter("dc", "a b&c=d")
        .send()
        .unwrap();
    assert_eq!(result.correlation_id(), id);
    let request = &stage.provider.requests(Endpoint::Token)[0];
    assert_eq!(request.form_field("dc").as_deref(), Some("a b&c=d"));
    assert_eq!(request.header("client-request-id"), Some(&*id.to_string()));
    let plain = app.acquire_token_for_client([SCOPE]).send().unwrap();
    assert_eq!(plain.token_source(), TokenSource::IdentityProvider);
}

#[tokio::test]
async fn a_challenge_is_answered_once_and_its_token_serves_afterwards() {
    let stage = Stage::new();
    let app = stage
        .asynchronous()
        .client_capabilities(["CP1"])
        .build()
        .unwrap();
    let old = app.acquire_token_for_client([SCOPE]).await.unwrap();
    let challenge = r#"{"access_token":{"nbf":{"essential":true,"value":"1"}}}"#;
    let new = app
        .acquire_token_for_client([SCOPE])
        .claims(challenge)
        .await
        .unwrap();
    assert_ne!(new.access_token(), old.access_token());
    let found = app.acquire_token_for_client([SCOPE]).await.unwrap();
    assert_eq!(found.access_token(), new.access_token());
    let sent = stage.provider.requests(Endpoint::Token)[1]
        .form_field("claims")
        .unwrap();
    assert!(sent.contains("nbf") && sent.contains("CP1"), "{sent}");
}
