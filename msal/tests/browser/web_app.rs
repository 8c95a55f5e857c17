//! A web app signs its user in, calls Microsoft Graph, and signs them out.

use msal_testing::{Endpoint, LocalIdentityProvider, defaults};
use serde_json::json;
use ureq::Agent;

use crate::chromium::Chromium;
use crate::example::Example;
use crate::{sign_in, sign_in_as, stage};

#[test]
fn a_user_signs_in_calls_an_api_and_signs_out() {
    let Some((provider, chromium)) = stage() else {
        return;
    };
    let (_app, url) = Example::web_app(&provider);
    chromium.open(&format!("{url}/me"));
    chromium.wait_for_title(NOBODY);
    chromium.click("#sign-in");
    sign_in(&chromium, defaults::USERNAME, "not-her-password");
    let error = chromium.text("#error");
    assert!(error.contains("password is incorrect"), "{error}");
    sign_in_as(&chromium, defaults::USERNAME);

    chromium.wait_for_title("Hello, Alice Contoso");
    assert_eq!(chromium.url(), format!("{url}/"));
    assert_eq!(chromium.text("#user"), defaults::USERNAME);
    let posted = provider.requests(Endpoint::Authorize);
    let mode = posted.first().unwrap().query_parameter("response_mode");
    assert_eq!(mode.as_deref(), Some("form_post"));

    for _ in 0..2 {
        chromium.open(&format!("{url}/me"));
        let profile = chromium.text("#profile");
        assert!(profile.contains(defaults::USER_OBJECT_ID), "{profile}");
        assert_eq!(chromium.text("#source"), "by a token from cache");
    }
    assert_eq!(provider.count(Endpoint::Token), 1);
    assert_eq!(provider.count(Endpoint::Graph), 2);

    chromium.open(&url);
    chromium.click("#sign-out");
    chromium.wait_for_title(NOBODY);
    assert_eq!(provider.count(Endpoint::EndSession), 1);
    // Nor is anybody at the identity provider.
    chromium.click("#sign-in");
    chromium.wait_for_title("Sign in");
    chromium.text("#i0118");
}

#[test]
fn who_is_signed_in_at_the_identity_provider_need_not_type_again() {
    let Some((provider, chromium)) = stage() else {
        return;
    };
    for _ in 0..2 {
        let (_app, url) = Example::web_app(&provider);
        chromium.open(&url);
        chromium.wait_for_title(NOBODY);
        chromium.click("#sign-in");
        if provider.count(Endpoint::Login) == 0 {
            sign_in_as(&chromium, defaults::MFA_USERNAME);
            chromium.type_into("#idTxtBx_SAOTCC_OTC", defaults::MFA_CODE);
            chromium.click("#idSubmit_SAOTCC_Continue");
        }
        chromium.wait_for_title("Hello, Mia Contoso");
    }
    assert_eq!(provider.count(Endpoint::Login), 2);
}

#[test]
fn a_user_whose_tokens_were_revoked_is_asked_to_sign_in_again() {
    let Some((provider, chromium)) = stage() else {
        return;
    };
    let (_app, url) = Example::web_app(&provider);
    // So short that each request renews it.
    provider.set_lifetime(60);
    sign_in_at(&chromium, &url);
    assert_eq!(provider.revoke(defaults::USERNAME), 1);

    chromium.open(&format!("{url}/me"));
    sign_in_as(&chromium, defaults::USERNAME);
    chromium.wait_for_title("Hello, Alice Contoso");
}

#[test]
fn what_a_resource_demands_of_its_users_reaches_the_login_page() {
    let Some((provider, chromium)) = stage() else {
        return;
    };
    let (_app, url) = Example::web_app(&provider);
    provider.set_lifetime(60);
    sign_in_at(&chromium, &url);
    let demanded = json!({ "access_token": { "acrs": { "essential": true, "value": "c1" } } });
    provider.demand_claims(defaults::GRAPH, demanded);
    provider.clear_journal();

    chromium.open(&format!("{url}/me"));
    chromium.wait_for_title("Hello, Alice Contoso");
    let requests = provider.requests(Endpoint::Authorize);
    let claims = requests.first().unwrap().query_parameter("claims").unwrap();
    assert!(claims.contains("acrs"), "{claims}");
    chromium.open(&format!("{url}/me"));
    chromium.text("#profile");
}

#[test]
fn a_user_who_cancels_is_not_signed_in() {
    let Some((provider, chromium)) = stage() else {
        return;
    };
    let (_app, url) = Example::web_app(&provider);
    chromium.open(&url);
    chromium.click("#sign-in");
    chromium.click("#idBtn_Back");
    chromium.wait_for_title("You are not signed in");
    assert_eq!(chromium.text("#error"), "access_denied");
    chromium.open(&url);
    chromium.wait_for_title(NOBODY);
    assert_eq!(provider.count(Endpoint::Token), 0);
}

#[test]
fn a_response_to_somebody_elses_sign_in_is_refused_and_ours_goes_on() {
    let Some((provider, chromium)) = stage() else {
        return;
    };
    let (_app, url) = Example::web_app(&provider);
    chromium.open(&url);
    chromium.click("#sign-in");
    chromium.wait_for_title("Sign in");
    let login = chromium.url();

    let forged = answer_of_somebody_else(&provider, &url);
    post_from_another_site(&chromium, &format!("{url}/auth/redirect"), &forged);
    chromium.wait_for_title("Sorry");
    chromium.open(&url);
    chromium.wait_for_title(NOBODY);
    assert_eq!(provider.count(Endpoint::Token), 0);

    chromium.open(&login);
    sign_in_as(&chromium, defaults::USERNAME);
    chromium.wait_for_title("Hello, Alice Contoso");
}

#[test]
fn another_sites_form_signs_nobody_out() {
    let Some((provider, chromium)) = stage() else {
        return;
    };
    let (_app, url) = Example::web_app(&provider);
    sign_in_at(&chromium, &url);

    post_from_another_site(&chromium, &format!("{url}/sign-out"), &[]);
    chromium.wait_for_title("Sorry");
    chromium.open(&url);
    chromium.wait_for_title("Hello, Alice Contoso");
    assert_eq!(provider.count(Endpoint::EndSession), 0);
}

fn sign_in_at(chromium: &Chromium, url: &str) {
    chromium.open(url);
    chromium.click("#sign-in");
    sign_in_as(chromium, defaults::USERNAME);
    chromium.wait_for_title("Hello, Alice Contoso");
}

/// Somebody's own answer for the app, of a sign-in that they began and did not end.
fn answer_of_somebody_else(provider: &LocalIdentityProvider, url: &str) -> Vec<(String, String)> {
    let config = Agent::config_builder().proxy(None).max_redirects(0);
    let agent = config.build().new_agent();
    let begun = agent
        .post(format!("{url}/sign-in"))
        .header("origin", url)
        .send_empty()
        .unwrap();
    let authorize = begun.headers()["location"].to_str().unwrap();
    let answer = provider.sign_in(authorize, defaults::USERNAME, defaults::PASSWORD);
    answer.unwrap().parameters().to_vec()
}

fn post_from_another_site(chromium: &Chromium, action: &str, fields: &[(String, String)]) {
    let inputs: String = fields
        .iter()
        .map(|(name, value)| format!("<input name='{name}' value='{value}'>"))
        .collect();
    let form =
        format!("<form method=post action='{action}'>{inputs}<button id=go>Go</button></form>");
    let encoded: String = form.bytes().map(|byte| format!("%{byte:02x}")).collect();
    chromium.open(&format!("data:text/html,{encoded}"));
    chromium.click("#go");
}

const NOBODY: &str = "Nobody is signed in";
