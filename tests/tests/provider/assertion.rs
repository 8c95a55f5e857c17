use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use msal_testing::defaults::{
    CERTIFICATE_CLIENT_ID, OTHER_TENANT_ID, SECRET_CLIENT_ID, TENANT_DOMAIN, TENANT_ID,
};
use msal_testing::{App, ClientCertificate, ClientCertificateAuthority, LocalIdentityProvider};
use serde_json::{Value, json};

use crate::client::{Client, Response};
use crate::token_errors::assert_error;
use crate::token_url;

#[test]
fn a_registered_certificate_signs_in_with_either_algorithm_and_thumbprint() {
    let provider = LocalIdentityProvider::start().unwrap();
    let certificate = provider.client_certificate();
    for header in [ps256(certificate), rs256(certificate)] {
        let assertion = sign(&header, &claims(), certificate);
        let response = send(&provider, CERTIFICATE_CLIENT_ID, &assertion);
        assert_eq!(response.status, 200, "{}", response.json());
    }
}

#[test]
fn a_signature_by_another_key_is_refused() {
    let provider = LocalIdentityProvider::start().unwrap();
    let stranger = ClientCertificate::self_signed("stranger").unwrap();
    let pretended = sign(&ps256(provider.client_certificate()), &claims(), &stranger);
    let response = send(&provider, CERTIFICATE_CLIENT_ID, &pretended);
    assert_error(&response, 401, "invalid_client", 700_027, "another key");
    assert!(
        response.json()["error_description"]
            .as_str()
            .unwrap()
            .contains("did not match")
    );

    let unregistered = sign(&ps256(&stranger), &claims(), &stranger);
    let response = send(&provider, CERTIFICATE_CLIENT_ID, &unregistered);
    assert_error(&response, 401, "invalid_client", 700_027, "unregistered");
    let description = response.json()["error_description"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        description.contains(&stranger.thumbprint().sha256_hex()),
        "{description}"
    );
}

#[test]
fn claims_changed_after_signing_are_refused() {
    let provider = LocalIdentityProvider::start().unwrap();
    let certificate = provider.client_certificate();
    let good = sign(&ps256(certificate), &claims(), certificate);
    let [header, _, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        panic!()
    };
    let forged = URL_SAFE_NO_PAD.encode(with(&[("exp", json!(now() + 3000))]).to_string());
    let response = send(
        &provider,
        CERTIFICATE_CLIENT_ID,
        &format!("{header}.{forged}.{signature}"),
    );
    assert_error(&response, 401, "invalid_client", 700_027, "forged");
}

#[test]
fn each_wrong_claim_is_refused_by_its_own_code() {
    let provider = LocalIdentityProvider::start().unwrap();
    let certificate = provider.client_certificate();
    let cases = [
        (
            with(&[("exp", json!(now() - 400))]),
            401,
            "invalid_client",
            700_024,
        ),
        (
            with(&[("nbf", json!(now() + 400))]),
            401,
            "invalid_client",
            700_024,
        ),
        (
            with(&[("exp", json!(now() + 100_000))]),
            401,
            "invalid_client",
            700_024,
        ),
        (
            with(&[
                ("iss", json!(SECRET_CLIENT_ID)),
                ("sub", json!(SECRET_CLIENT_ID)),
            ]),
            401,
            "invalid_client",
            700_021,
        ),
        (
            with(&[("sub", json!(SECRET_CLIENT_ID))]),
            401,
            "invalid_client",
            50_048,
        ),
        (
            with(&[("aud", json!("https://evil.example/"))]),
            401,
            "invalid_client",
            700_023,
        ),
        (
            with(&[("aud", json!([token_url()]))]),
            400,
            "invalid_request",
            50_027,
        ),
        (
            with(&[("aud", Value::Null)]),
            400,
            "invalid_request",
            50_027,
        ),
        (
            with(&[("exp", Value::Null)]),
            400,
            "invalid_request",
            50_027,
        ),
        (
            with(&[("iss", Value::Null)]),
            400,
            "invalid_request",
            50_027,
        ),
    ];
    for (claims, status, error, code) in cases {
        let assertion = sign(&ps256(certificate), &claims, certificate);
        assert_error(
            &send(&provider, CERTIFICATE_CLIENT_ID, &assertion),
            status,
            error,
            code,
            &claims.to_string(),
        );
    }
}

#[test]
fn times_are_taken_as_the_msals_write_them() {
    let provider = LocalIdentityProvider::start().unwrap();
    let certificate = provider.client_certificate();
    let forms = [
        with(&[("iat", json!(now() as f64 + 0.25)), ("nbf", Value::Null)]),
        with(&[
            ("exp", json!((now() + 600).to_string())),
            ("nbf", json!(now().to_string())),
        ]),
        with(&[("exp", json!(now() - 200))]),
    ];
    for claims in forms {
        let assertion = sign(&ps256(certificate), &claims, certificate);
        assert_eq!(
            send(&provider, CERTIFICATE_CLIENT_ID, &assertion).status,
            200,
            "{claims}"
        );
    }
    provider.set_clock_offset(3_600);
    let late = send(
        &provider,
        CERTIFICATE_CLIENT_ID,
        &sign(&ps256(certificate), &claims(), certificate),
    );
    assert_error(
        &late,
        401,
        "invalid_client",
        700_024,
        "the client's clock is an hour slow",
    );
}

#[test]
fn the_audience_is_this_tenants_endpoint_at_any_host_of_the_cloud() {
    let provider = LocalIdentityProvider::start().unwrap();
    let certificate = provider.client_certificate();
    let accepted = [
        token_url(),
        format!("https://login.microsoftonline.com/{TENANT_DOMAIN}/oauth2/v2.0/token"),
        format!("https://login.windows.net/{TENANT_ID}/oauth2/token"),
        format!("https://westus2.login.microsoft.com/{TENANT_ID}/oauth2/v2.0/token"),
        format!("https://login.microsoftonline.com/{TENANT_ID}/v2.0"),
        format!("https://sts.windows.net/{TENANT_ID}/"),
    ];
    let refused = [
        format!("https://login.microsoftonline.com/{OTHER_TENANT_ID}/oauth2/v2.0/token"),
        format!("https://login.microsoftonline.us/{TENANT_ID}/oauth2/v2.0/token"),
        format!("http://login.microsoftonline.com/{TENANT_ID}/oauth2/v2.0/token"),
        format!("https://login.microsoftonline.com.evil.example/{TENANT_ID}/oauth2/v2.0/token"),
        format!("https://login.microsoftonline.com/{TENANT_ID}/oauth2/v2.0/authorize"),
        "https://login.microsoftonline.com/common/oauth2/v2.0/token".to_owned(),
        CERTIFICATE_CLIENT_ID.to_owned(),
    ];
    for (audiences, status) in [(&accepted[..], 200), (&refused[..], 401)] {
        for audience in audiences {
            let assertion = sign(
                &ps256(certificate),
                &with(&[("aud", json!(audience))]),
                certificate,
            );
            assert_eq!(
                send(&provider, CERTIFICATE_CLIENT_ID, &assertion).status,
                status,
                "{audience}"
            );
        }
    }
}

#[test]
fn ad_fs_knows_certificates_by_sha1_and_signatures_by_rs256_alone() {
    let provider = LocalIdentityProvider::start().unwrap();
    let certificate = provider.client_certificate();
    let endpoint = "https://fs.contoso.com/adfs/oauth2/token";
    let mut by_sha256 = Header::new(Algorithm::RS256);
    by_sha256.x5t_s256 = ps256(certificate).x5t_s256;
    for (header, audience, status) in [
        (rs256(certificate), endpoint, 200),
        (
            rs256(certificate),
            "https://fs.contoso.com/adfs/oauth2/token/",
            200,
        ),
        (
            rs256(certificate),
            "https://fs.other.example/adfs/oauth2/token",
            400,
        ),
        (ps256(certificate), endpoint, 400),
        (by_sha256, endpoint, 400),
    ] {
        let assertion = sign(&header, &with(&[("aud", json!(audience))]), certificate);
        let response = send_to(&provider, endpoint, CERTIFICATE_CLIENT_ID, &assertion);
        assert_eq!(
            response.status,
            status,
            "{header:?} {audience} {}",
            response.json()
        );
    }
}

#[test]
fn what_is_no_jwt_or_not_signed_is_refused() {
    let provider = LocalIdentityProvider::start().unwrap();
    let body = URL_SAFE_NO_PAD.encode(claims().to_string());
    let header = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let none = format!("{}.{body}.", header(r#"{"alg":"none","x5t":"AAAA"}"#));
    let shared = format!("{}.{body}.AAAA", header(r#"{"alg":"HS256","x5t":"AAAA"}"#));
    for assertion in [none, shared] {
        let response = send(&provider, CERTIFICATE_CLIENT_ID, &assertion);
        assert_error(&response, 400, "invalid_request", 5_002_730, &assertion);
    }
    let nameless = format!("{}.{body}.AAAA", header(r#"{"alg":"RS256"}"#));
    for assertion in [
        "x",
        "a.b.c",
        "..",
        "%%%.%%%.%%%",
        &format!("W10.{body}.AAAA"),
        &nameless,
    ] {
        let response = send(&provider, CERTIFICATE_CLIENT_ID, assertion);
        assert_error(&response, 400, "invalid_request", 50_027, assertion);
    }
}

#[test]
fn an_assertion_can_be_used_again_unless_the_test_forbids_it() {
    for (provider, second) in [
        (LocalIdentityProvider::start().unwrap(), 200),
        (
            LocalIdentityProvider::builder()
                .single_use_assertions()
                .start()
                .unwrap(),
            401,
        ),
    ] {
        let certificate = provider.client_certificate();
        let assertion = sign(&ps256(certificate), &claims(), certificate);
        assert_eq!(
            send(&provider, CERTIFICATE_CLIENT_ID, &assertion).status,
            200
        );
        assert_eq!(
            send(&provider, CERTIFICATE_CLIENT_ID, &assertion).status,
            second
        );
    }
}

#[test]
fn an_expired_certificate_is_refused() {
    let expired = ClientCertificate::expired("old").unwrap();
    let app = App::new(CERTIFICATE_CLIENT_ID).certificate(&expired);
    let provider = LocalIdentityProvider::builder().app(app).start().unwrap();
    let response = send(
        &provider,
        CERTIFICATE_CLIENT_ID,
        &sign(&ps256(&expired), &claims(), &expired),
    );
    assert_error(&response, 401, "invalid_client", 700_027, "expired");
}

#[test]
fn a_certificate_can_be_replaced_while_the_provider_runs() {
    let provider = LocalIdentityProvider::start().unwrap();
    let next = ClientCertificate::self_signed("next").unwrap();
    provider.register_app(App::new(CERTIFICATE_CLIENT_ID).certificate(&next));
    let old = provider.client_certificate();
    assert_eq!(
        send(
            &provider,
            CERTIFICATE_CLIENT_ID,
            &sign(&ps256(old), &claims(), old)
        )
        .status,
        401
    );
    assert_eq!(
        send(
            &provider,
            CERTIFICATE_CLIENT_ID,
            &sign(&ps256(&next), &claims(), &next)
        )
        .status,
        200
    );
}

#[test]
fn a_trusted_subject_signs_in_with_any_certificate_of_its_issuer() {
    let authority = ClientCertificateAuthority::new("Corporate CA").unwrap();
    let stranger = ClientCertificateAuthority::new("Corporate CA").unwrap();
    let app = App::new(CERTIFICATE_CLIENT_ID).trusted_subject("daemon.contoso.com", &authority);
    let provider = LocalIdentityProvider::builder().app(app).start().unwrap();
    let cases = [
        (authority.issue("daemon.contoso.com").unwrap(), 200),
        (authority.issue("daemon.contoso.com").unwrap(), 200),
        (authority.issue("other.contoso.com").unwrap(), 401),
        (stranger.issue("daemon.contoso.com").unwrap(), 401),
        (
            ClientCertificate::self_signed("daemon.contoso.com").unwrap(),
            401,
        ),
    ];
    for (certificate, status) in &cases {
        let mut header = ps256(certificate);
        assert_eq!(
            send(
                &provider,
                CERTIFICATE_CLIENT_ID,
                &sign(&header, &claims(), certificate)
            )
            .status,
            401,
            "without x5c"
        );
        header.x5c = Some(vec![STANDARD.encode(certificate.certificate_der())]);
        let response = send(
            &provider,
            CERTIFICATE_CLIENT_ID,
            &sign(&header, &claims(), certificate),
        );
        assert_eq!(response.status, *status, "{}", response.json());
    }
    // The right chain does not help who lacks its key.
    let mut header = ps256(&cases[0].0);
    header.x5c = Some(vec![STANDARD.encode(cases[0].0.certificate_der())]);
    assert_eq!(
        send(
            &provider,
            CERTIFICATE_CLIENT_ID,
            &sign(&header, &claims(), &cases[2].0)
        )
        .status,
        401
    );
}

pub(crate) fn send(provider: &LocalIdentityProvider, client_id: &str, assertion: &str) -> Response {
    send_to(provider, &token_url(), client_id, assertion)
}

fn send_to(
    provider: &LocalIdentityProvider,
    endpoint: &str,
    client_id: &str,
    assertion: &str,
) -> Response {
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", client_id),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("client_assertion", assertion),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    Client::of(provider).post(endpoint, &fields).unwrap()
}

fn claims() -> Value {
    json!({
        "aud": token_url(),
        "iss": CERTIFICATE_CLIENT_ID,
        "sub": CERTIFICATE_CLIENT_ID,
        "jti": uuid::Uuid::new_v4().to_string(),
        "nbf": now(),
        "exp": now() + 600,
    })
}

/// The good claims with some changed; those that are null are left out.
fn with(changes: &[(&str, Value)]) -> Value {
    let mut claims = claims();
    for (name, value) in changes {
        claims[name] = value.clone();
    }
    claims
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    claims
}

fn ps256(certificate: &ClientCertificate) -> Header {
    let mut header = Header::new(Algorithm::PS256);
    header.x5t_s256 = Some(certificate.thumbprint().x5t_s256());
    header
}

fn rs256(certificate: &ClientCertificate) -> Header {
    let mut header = Header::new(Algorithm::RS256);
    header.x5t = Some(certificate.thumbprint().x5t());
    header
}

pub(crate) fn sign(header: &Header, claims: &Value, certificate: &ClientCertificate) -> String {
    let key = EncodingKey::from_rsa_pem(certificate.private_key_pem().as_bytes()).unwrap();
    jsonwebtoken::encode(header, claims, &key).unwrap()
}

pub(crate) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}
