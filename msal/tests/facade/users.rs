//! Users who sign in, come back, and sign out.

use msal::{ErrorKind, TokenSource};
use msal_testing::defaults;

use crate::stage::Stage;

const SCOPES: [&str; 1] = ["User.Read"];

#[tokio::test]
async fn a_user_signs_in_once_comes_back_in_silence_and_signs_out() {
    let stage = Stage::new();
    let app = stage.desktop().build().unwrap();
    assert!(app.accounts().await.unwrap().is_empty());

    let redirect_uri = "http://localhost:8000";
    let flow = app
        .initiate_auth_code_flow(SCOPES, redirect_uri)
        .await
        .unwrap();
    let response = stage.sign_in(&flow, defaults::USERNAME);
    let signed_in = app
        .acquire_token_by_auth_code_flow(flow, &response)
        .await
        .unwrap();
    assert_eq!(signed_in.token_source(), TokenSource::IdentityProvider);
    let claims = signed_in.id_token_claims().unwrap();
    assert_eq!(claims.username(), Some(defaults::USERNAME));
    assert_eq!(claims.tenant_id(), Some(defaults::TENANT_ID));
    assert_eq!(signed_in.tenant_id(), defaults::TENANT_ID);
    assert!(signed_in.refresh_token().is_none());

    let accounts = app.accounts().await.unwrap();
    let [account] = &accounts[..] else {
        panic!("{accounts:?}")
    };
    assert_eq!(Some(account), signed_in.account());
    assert_eq!(account.username(), defaults::USERNAME);
    assert_eq!(account.tenant_id(), defaults::TENANT_ID);

    let asked = stage.token_requests();
    let silent = app.acquire_token_silent(SCOPES, account).await.unwrap();
    assert_eq!(silent.token_source(), TokenSource::Cache);
    assert_eq!(silent.access_token(), signed_in.access_token());
    assert_eq!(
        silent.id_token_claims().unwrap().username(),
        Some(defaults::USERNAME)
    );
    assert_eq!(stage.token_requests(), asked);

    stage.clock.advance(3600);
    let renewed = app.acquire_token_silent(SCOPES, account).await.unwrap();
    assert_eq!(renewed.token_source(), TokenSource::IdentityProvider);
    assert_eq!(renewed.account(), Some(account));
    assert_eq!(stage.token_requests(), asked + 1);

    assert!(app.remove_account(account).await.unwrap());
    assert!(!app.remove_account(account).await.unwrap());
    assert!(app.accounts().await.unwrap().is_empty());
    let error = app.acquire_token_silent(SCOPES, account).await.unwrap_err();
    assert!(error.needs_interaction(), "{error}");
    assert_eq!(stage.token_requests(), asked + 1);
}

#[test]
fn a_command_does_the_same_without_a_runtime() {
    let stage = Stage::new();
    let app = stage.command().build().unwrap();
    let flow = app.initiate_device_code_flow(SCOPES).send().unwrap();
    assert!(
        flow.prompt().contains(flow.user_code()),
        "{}",
        flow.prompt()
    );
    stage
        .provider
        .approve_device(flow.user_code(), defaults::USERNAME)
        .unwrap();
    let signed_in = app.acquire_token_by_device_code(flow).send().unwrap();
    let account = signed_in.account().unwrap();
    assert_eq!(account.username(), defaults::USERNAME);

    let silent = app
        .acquire_token_silent(["user.read"], account)
        .send()
        .unwrap();
    assert_eq!(silent.token_source(), TokenSource::Cache);
    let found = app.accounts().username("ALICE@contoso.com").send().unwrap();
    assert_eq!(found, std::slice::from_ref(account));
    let error = app
        .acquire_token_silent(["Files.ReadWrite"], account)
        .cache_only()
        .send();
    assert_eq!(*error.unwrap_err().kind(), ErrorKind::NotCached);
}
