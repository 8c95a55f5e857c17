use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::EntraError;
use crate::Request;

/// The parameters of a token request, each given once.
#[derive(Debug)]
pub(crate) struct Form {
    fields: Vec<(String, String)>,
}

impl Form {
    pub(crate) fn read(request: &Request) -> Result<Self, EntraError> {
        if request.content_type().as_deref() == Some("application/json") {
            return Err(EntraError::invalid_request(9_000_410, "Malformed JSON."));
        }
        let mut fields = request.form();
        for (index, (name, _)) in fields.iter().enumerate() {
            if fields
                .iter()
                .take(index)
                .any(|(earlier, _)| earlier == name)
            {
                let message = format!(
                    "The request is not properly formatted. The parameter '{name}' is duplicated."
                );
                return Err(EntraError::invalid_request(9_000_411, message));
            }
        }
        if let Some((client_id, secret)) = basic(request) {
            fields.retain(|(name, _)| name != "client_id" && name != "client_secret");
            fields.push(("client_id".to_owned(), client_id));
            fields.push(("client_secret".to_owned(), secret));
        }
        Ok(Self { fields })
    }

    /// A parameter that is there and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.fields.iter().find(|(field, _)| field == name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    pub(crate) fn required(&self, name: &str) -> Result<&str, EntraError> {
        self.get(name)
            .ok_or_else(|| EntraError::missing_parameter(name))
    }

    /// The claims that the client asks for.
    pub(crate) fn claims(&self) -> Result<Option<Value>, EntraError> {
        self.get("claims").map(parse_claims).transpose()
    }
}

/// Reads a claims request (OpenID Connect Core section 5.5): a JSON object.
pub(crate) fn parse_claims(text: &str) -> Result<Value, EntraError> {
    let claims: Map<String, Value> = serde_json::from_str(text)
        .map_err(|_not_an_object| EntraError::invalid_request(9_000_410, "Malformed JSON."))?;
    Ok(Value::Object(claims))
}

/// RFC 6749 section 2.3.1: user name and password of HTTP Basic are form-encoded.
fn basic(request: &Request) -> Option<(String, String)> {
    let encoded = request.header("authorization")?.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (client_id, secret) = text.split_once(':')?;
    Some((decode(client_id), decode(secret)))
}

fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(&text.replace('+', " "))
        .decode_utf8_lossy()
        .into_owned()
}
