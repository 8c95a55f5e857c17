//! Applications for themselves, for their machine, and for whoever called them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use azure_core::credentials::TokenCredential;
use msal::azure::{OnBehalfOfCredential, TokenContext};
use msal::{ErrorKind, Machine, ManagedIdentityApplication, ManagedIdentityId};
use msal_testing::{Endpoint, LocalIdentityProvider, defaults};

use crate::stage::{GRAPH, VAULT, ask, confidential, daemon, desktop, ours, transport};

#[tokio::test(flavor = "multi_thread")]
async fn an_application_gives_the_sdk_its_own_token_from_the_cache() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = daemon(&provider);
    let first = ask(Arc::new(app.clone()), VAULT, None).await.unwrap();
    let again = ask(Arc::new(app.clone()), VAULT, None).await.unwrap();
    assert_eq!(first.token.secret(), again.token.secret());
    let ours = app.acquire_token_for_client([VAULT]).await.unwrap();
    assert_eq!(ours.access_token().expose(), first.token.secret());
    let ends = SystemTime::from(ours.expires_on());
    assert_eq!(SystemTime::from(first.expires_on), ends);
    assert!(ends > SystemTime::now() + Duration::from_secs(600));
    assert_eq!(provider.count(Endpoint::Token), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_context_names_tenant_and_claims() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = daemon(&provider);
    ask(Arc::new(app.clone()), GRAPH, None).await.unwrap();
    let challenge = r#"{"access_token":{"nbf":{"essential":true,"value":"1"}}}"#;
    let context = TokenContext::new()
        .tenant(defaults::OTHER_TENANT_ID)
        .claims(challenge);
    assert!(!format!("{context:?}").contains("nbf"));
    ask(Arc::new(app.clone()), GRAPH, Some(context.clone()))
        .await
        .unwrap();
    ask(Arc::new(app), GRAPH, Some(context)).await.unwrap();
    let asked = provider.requests(Endpoint::Token);
    assert_eq!(asked.len(), 3, "claims go past the cache");
    assert!(asked[1].path.contains(defaults::OTHER_TENANT_ID));
    let body = String::from_utf8_lossy(&asked[1].body).into_owned();
    assert!(body.contains("claims=%7B%22access_token%22"), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_has_ours_as_its_source() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = confidential(&provider, defaults::SECRET_CLIENT_ID, "canary");
    let error = ask(Arc::new(app), GRAPH, None).await.unwrap_err();
    assert_eq!(ours(&error).aadsts_codes(), [7_000_215]);
    assert!(error.to_string().contains("AADSTS7000215"), "{error}");
    assert!(!format!("{error} {error:?}").contains("canary"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_gives_its_token_for_one_scope() {
    let provider = LocalIdentityProvider::start().unwrap();
    let told = provider
        .environment(msal_testing::Machine::AppService)
        .unwrap();
    let told: HashMap<_, _> = told.into_iter().collect();
    let app = ManagedIdentityApplication::builder(ManagedIdentityId::SystemAssigned)
        .machine(Machine::read(|name| told.get(name).cloned()))
        .transport(transport(&provider))
        .build()
        .unwrap();
    ask(Arc::new(app.clone()), VAULT, None).await.unwrap();
    let context = TokenContext::new().tenant(defaults::OTHER_TENANT_ID);
    let error = ask(Arc::new(app.clone()), VAULT, Some(context))
        .await
        .unwrap_err();
    assert!(matches!(ours(&error).kind(), ErrorKind::Unsupported(_)));
    for scopes in [&[][..], &[VAULT, GRAPH]] {
        let error = app.get_token(scopes, None).await.unwrap_err();
        assert_eq!(ours(&error).kind(), &ErrorKind::InvalidArgument("scopes"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_acts_for_its_caller() {
    let provider = LocalIdentityProvider::start().unwrap();
    let caller = desktop(&provider).build().unwrap();
    let scope = format!("{}/access_as_user", defaults::API_CLIENT);
    let called = caller
        .acquire_token_by_username_password(defaults::USERNAME, defaults::PASSWORD, [scope])
        .await
        .unwrap();
    let api = confidential(
        &provider,
        defaults::API_CLIENT_ID,
        defaults::API_CLIENT_SECRET,
    );
    let bearer = called.access_token().expose();
    let credential = OnBehalfOfCredential::new(api, bearer);
    let first = ask(Arc::new(credential.clone()), GRAPH, None)
        .await
        .unwrap();
    let again = ask(Arc::new(credential.clone()), GRAPH, None)
        .await
        .unwrap();
    assert_eq!(first.token.secret(), again.token.secret());
    assert!(!format!("{credential:?}").contains(bearer));
}
