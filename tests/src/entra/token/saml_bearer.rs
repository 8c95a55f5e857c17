//! The SAML bearer grants (RFC 7522): a user's own identity provider vouches for the user.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::Value;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::EntraError;
use super::client_authentication::{authenticate_for_user, find_app};
use super::form::Form;
use super::user_grant::UserGrant;
use crate::SamlVersion;
use crate::context::Context;
use crate::entra::user_realm;
use crate::realm::Realm;
use crate::registry::User;
use crate::sign_in::SignIn;
use crate::ws_trust::immutable_id;
use crate::ws_trust::saml::{Assertion, Flaw};

pub(super) const GRANT_TYPE_1_1: &str = "urn:ietf:params:oauth:grant-type:saml1_1-bearer";

pub(super) const GRANT_TYPE_2_0: &str = "urn:ietf:params:oauth:grant-type:saml2-bearer";

pub(super) fn grant(
    context: &Context,
    form: &Form,
    realm: &Realm,
    version: SamlVersion,
) -> Result<Value, EntraError> {
    let client_id = form.required("client_id")?;
    let scope = form.required("scope")?;
    let assertion = form.required("assertion")?;
    let app = find_app(context, client_id, realm)?;
    let authentication = authenticate_for_user(context, form, realm, &app)?;
    let user = believe(context, assertion, realm, version)?;
    let grant = UserGrant {
        app: &app,
        authentication,
        form,
        realm,
        scope,
        sign_in: &SignIn::now(context, &user, &["pwd"]),
        chain: None,
        single_page: None,
    };
    grant.answer(context).map_err(EntraError::of_grant)
}

/// Verifies an assertion, and finds the user whom it names.
fn believe(
    context: &Context,
    encoded: &str,
    realm: &Realm,
    version: SamlVersion,
) -> Result<Arc<User>, EntraError> {
    let text = decode(encoded).ok_or_else(malformed)?;
    let assertion =
        Assertion::verify(context.signing_key, &text, version).map_err(|flaw| match flaw {
            Flaw::Malformed => malformed(),
            Flaw::Signature => EntraError::invalid_grant(
                50_008,
                "Unable to verify token signature. The signing key identifier does not match any valid registered \
                 keys.",
            ),
        })?;
    let domain = context
        .registry()
        .federated_domain_of(&assertion.username)
        .filter(|domain| domain.issuer() == assertion.issuer);
    if domain.is_none() {
        return Err(EntraError::invalid_grant(
            50_107,
            format!(
                "The requested federation realm object '{}' does not exist.",
                assertion.issuer
            ),
        ));
    }
    if assertion.audience != user_realm::audience(realm) {
        let message =
            "SAML token is invalid. The audience of the assertion does not match this realm.";
        return Err(EntraError::invalid_grant(50_008, message));
    }
    let now = context.clock.now();
    if now + SKEW < assertion.not_before || now >= assertion.not_on_or_after + SKEW {
        return Err(out_of_time(now, assertion.not_on_or_after));
    }
    context
        .registry()
        .user(&assertion.username)
        .filter(|user| immutable_id(user) == assertion.immutable_id)
        .ok_or_else(|| {
            EntraError::invalid_grant(
                51_004,
                format!(
                    "The user account {} does not exist in the directory. To sign into this application, the account \
                     must be added to the directory.",
                    assertion.username
                ),
            )
        })
}

/// RFC 7522 has base64url; Entra ID takes base64 as well, each with and without padding.
fn decode(text: &str) -> Option<String> {
    let text = text
        .trim_end_matches('=')
        .replace('-', "+")
        .replace('_', "/");
    String::from_utf8(STANDARD_NO_PAD.decode(text).ok()?).ok()
}

fn malformed() -> EntraError {
    EntraError::invalid_grant(
        50_008,
        "SAML token is invalid. The SAML assertion is missing or misconfigured in the token.",
    )
}

/// Whatever kind of assertion it is.
pub(super) fn out_of_time(now: OffsetDateTime, end: OffsetDateTime) -> EntraError {
    let text = |time: OffsetDateTime| time.format(&Rfc3339).unwrap_or_default();
    EntraError::invalid_grant(
        500_133,
        format!(
            "Assertion is not within its valid time range. Ensure that the access token is not expired before using \
             it for user assertion, or request a new token. Current time: {}, expiry time of assertion {}.",
            text(now),
            text(end)
        ),
    )
}

/// How far clocks may differ.
pub(super) const SKEW: Duration = Duration::minutes(5);
