use msal_testing::defaults::{API, USER_OBJECT_ID, USERNAME};
use msal_testing::{Endpoint, LocalIdentityProvider};

use crate::client::{Client, Response};
use crate::user::App;

#[test]
fn graph_tells_a_tokens_user_who_they_are() {
    let provider = LocalIdentityProvider::start().unwrap();
    let response = ask(&provider, ME, &token(&provider, "User.Read"));
    assert_eq!(response.status, 200);
    let body = response.json();
    assert_eq!(body["displayName"], "Alice Contoso");
    assert_eq!(body["id"], USER_OBJECT_ID);
    assert_eq!(body["userPrincipalName"], USERNAME);
    assert_eq!(provider.count(Endpoint::Graph), 1);
}

#[test]
fn graph_refuses_what_is_no_token_for_it() {
    let provider = LocalIdentityProvider::start().unwrap();
    let good = token(&provider, "User.Read");
    let (message, signature) = good.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{message}.{first}{}", &signature[1..]);
    let for_another = token(&provider, &format!("{API}/Task.Read"));
    for wrong in ["", "nonsense", &forged, &for_another] {
        assert_refused(&ask(&provider, ME, wrong), wrong);
    }
    let without = Client::of(&provider).get(ME).unwrap();
    assert_refused(&without, "no header");

    provider.set_clock_offset(24 * 3600);
    assert_refused(&ask(&provider, ME, &good), "a token of yesterday");
}

#[test]
fn graph_has_nothing_else() {
    let provider = LocalIdentityProvider::start().unwrap();
    let url = "https://graph.microsoft.com/v1.0/users";
    let response = ask(&provider, url, &token(&provider, "User.Read"));
    assert_eq!(response.status, 404);
    assert_eq!(response.json()["error"]["code"], "ResourceNotFound");
}

fn token(provider: &LocalIdentityProvider, scope: &str) -> String {
    let tokens = App::desktop(provider).scope(scope).tokens(USERNAME);
    tokens["access_token"].as_str().unwrap().to_owned()
}

fn ask(provider: &LocalIdentityProvider, url: &str, token: &str) -> Response {
    let header = format!("Bearer {token}");
    Client::of(provider)
        .send("GET", url, &[("Authorization", &header)], "")
        .unwrap()
}

fn assert_refused(response: &Response, what: &str) {
    assert_eq!(response.status, 401, "{what}");
    assert_eq!(
        response.json()["error"]["code"],
        "InvalidAuthenticationToken"
    );
    let header = response.header("www-authenticate").unwrap();
    assert!(header.starts_with("Bearer "), "{header}");
}

const ME: &str = "https://graph.microsoft.com/v1.0/me";
