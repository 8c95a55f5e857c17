use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use msal_testing::defaults::{
    FEDERATED_USERNAME, PUBLIC_CLIENT_ID, TENANT_ID, WEB_CLIENT_ID, WEB_CLIENT_SECRET,
};
use msal_testing::{FederatedDomain, LocalIdentityProvider, User, WsTrustVersion};
use serde_json::json;

use crate::rst::{Rst, SAML_1, SAML_2, assertion};
use crate::token_errors::assert_error;
use crate::user_grants::{Fields, claims, code, decode};

#[test]
fn an_assertion_in_each_version_and_encoding_gives_the_tokens_of_its_user() {
    let provider = LocalIdentityProvider::start().unwrap();
    for (kind, grant) in [(SAML_1, GRANT_1), (SAML_2, GRANT_2)] {
        for version in [WsTrustVersion::V1_3, WsTrustVersion::February2005] {
            let assertion = obtain(&provider, &Rst::new(version).token_type(kind));
            for encoded in [
                STANDARD.encode(&assertion),
                URL_SAFE_NO_PAD.encode(&assertion),
            ] {
                let body = fields(grant, &encoded).succeed(&provider);
                let token = claims(&body["access_token"]);
                assert_eq!(token["upn"], FEDERATED_USERNAME);
                assert_eq!(
                    claims(&body["id_token"])["preferred_username"],
                    FEDERATED_USERNAME
                );
                assert_eq!(
                    decode(body["client_info"].as_str().unwrap()),
                    json!({ "uid": token["oid"], "utid": TENANT_ID })
                );
                assert!(body["refresh_token"].is_string());
            }
        }
    }
}

#[test]
fn an_assertion_is_taken_under_names_for_many_tenants() {
    let provider = LocalIdentityProvider::start().unwrap();
    let encoded = STANDARD.encode(obtain(&provider, &Rst::new(WsTrustVersion::V1_3)));
    for tenant in ["common", "organizations"] {
        let body = fields(GRANT_1, &encoded).tenant(tenant).succeed(&provider);
        assert_eq!(claims(&body["access_token"])["tid"], TENANT_ID, "{tenant}");
    }
}

#[test]
fn dsts_takes_assertions_too_and_others_do_not() {
    let provider = LocalIdentityProvider::start().unwrap();
    let encoded = STANDARD.encode(obtain(&provider, &Rst::new(WsTrustVersion::V1_3)));
    let at = |url: &str| fields(GRANT_1, &encoded).at(url).send(&provider);
    let dsts = format!("https://sts.dsts.example/dstsv2/{TENANT_ID}/oauth2/v2.0/token");
    assert_eq!(at(&dsts).status, 200);
    let ciam = at("https://contoso.ciamlogin.com/contoso.onmicrosoft.com/oauth2/v2.0/token");
    assert_eq!(ciam.json()["error"], "unsupported_grant_type");
}

#[test]
fn an_assertion_that_was_written_anew_is_refused() {
    let provider = LocalIdentityProvider::start().unwrap();
    let good = obtain(&provider, &Rst::new(WsTrustVersion::V1_3));
    let changed = [
        good.replace(FEDERATED_USERNAME, "ann@federated.contoso.com"),
        good.replace("<saml:Conditions", "\n<saml:Conditions"),
        good.replace("saml:", "s:").replace("xmlns:saml", "xmlns:s"),
        good.replace(
            "MajorVersion=\"1\" MinorVersion=\"1\"",
            "MinorVersion=\"1\" MajorVersion=\"1\"",
        ),
        good.replace("</ds:Signature>", "</ds:Signature><!-- -->"),
    ];
    for changed in changed {
        assert_ne!(changed, good);
        let response = fields(GRANT_1, &STANDARD.encode(&changed)).send(&provider);
        assert_error(&response, 400, "invalid_grant", 50_008, &changed);
    }
}

#[test]
fn what_is_no_assertion_of_that_kind_is_refused() {
    let provider = LocalIdentityProvider::start().unwrap();
    let good = obtain(&provider, &Rst::new(WsTrustVersion::V1_3));
    let unsigned = {
        let start = good.find("<ds:Signature").unwrap();
        format!("{}</saml:Assertion>", &good[..start])
    };
    let cases = [
        fields(GRANT_2, &STANDARD.encode(&good)),
        fields(GRANT_1, &good),
        fields(GRANT_1, "AAAA"),
        fields(GRANT_1, &STANDARD.encode("<a/>")),
        fields(GRANT_1, &STANDARD.encode(unsigned)),
        fields(GRANT_1, &STANDARD.encode(format!("<!DOCTYPE a>{good}"))),
    ];
    for case in cases {
        let response = case.send(&provider);
        assert_error(
            &response,
            400,
            "invalid_grant",
            50_008,
            &format!("{case:?}"),
        );
    }
    let missing = fields(GRANT_1, "").send(&provider);
    assert_error(&missing, 400, "invalid_request", 900_144, "nothing");
    let web = fields(GRANT_1, &STANDARD.encode(&good)).with("client_id", WEB_CLIENT_ID);
    let response = web.send(&provider);
    assert_error(&response, 401, "invalid_client", 7_000_218, "no secret");
    web.with("client_secret", WEB_CLIENT_SECRET)
        .succeed(&provider);
}

#[test]
fn an_assertion_has_its_time_and_its_audience() {
    let provider = LocalIdentityProvider::builder()
        .federated_domain(
            FederatedDomain::new("brief.example", "sts.brief.example").assertion_lifetime(60),
        )
        .user(User::new(
            "u@brief.example",
            "5d7b9f10-0000-4000-8000-00000000000b",
        ))
        .start()
        .unwrap();
    let brief = Rst::new(WsTrustVersion::V1_3)
        .at("sts.brief.example")
        .user("u@brief.example");
    let encoded = STANDARD.encode(obtain(&provider, &brief));
    fields(GRANT_1, &encoded).succeed(&provider);
    provider.set_clock_offset(400);
    let late = fields(GRANT_1, &encoded).send(&provider);
    assert_error(&late, 400, "invalid_grant", 500_133, "late");
    provider.set_clock_offset(0);

    let china = brief.text(
        "urn:federation:MicrosoftOnline",
        "urn:federation:partner.microsoftonline.cn",
    );
    let encoded = STANDARD.encode(obtain(&provider, &china));
    let elsewhere = fields(GRANT_1, &encoded);
    assert_eq!(
        code(&elsewhere.send(&provider)),
        50_008,
        "for another cloud"
    );
    let url = format!("https://login.partner.microsoftonline.cn/{TENANT_ID}/oauth2/v2.0/token");
    elsewhere.at(&url).succeed(&provider);
}

#[test]
fn an_ad_fs_vouches_for_its_own_domain_alone() {
    let elsewhere = FederatedDomain::new("federated.contoso.com", "sts.other.example");
    let theirs = LocalIdentityProvider::builder()
        .federated_domain(elsewhere)
        .start()
        .unwrap();
    let ours = LocalIdentityProvider::start().unwrap();
    let rst = Rst::new(WsTrustVersion::V1_3).at("sts.other.example");
    let encoded = STANDARD.encode(obtain(&theirs, &rst));
    fields(GRANT_1, &encoded).succeed(&theirs);
    let response = fields(GRANT_1, &encoded).send(&ours);
    assert_error(&response, 400, "invalid_grant", 50_107, "another issuer");

    let assertion = obtain(&ours, &Rst::new(WsTrustVersion::V1_3));
    ours.register_user(User::new(
        FEDERATED_USERNAME,
        "5d7b9f10-0000-4000-8000-00000000000c",
    ));
    let response = fields(GRANT_1, &STANDARD.encode(assertion)).send(&ours);
    assert_error(
        &response,
        400,
        "invalid_grant",
        51_004,
        "another user of that name",
    );
}

fn obtain(provider: &LocalIdentityProvider, rst: &Rst) -> String {
    let response = rst.send(provider);
    assert_eq!(response.status, 200);
    let text = String::from_utf8(response.body).unwrap();
    assertion(&text).to_owned()
}

fn fields(grant: &str, encoded: &str) -> Fields {
    Fields::new(&[
        ("grant_type", grant),
        ("client_id", PUBLIC_CLIENT_ID),
        ("assertion", encoded),
        ("scope", "User.Read openid profile offline_access"),
        ("client_info", "1"),
    ])
}

const GRANT_1: &str = "urn:ietf:params:oauth:grant-type:saml1_1-bearer";

const GRANT_2: &str = "urn:ietf:params:oauth:grant-type:saml2-bearer";
