use serde_json::Value;

use super::EntraError;
use super::destination::Destination;
use super::parameters::Parameters;
use crate::context::Context;
use crate::entra::token::delegated::RequestedScopes;
use crate::entra::token::parse_claims;
use crate::realm::Realm;
use crate::sign_in::Challenge;

/// An authorization request that may be answered at its redirect URI.
#[derive(Clone, Debug)]
pub(crate) struct AuthorizationRequest {
    pub(super) challenge: Option<Challenge>,
    pub(super) claims: Option<Value>,
    pub(super) client_info: bool,
    pub(crate) destination: Destination,
    pub(super) instance_aware: bool,
    pub(super) login_hint: Option<String>,
    /// Seconds that may have passed since the sign-in.
    pub(super) max_age: Option<i64>,
    pub(super) nonce: Option<String>,
    pub(super) prompt: Prompt,
    pub(super) realm: Realm,
    pub(super) scope: String,
}

/// What the user shall be asked, whatever session there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prompt {
    Consent,
    Create,
    Login,
    None,
    SelectAccount,
    Whatever,
}

impl AuthorizationRequest {
    pub(super) fn read(
        context: &Context,
        parameters: &Parameters,
        realm: &Realm,
        destination: Destination,
    ) -> Result<Self, EntraError> {
        refuse_response_type(parameters.required("response_type")?, &destination)?;
        if parameters.get("resource").is_some() {
            return Err(EntraError::invalid_request(
                901_002,
                "The 'resource' request parameter is not supported.",
            ));
        }
        let scope = parameters.required("scope")?;
        RequestedScopes::parse(context, scope, realm, &destination.app)?;
        let prompt = prompt(parameters.get("prompt"))?;
        let max_age = match parameters.get("max_age").map(str::parse) {
            None => None,
            Some(Ok(age)) if age >= 0 => Some(age),
            Some(_) => return Err(invalid("max_age")),
        };
        Ok(Self {
            challenge: challenge(parameters, destination.single_page)?,
            claims: parameters.get("claims").map(parse_claims).transpose()?,
            client_info: parameters
                .get("client_info")
                .is_some_and(|value| value != "0"),
            destination,
            instance_aware: parameters.get("instance_aware") == Some("true"),
            login_hint: parameters.get("login_hint").map(str::to_owned),
            max_age,
            nonce: parameters.get("nonce").map(str::to_owned),
            prompt,
            realm: realm.clone(),
            scope: scope.to_owned(),
        })
    }
}

fn refuse_response_type(wanted: &str, destination: &Destination) -> Result<(), EntraError> {
    let mut words: Vec<&str> = wanted.split_ascii_whitespace().collect();
    words.sort_unstable();
    match words.as_slice() {
        ["code"] => Ok(()),
        ["code", "id_token"] | ["id_token"] | ["id_token", "token"] | ["token"] => {
            let (code, name) = if words.contains(&"id_token") {
                (700_054, "id_token")
            } else {
                (700_051, "token")
            };
            Err(EntraError::new(
                "unsupported_response_type",
                code,
                format!(
                    "response_type '{name}' is not enabled for the application '{}'.",
                    destination.app.client_id()
                ),
            ))
        }
        _ => Err(EntraError::new(
            "unsupported_response_type",
            70_005,
            format!("The OAuth2 response type '{wanted}' is not supported."),
        )),
    }
}

fn prompt(wanted: Option<&str>) -> Result<Prompt, EntraError> {
    match wanted {
        None | Some("attempt_none") => Ok(Prompt::Whatever),
        Some("consent") => Ok(Prompt::Consent),
        Some("create") => Ok(Prompt::Create),
        Some("login" | "no_session") => Ok(Prompt::Login),
        Some("none") => Ok(Prompt::None),
        Some("select_account") => Ok(Prompt::SelectAccount),
        Some(other) => Err(EntraError::invalid_request(
            90_023,
            format!("Unsupported 'prompt' value '{other}'."),
        )),
    }
}

/// RFC 7636 section 4.3.
fn challenge(parameters: &Parameters, single_page: bool) -> Result<Option<Challenge>, EntraError> {
    let method = parameters.get("code_challenge_method");
    let Some(challenge) = parameters.get("code_challenge") else {
        if single_page {
            return Err(EntraError::invalid_request(
                9_002_325,
                "Proof Key for Code Exchange is required for cross-origin authorization code redemption.",
            ));
        }
        return match method {
            Some(_) => Err(EntraError::missing_parameter("code_challenge")),
            None => Ok(None),
        };
    };
    let is_well_formed = (43..=128).contains(&challenge.len())
        && challenge
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    if !is_well_formed {
        return Err(EntraError::invalid_request(
            501_491,
            "Invalid size of Code_Challenge parameter.",
        ));
    }
    match method {
        Some("S256") => Ok(Some(Challenge::S256(challenge.to_owned()))),
        None | Some("plain") if !single_page => Ok(Some(Challenge::Plain(challenge.to_owned()))),
        _ => Err(EntraError::invalid_request(
            50_149,
            "Invalid Code_Challenge_Method parameter.",
        )),
    }
}

fn invalid(name: &str) -> EntraError {
    let message = format!("The provided value for the input parameter '{name}' is not valid.");
    EntraError::invalid_request(90_023, message)
}
