//! Tokens that are bound to a key of the program's, from the provider to the header that presents them.

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use msal::{
    AccessToken, AuthenticationResult, ErrorKind, PopAlgorithm, PopKey, PopRequest, TokenScheme,
    TokenSource,
};
use msal_testing::{Endpoint, defaults};
use serde_json::{Value, json};

use crate::stage::{SCOPE, Stage};

const URL: &str = "https://api.contoso.com/orders?top=3";

#[tokio::test]
async fn an_app_token_is_bound_to_its_key_and_presented_by_it() {
    let stage = Stage::new();
    let app = stage.asynchronous().build().unwrap();
    let key = app.generate_pop_key(PopAlgorithm::default()).unwrap();
    let scheme = || TokenScheme::signed_http_request(&key);
    let bearer = app.acquire_token_for_client([SCOPE]).await.unwrap();
    let bound = app.acquire_token_for_client([SCOPE]).scheme(scheme()).await;
    let bound = bound.unwrap();
    assert_eq!(bound.token_source(), TokenSource::IdentityProvider);
    assert_eq!(bound.token_type(), "pop");
    assert_ne!(bound.access_token(), bearer.access_token());
    assert_eq!(
        confirmation(bound.access_token()),
        json!({ "kid": key.thumbprint() })
    );
    let sent = &stage.provider.requests(Endpoint::Token)[1];
    assert_eq!(sent.form_field("token_type").as_deref(), Some("pop"));

    for (scheme, expected) in [(scheme(), &bound), (TokenScheme::BEARER, &bearer)] {
        let found = app.acquire_token_for_client([SCOPE]).scheme(scheme).await;
        let found = found.unwrap();
        assert_eq!(found.token_source(), TokenSource::Cache);
        assert_eq!(found.access_token(), expected.access_token());
    }

    let error = bound.authorization_header().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Unsupported(_)), "{error}");
    let claims = presented(&bound, &key, Algorithm::PS256);
    assert_eq!(claims["at"], bound.access_token().expose());
    assert_eq!(claims["m"], "DELETE");
    assert_eq!(claims["u"], "api.contoso.com");
    assert_eq!(claims["p"], "/orders");
    assert_eq!(claims["q"][0], json!(["top"]));
    assert_eq!(claims["nonce"], "from-the-api");
}

#[test]
fn a_users_token_stays_bound_when_it_is_found_and_when_it_is_renewed() {
    let stage = Stage::new();
    let app = stage.command().build().unwrap();
    let key = app.generate_pop_key(PopAlgorithm::Es256).unwrap();
    let scheme = TokenScheme::signed_http_request(&key);
    let scopes = ["User.Read"];
    let flow = app
        .initiate_device_code_flow(scopes)
        .scheme(scheme.clone())
        .send()
        .unwrap();
    stage
        .provider
        .approve_device(flow.user_code(), defaults::USERNAME)
        .unwrap();
    let signed_in = app.acquire_token_by_device_code(flow).send().unwrap();
    let account = signed_in.account().unwrap().clone();
    let silent = |scheme: &TokenScheme| {
        let call = app.acquire_token_silent(scopes, &account);
        call.scheme(scheme.clone()).send().unwrap()
    };
    let found = silent(&scheme);
    assert_eq!(found.token_source(), TokenSource::Cache);
    assert_eq!(found.access_token(), signed_in.access_token());
    stage.clock.advance(3600);
    let renewed = silent(&scheme);
    assert_eq!(renewed.token_source(), TokenSource::IdentityProvider);
    for result in [&signed_in, &renewed] {
        assert_eq!(result.token_type(), "pop");
        assert_eq!(confirmation(result.access_token())["kid"], key.thumbprint());
        presented(result, &key, Algorithm::ES256);
    }
    let bearer = silent(&TokenScheme::BEARER);
    assert_eq!(bearer.token_type(), "Bearer");
    assert_eq!(confirmation(bearer.access_token()), Value::Null);
}

/// The claims of the header that presents `result`, whose signature is right.
fn presented(result: &AuthenticationResult, key: &PopKey, algorithm: Algorithm) -> Value {
    let request = PopRequest::new("delete", URL)
        .and_then(|request| request.nonce("from-the-api"))
        .unwrap();
    let header = result.authorization_header_for(key, &request).unwrap();
    let signed = header.to_str().unwrap().strip_prefix("PoP ").unwrap();
    let jwk: Jwk = serde_json::from_str(key.public_jwk()).unwrap();
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    let public = DecodingKey::from_jwk(&jwk).unwrap();
    let token = jsonwebtoken::decode::<Value>(signed, &public, &validation).unwrap();
    token.claims
}

fn confirmation(token: &AccessToken) -> Value {
    let claims: Value = jsonwebtoken::dangerous::insecure_decode_claims(token.expose()).unwrap();
    claims["cnf"].clone()
}
