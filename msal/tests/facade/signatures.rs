//! Id tokens whose signatures are checked by the keys that the provider publishes.

use msal::ErrorKind;
use msal_testing::{Endpoint, Fault, LocalIdentityProvider, OidcIssuer, Tenant, defaults};

use crate::stage::{Stage, authority};

const SCOPES: [&str; 1] = ["User.Read"];
const REDIRECT_URI: &str = "http://localhost:8000";
const ISSUER: &str = "https://id.example.com/realms/main";

#[tokio::test]
async fn every_kind_of_provider_signs_what_its_keys_confirm() {
    let b2c = format!(
        "https://contoso.b2clogin.com/{}/b2c_1_signin",
        defaults::TENANT_DOMAIN
    );
    for (authority, username) in [
        (
            "https://login.microsoftonline.com/common",
            defaults::USERNAME,
        ),
        ("https://adfs.contoso.com/adfs", defaults::USERNAME),
        (&*b2c, defaults::USERNAME),
        ("https://myciam.ciamlogin.com", defaults::OTHER_USERNAME),
        (ISSUER, defaults::USERNAME),
    ] {
        let issuer = OidcIssuer::new(ISSUER).unwrap();
        let ciam = Tenant::new(defaults::OTHER_TENANT_ID, "ciam").domain("myciam.onmicrosoft.com");
        let provider = LocalIdentityProvider::builder()
            .oidc_issuer(issuer)
            .tenant(ciam);
        let stage = Stage::with(provider.start().unwrap());
        let builder = stage.desktop().verify_id_tokens(true);
        let app = match authority == ISSUER {
            true => builder.oidc_authority(authority).build().unwrap(),
            false => builder.authority(authority).build().unwrap(),
        };
        for _ in 0..2 {
            let flow = app.initiate_auth_code_flow(SCOPES, REDIRECT_URI).await;
            let flow = flow.unwrap();
            let response = stage.sign_in(&flow, username);
            let signed_in = app.acquire_token_by_auth_code_flow(flow, &response).await;
            let signed_in = signed_in.unwrap_or_else(|error| panic!("{authority}: {error}"));
            assert!(signed_in.id_token_claims().is_some(), "{authority}");
            assert_eq!(stage.provider.count(Endpoint::Keys), 1, "{authority}");
        }
    }
}

#[test]
fn a_key_that_the_provider_does_not_name_signs_nobody_in() {
    let stage = Stage::new();
    let builder = stage.command().authority(authority());
    let app = builder.verify_id_tokens(true).build().unwrap();
    let other_keys = Fault::json(200, r#"{"keys":[]}"#).on(Endpoint::Keys);
    stage.provider.script(other_keys);
    let sign_in = || {
        let flow = app.initiate_auth_code_flow(SCOPES, REDIRECT_URI).send();
        let flow = flow.unwrap();
        let response = stage.sign_in(&flow, defaults::USERNAME);
        app.acquire_token_by_auth_code_flow(flow, &response).send()
    };
    let error = sign_in().unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::InvalidResponse("id token"));
    assert!(app.accounts().send().unwrap().is_empty());
    assert_eq!(stage.token_requests(), 1);

    // The true keys are looked for after some minutes, and serve for renewals too.
    stage.clock.advance_uptime(300);
    let signed_in = sign_in().unwrap();
    stage.clock.advance(3600);
    let account = signed_in.account().unwrap();
    app.acquire_token_silent(SCOPES, account).send().unwrap();
    assert_eq!(stage.provider.count(Endpoint::Keys), 2);
}
