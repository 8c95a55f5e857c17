//! Whom a response comes from, and where its code goes.

use msal_core::app::{ApplicationBuilder, AuthCodeOptions, CallOptions};
use msal_core::{Error, ErrorKind, run};
use serde_json::json;

use crate::script::*;
use crate::site::*;
use crate::users::*;

const COMMON: &str = "https://login.microsoftonline.com/common";

fn oidc(names_issuer: bool) -> Site {
    let metadata = json!({
        "issuer": "https://idp.example", "token_endpoint": "https://idp.example/token",
        "authorization_endpoint": "https://idp.example/authorize",
        "authorization_response_iss_parameter_supported": names_issuer,
    });
    let builder = ApplicationBuilder::new("client").oidc_authority("https://idp.example");
    Site::new(builder.authority_settings(settings(&metadata)))
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Redeems a response with `more` in it; the error, if it was refused before anything was sent.
fn refusal(site: &Site, more: &str) -> Option<Error> {
    let flow = site.begin(AuthCodeOptions::default());
    let response = format!("code=c&state={}{more}", state(&flow));
    let (outcome, script) = site.end(flow, &response, oauth_error(400, "invalid_grant"));
    let error = outcome.unwrap_err();
    assert_eq!(script.log().is_empty(), error.code().is_none(), "{error}");
    Some(error).filter(|error| error.code().is_none())
}

#[test]
fn an_issuer_in_the_response_must_be_the_flows() {
    let wrong = ErrorKind::InvalidResponse("authorization response");
    let site = oidc(false);
    assert!(refusal(&site, "").is_none());
    assert!(refusal(&site, "&iss=https%3A%2F%2Fidp.example").is_none());
    for iss in [
        "",
        "https://idp.example.evil.example",
        "https://evil.example",
        "http://idp.example",
        "https://idp.example/other",
        "https://IDP.example",
    ] {
        let error = refusal(&site, &format!("&iss={}", encoded(iss))).unwrap();
        assert_eq!(error.kind(), &wrong, "{iss}");
    }
    let twice = "&iss=https%3A%2F%2Fidp.example&iss=https%3A%2F%2Fidp.example";
    assert_eq!(refusal(&site, twice).unwrap().kind(), &wrong);
}

#[test]
fn an_issuer_that_the_metadata_promises_must_be_there() {
    let site = oidc(true);
    assert!(refusal(&site, "").is_some());
    assert!(refusal(&site, "&iss=https%3A%2F%2Fidp.example").is_none());
    // An error may be as forged as a code.
    let flow = site.begin(AuthCodeOptions::default());
    let response = format!("error=access_denied&state={}", state(&flow));
    let error = site.end(flow, &response, token("no")).0.unwrap_err();
    assert_eq!(error.code(), None);
}

#[test]
fn a_template_in_the_issuer_stands_for_one_tenants_id() {
    let site = Site::new(public_builder().authority(COMMON));
    let iss = |tenant: &str| {
        let iss = format!("https://login.microsoftonline.com/{tenant}/v2.0");
        format!("&iss={}", encoded(&iss))
    };
    assert!(refusal(&site, &iss(TENANT)).is_none());
    for tenant in ["{tenantid}", "common", "", "a1a1a1a1", "evil.example"] {
        assert!(refusal(&site, &iss(tenant)).is_some(), "{tenant}");
    }
    let tenanted = Site::new(public_builder());
    assert!(refusal(&tenanted, &iss(TENANT)).is_none());
    assert!(refusal(&tenanted, &iss(AWAY)).is_some());
}

#[test]
fn the_response_of_one_provider_is_not_redeemed_at_another() {
    let (ours, theirs) = (oidc(true), Site::new(public_builder()));
    let flow = ours.begin(AuthCodeOptions::default());
    let other = theirs.begin(AuthCodeOptions::default());
    let iss = encoded(&format!("https://login.microsoftonline.com/{TENANT}/v2.0"));
    for state in [state(&flow), state(&other)] {
        let response = format!("code=c&state={state}&iss={iss}");
        let flow = ours.begin(AuthCodeOptions::default());
        let (outcome, script) = ours.end(flow, &response, token("no"));
        outcome.unwrap_err();
        assert_eq!(script.log(), [""; 0]);
    }
    let response = format!("code=c&state={}&iss={iss}", state(&flow));
    let (outcome, script) = ours.end(flow, &response, token("no"));
    outcome.unwrap_err();
    assert_eq!(script.log(), [""; 0]);
}

#[test]
fn nothing_in_a_response_moves_the_token_endpoint() {
    let site = site();
    for more in [
        "&token_endpoint=https%3A%2F%2Fevil.example",
        "&cloud_instance_host_name=login.microsoftonline.us",
        "&cloud_instance_host_name=evil.example",
        "&msgraph_host=evil.example&cloud_instance_name=x",
    ] {
        let flow = site.begin(AuthCodeOptions::default());
        let (response, reply) = good(&flow);
        let (outcome, script) = site.end(flow, &format!("{response}{more}"), reply);
        outcome.unwrap();
        assert_eq!(script.log(), [format!("POST {TOKEN_URL}")], "{more}");
    }
}

/// Where the code goes of an instance aware sign-in, whose response has `more` in it.
fn redeemed_at(site: &Site, more: &str) -> String {
    let flow = site.begin(sign_in_options(|options| options.instance_aware = true));
    let response = format!("code=c&state={}{more}", state(&flow));
    let end = site
        .app
        .acquire_token_by_auth_code_flow(flow, &response, CallOptions::default());
    let script = Script::new(&site.clock, [oauth_error(400, "invalid_grant")]);
    run(end, &script).unwrap_err();
    assert_eq!(script.log().len(), 1, "{more}");
    script.log().remove(0).split_off("POST ".len())
}

#[test]
fn an_instance_aware_sign_in_is_redeemed_in_the_users_cloud_if_that_is_built_in() {
    let site = Site::new(public_builder().authority(COMMON));
    let host = |host: &str| format!("&cloud_instance_host_name={host}");
    for us in [
        "login.microsoftonline.us",
        "LOGIN.MICROSOFTONLINE.US",
        "login.usgovcloudapi.net",
    ] {
        assert_eq!(
            redeemed_at(&site, &host(us)),
            "https://login.microsoftonline.us/common/oauth2/v2.0/token"
        );
    }
    for other in [
        "evil.example",
        "login.microsoftonline.us.evil.example",
        "login.microsoftonline.us%2F..%2Fevil",
        "evil.example%2Flogin.microsoftonline.us",
        "login.microsoftonline.us%40evil.example",
        "login.microsoftonline.us:8443",
        "%20login.microsoftonline.us",
        "",
        "login.microsoftonline.us&cloud_instance_host_name=login.microsoftonline.us",
    ] {
        let at = redeemed_at(&site, &host(other));
        assert_eq!(at, format!("{COMMON}/oauth2/v2.0/token"), "{other}");
    }
}

#[test]
fn only_entra_id_has_instances_to_be_aware_of() {
    let more = "&cloud_instance_host_name=login.microsoftonline.us";
    assert_eq!(redeemed_at(&oidc(false), more), "https://idp.example/token");
}

#[test]
fn a_user_of_another_cloud_is_kept_in_that_cloud() {
    let site = Site::new(public_builder().authority(COMMON));
    let flow = site.begin(sign_in_options(|options| options.instance_aware = true));
    let mut claims = claims();
    claims["nonce"] = parameter(&flow, "nonce").unwrap().into();
    claims["iss"] = format!("https://login.microsoftonline.us/{TENANT}/v2.0").into();
    let more = "cloud_instance_host_name=login.microsoftonline.us";
    let response = format!("code=c&state={}&{more}", state(&flow));
    let (outcome, _) = site.end(flow, &response, Answer::about("us", &claims).reply());
    let account = outcome.unwrap().account().unwrap().clone();
    assert_eq!(account.environment(), "login.microsoftonline.us");
    assert!(
        accounts(&site.app).is_empty(),
        "it is no account of this cloud"
    );
    // The token of the one cloud is not taken for the other's.
    let flow = site.begin(sign_in_options(|options| options.instance_aware = true));
    claims["nonce"] = parameter(&flow, "nonce").unwrap().into();
    let response = format!("code=c&state={}", state(&flow));
    let (outcome, _) = site.end(flow, &response, Answer::about("us", &claims).reply());
    assert_eq!(
        outcome.unwrap_err().kind(),
        &ErrorKind::InvalidResponse("id token")
    );
}
