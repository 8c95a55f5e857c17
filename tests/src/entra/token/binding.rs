//! Tokens that only the holder of a key can use: `pop` (RFC 7800) and `ssh-cert`.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::EntraError;
use super::form::Form;
use super::signed::{sign_always, transient};
use super::ssh_certificate::SshCertificate;
use crate::context::Context;

/// The key that a token is asked for.
#[derive(Clone, Debug)]
pub(crate) enum Binding {
    /// A key by its thumbprint, as it shall stand in the token's claim `cnf`.
    Pop { confirmation: Value },
    /// An RSA key: exponent and modulus.
    SshCertificate { exponent: Vec<u8>, modulus: Vec<u8> },
}

impl Binding {
    /// Reads `token_type` and `req_cnf`.
    pub(super) fn read(form: &Form) -> Result<Option<Self>, EntraError> {
        match form
            .get("token_type")
            .map(str::to_ascii_lowercase)
            .as_deref()
        {
            None | Some("bearer") => Ok(None),
            Some("pop") => {
                let confirmation = form.required("req_cnf")?;
                let confirmation = URL_SAFE_NO_PAD
                    .decode(confirmation.trim_end_matches('='))
                    .ok()
                    .and_then(|json| serde_json::from_slice::<Value>(&json).ok())
                    .filter(|confirmation| confirmation["kid"].is_string())
                    .ok_or_else(|| invalid("req_cnf"))?;
                Ok(Some(Self::Pop { confirmation }))
            }
            Some("ssh-cert") => {
                let key: Value = serde_json::from_str(form.required("req_cnf")?)
                    .map_err(|_error| invalid("req_cnf"))?;
                let number = |name: &str| {
                    let text = key.get(name).and_then(Value::as_str)?;
                    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
                };
                match (key["kty"].as_str(), number("e"), number("n")) {
                    (Some("RSA"), Some(exponent), Some(modulus)) => {
                        Ok(Some(Self::SshCertificate { exponent, modulus }))
                    }
                    _ => Err(invalid("req_cnf")),
                }
            }
            Some(_) => Err(invalid("token_type")),
        }
    }

    pub(super) const fn token_type(&self) -> &'static str {
        match self {
            Self::Pop { .. } => "pop",
            Self::SshCertificate { .. } => "ssh-cert",
        }
    }

    /// Writes the token: a JWT that names the key, or a certificate of it without its first word.
    pub(super) fn issue(&self, context: &Context, mut claims: Value) -> Result<String, EntraError> {
        match self {
            Self::Pop { confirmation } => {
                let mut named = json!({ "kid": confirmation["kid"] });
                if let Some(location) = confirmation.get("xms_ksl") {
                    named["xms_ksl"] = location.clone();
                }
                claims["cnf"] = named;
                sign_always(context, &claims)
            }
            Self::SshCertificate { exponent, modulus } => {
                let name = ["upn", "preferred_username", "oid"]
                    .iter()
                    .find_map(|name| claims[*name].as_str())
                    .unwrap_or_default();
                let time = |name: &str| claims[name].as_u64().unwrap_or_default();
                let certificate = SshCertificate {
                    exponent,
                    modulus,
                    key_id: name,
                    principals: &[name, claims["oid"].as_str().unwrap_or_default()],
                    valid_after: time("nbf"),
                    valid_before: time("exp"),
                };
                let body = certificate
                    .sign(context.signing_key)
                    .map_err(|_error| transient())?;
                Ok(STANDARD.encode(body))
            }
        }
    }
}

fn invalid(name: &str) -> EntraError {
    let message = format!("Invalid input received: '{name}' is not valid.");
    EntraError::invalid_request(90_013, message)
}
