//! Client assertions (RFC 7523), checked for real: signature, key, times, issuer, subject, audience.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{EntraError, audience};
use crate::certificate::{decode_thumbprint, hex};
use crate::context::Context;
use crate::jws::Jws;
use crate::realm::{Kind, Realm};
use crate::registry::{App, FederatedCredential, TrustedSubject};

/// Verifies an assertion for an app: signed with its certificate, or by an issuer that it trusts.
pub(super) fn verify(
    context: &Context,
    text: &str,
    realm: &Realm,
    app: &App,
) -> Result<(), EntraError> {
    let assertion = Jws::parse(text).ok_or_else(malformed)?;
    match (assertion.claim("iss"), assertion.claim("sub")) {
        (Some(issuer), _) if issuer.contains("://") => {
            verify_federated(context, &assertion, issuer, app)
        }
        (Some(issuer), Some(subject)) if issuer == subject => {
            verify_by_certificate(context, &assertion, issuer, realm, app)
        }
        (Some(_), Some(_)) => Err(EntraError::invalid_client(
            50_048,
            "Subject must match Issuer claim in the client assertion.",
        )),
        _ => Err(malformed()),
    }
}

fn verify_by_certificate(
    context: &Context,
    assertion: &Jws<'_>,
    issuer: &str,
    realm: &Realm,
    app: &App,
) -> Result<(), EntraError> {
    if !issuer.eq_ignore_ascii_case(app.client_id()) {
        return Err(EntraError::invalid_client(
            700_021,
            format!(
                "Client assertion application identifier doesn't match 'client_id' parameter. {DOCUMENTATION}"
            ),
        ));
    }
    // AD FS knows RS256 alone.
    let is_known = match assertion.algorithm() {
        Some("PS256") => realm.kind != Kind::Adfs,
        algorithm => algorithm == Some("RS256"),
    };
    if !is_known {
        let message = "Invalid JWT token. Unsupported key for the signing algorithm.";
        return Err(EntraError::invalid_request(5_002_730, message));
    }
    let certificate = signing_certificate(context, assertion, realm, app)?;
    if !assertion.is_signed_by_certificate(&certificate) {
        return Err(wrong_key(
            app,
            assertion,
            "The provided signature value did not match the expected signature value.",
        ));
    }
    if !is_valid_now(context, &certificate) {
        return Err(wrong_key(app, assertion, "The key used is expired."));
    }
    check_times(context, assertion)?;
    let Some(audience) = assertion.claim("aud") else {
        return Err(malformed());
    };
    if !audience::is_meant(context, audience, realm) {
        return Err(EntraError::invalid_client(
            700_023,
            format!("Client assertion audience claim does not match Realm issuer. {DOCUMENTATION}"),
        ));
    }
    if context.settings.single_use_assertions {
        spend(context, assertion, issuer)?;
    }
    Ok(())
}

/// The certificate that the header names and the app trusts: in `x5c` by its subject and issuer, or by thumbprint.
fn signing_certificate(
    context: &Context,
    assertion: &Jws<'_>,
    realm: &Realm,
    app: &App,
) -> Result<Vec<u8>, EntraError> {
    if let Some(chain) = certificate_chain(assertion)
        && app
            .trusted_subjects()
            .iter()
            .any(|subject| is_trusted(context, &chain, subject))
        && let Some(leaf) = chain.into_iter().next()
    {
        return Ok(leaf);
    }
    // AD FS knows no certificate by its SHA-256.
    let names = if realm.kind == Kind::Adfs {
        &["x5t", "kid"][..]
    } else {
        &["x5t#S256", "x5t", "kid"]
    };
    let thumbprint = names
        .iter()
        .find_map(|name| assertion.header.get(*name)?.as_str());
    let Some(thumbprint) = thumbprint else {
        let message = "Invalid JWT token. No certificate thumbprint specified in token header.";
        return Err(EntraError::invalid_request(50_027, message));
    };
    decode_thumbprint(thumbprint)
        .and_then(|thumbprint| app.certificate_of(&thumbprint))
        .map(<[u8]>::to_vec)
        .ok_or_else(|| wrong_key(app, assertion, "The key was not found."))
}

/// RFC 7515 section 4.1.6; MSAL .NET writes one certificate without an array, MSAL Python keeps line breaks.
fn certificate_chain(assertion: &Jws<'_>) -> Option<Vec<Vec<u8>>> {
    let decode = |value: &Value| {
        let text: String = value.as_str()?.split_ascii_whitespace().collect();
        STANDARD.decode(text).ok()
    };
    match assertion.header.get("x5c")? {
        Value::Array(certificates) => certificates.iter().map(decode).collect(),
        value => Some(vec![decode(value)?]),
    }
}

fn is_trusted(context: &Context, chain: &[Vec<u8>], subject: &TrustedSubject) -> bool {
    let [leaf, intermediates @ ..] = chain else {
        return false;
    };
    if common_name(leaf).as_deref() != Some(subject.common_name.as_str()) {
        return false;
    }
    let (leaf, issuer) = (
        CertificateDer::from(leaf.as_slice()),
        CertificateDer::from(subject.issuer_der.as_slice()),
    );
    let intermediates: Vec<CertificateDer<'_>> = intermediates
        .iter()
        .map(|der| CertificateDer::from(der.as_slice()))
        .collect();
    let (Ok(leaf), Ok(anchor)) = (
        EndEntityCert::try_from(&leaf),
        anchor_from_trusted_cert(&issuer),
    ) else {
        return false;
    };
    let now = UnixTime::since_unix_epoch(Duration::from_secs(
        u64::try_from(context.clock.unix()).unwrap_or(0),
    ));
    let algorithms = webpki::ALL_VERIFICATION_ALGS;
    leaf.verify_for_usage(
        algorithms,
        &[anchor],
        &intermediates,
        now,
        KeyUsage::client_auth(),
        None,
        None,
    )
    .is_ok()
}

fn common_name(der: &[u8]) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let name = certificate
        .subject()
        .iter_common_name()
        .next()?
        .as_str()
        .ok()?;
    Some(name.to_owned())
}

fn is_valid_now(context: &Context, der: &[u8]) -> bool {
    X509Certificate::from_der(der).is_ok_and(|(_, certificate)| {
        let now = context.clock.unix();
        let validity = certificate.validity();
        (validity.not_before.timestamp()..=validity.not_after.timestamp()).contains(&now)
    })
}

fn verify_federated(
    context: &Context,
    assertion: &Jws<'_>,
    issuer: &str,
    app: &App,
) -> Result<(), EntraError> {
    let by_issuer: Vec<&FederatedCredential> = app
        .federated_credentials()
        .iter()
        .filter(|credential| credential.issuer == issuer)
        .collect();
    if by_issuer.is_empty() {
        return Err(no_record(700_211, "issuer", issuer));
    }
    let subject = assertion.claim("sub").ok_or_else(malformed)?;
    let by_subject: Vec<_> = by_issuer
        .into_iter()
        .filter(|credential| credential.subject == subject)
        .collect();
    if by_subject.is_empty() {
        return Err(no_record(700_213, "subject", subject));
    }
    let audience = single_audience(assertion).ok_or_else(malformed)?;
    let Some(credential) = by_subject
        .into_iter()
        .find(|credential| is_same_audience(context, &credential.audience, audience))
    else {
        return Err(no_record(700_212, "audience", audience));
    };
    let is_signed = if credential.keys.is_null() {
        assertion.is_signed_by(&context.signing_key.jwk())
    } else {
        assertion.is_signed_by_one_of(&credential.keys)
    };
    if !is_signed {
        let message = "Assertion failed signature validation. [Reason - The key was not found.]";
        return Err(EntraError::invalid_client(50_013, message));
    }
    check_times(context, assertion)
}

/// An audience, alone or as the only one of an array (RFC 7519 section 4.1.3).
fn single_audience<'claims>(assertion: &'claims Jws<'_>) -> Option<&'claims str> {
    match assertion.claims.get("aud")? {
        Value::Array(audiences) if audiences.len() == 1 => audiences.first()?.as_str(),
        value => value.as_str(),
    }
}

/// The provider's own tokens name a resource by its app id, where a record has its identifier.
fn is_same_audience(context: &Context, recorded: &str, presented: &str) -> bool {
    let registry = context.registry();
    recorded == presented
        || registry
            .resource(recorded)
            .is_some_and(|resource| resource.app_id() == presented)
}

pub(super) fn check_times(context: &Context, assertion: &Jws<'_>) -> Result<(), EntraError> {
    let now = context.clock.now();
    let seconds = now.unix_timestamp() as f64;
    let Some(end) = assertion.time("exp") else {
        return Err(malformed());
    };
    let start = assertion.time("nbf").unwrap_or(0.0);
    if seconds < end + SKEW && seconds >= start - SKEW && end - seconds <= LONGEST_LIFETIME {
        return Ok(());
    }
    let text = |seconds: f64| {
        OffsetDateTime::from_unix_timestamp(seconds as i64)
            .unwrap_or(now)
            .format(&Rfc3339)
            .unwrap_or_default()
    };
    Err(EntraError::invalid_client(
        700_024,
        format!(
            "Client assertion is not within its valid time range. Current time: {}, assertion valid from {}, expiry \
             time of assertion {}. {DOCUMENTATION}",
            text(seconds),
            text(start),
            text(end)
        ),
    ))
}

fn spend(context: &Context, assertion: &Jws<'_>, issuer: &str) -> Result<(), EntraError> {
    let id = assertion.claims.get("jti").cloned().unwrap_or(Value::Null);
    if context.spend_assertion(json!([issuer, id]).to_string()) {
        return Ok(());
    }
    Err(EntraError::invalid_client(
        50_013,
        "Assertion failed validation. [Reason - The assertion was used before.]",
    ))
}

fn malformed() -> EntraError {
    EntraError::invalid_request(50_027, "JWT token is invalid or malformed.")
}

fn no_record(code: u32, what: &str, value: &str) -> EntraError {
    EntraError::invalid_client(
        code,
        format!(
            "No matching federated identity record found for presented assertion {what} '{value}'. Check your \
             federated identity credential Subject, Audience and Issuer against the presented assertion. \
             https://learn.microsoft.com/entra/workload-id/workload-identity-federation"
        ),
    )
}

fn wrong_key(app: &App, assertion: &Jws<'_>, reason: &str) -> EntraError {
    let header = |name: &str| assertion.header.get(name).and_then(Value::as_str);
    let thumbprint = header("x5t#S256")
        .or_else(|| header("x5t"))
        .and_then(decode_thumbprint)
        .unwrap_or_default();
    let client_id = app.client_id();
    EntraError::invalid_client(
        700_027,
        format!(
            "The certificate with identifier used to sign the client assertion is not registered on application. \
             [Reason - {reason}, Thumbprint of key used by client: '{}', Please visit the Azure Portal, Graph \
             Explorer or directly use MS Graph to see configured keys for app Id '{client_id}'.]. Alternatively, SNI \
             may be configured on the app. Please ensure that client assertion is being sent with the x5c claim in \
             the JWT header using MSAL's WithSendX5C() method so that Azure Active Directory can validate the \
             certificate being used.",
            hex(&thumbprint)
        ),
    )
}

/// How far a client's clock may be off, in seconds.
const SKEW: f64 = 300.0;

/// An assertion may not live longer from now, in seconds.
const LONGEST_LIFETIME: f64 = 86_400.0 + SKEW;

const DOCUMENTATION: &str = "Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials .";
