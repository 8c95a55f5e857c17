use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{Error, ErrorKind};

/// The `claims` request parameter, OpenID Connect Core section 5.5: a JSON object, kept as given.
///
/// Cheap to clone; never shown in errors or by `Debug`.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Claims(Arc<str>);

impl Claims {
    /// Reads the text of a JSON object of at most 16 KiB.
    pub fn parse(text: impl AsRef<str>) -> Result<Self, Error> {
        let text = text.as_ref();
        if text.len() > LONGEST {
            return Err(malformed("they are longer than 16 KiB"));
        }
        match serde_json::from_str::<Map<String, Value>>(text) {
            Ok(_) => Ok(Self(text.into())),
            // The error of serde_json could quote the input.
            Err(_) => Err(malformed("they must be the text of a JSON object")),
        }
    }

    /// The text, as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn object(&self) -> Map<String, Value> {
        serde_json::from_str(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claims(..)")
    }
}

/// What to send as `claims`: an API's challenge, then the client's own claims, then its capabilities.
///
/// Objects merge member by member; on any other conflict the later one wins. A single input goes through byte for
/// byte. Source: `protocol` facts of the existing libraries, and the claims challenge page of the Microsoft identity
/// platform.
pub fn merged_claims(
    challenge: Option<&Claims>,
    client: Option<&Claims>,
    capabilities: &[String],
) -> Option<String> {
    let given: Vec<&Claims> = challenge.into_iter().chain(client).collect();
    if capabilities.is_empty()
        && let [only] = given[..]
    {
        return Some(only.as_str().to_owned());
    }
    let mut merged = Map::new();
    for claims in given {
        merge(&mut merged, claims.object());
    }
    if !capabilities.is_empty() {
        merge(&mut merged, capability_claims(capabilities));
    }
    (!merged.is_empty()).then(|| Value::Object(merged).to_string())
}

fn capability_claims(capabilities: &[String]) -> Map<String, Value> {
    let claims = serde_json::json!({ "access_token": { "xms_cc": { "values": capabilities } } });
    match claims {
        Value::Object(claims) => claims,
        _ => Map::new(),
    }
}

fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (name, value) in from {
        match (into.get_mut(&name), value) {
            (Some(Value::Object(ours)), Value::Object(theirs)) => merge(ours, theirs),
            (_, value) => {
                into.insert(name, value);
            }
        }
    }
}

fn malformed(why: &'static str) -> Error {
    Error::new(ErrorKind::InvalidArgument("claims")).because(why)
}

const LONGEST: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_text_of_an_object_is_taken() {
        for text in ["", "[]", "1", "\"x\"", "null", "{", "{} {}", "{\"a\":}"] {
            let error = Claims::parse(text).unwrap_err();
            assert_eq!(
                error.kind(),
                &ErrorKind::InvalidArgument("claims"),
                "{text}"
            );
        }
        assert!(Claims::parse(format!("{{\"a\":\"{}\"}}", "x".repeat(LONGEST))).is_err());
        assert!(Claims::parse("[".repeat(100_000)).is_err());
    }

    #[test]
    fn a_single_input_is_sent_byte_for_byte() {
        let claims = Claims::parse(r#"{ "b":1,  "a":2 }"#).unwrap();
        assert_eq!(
            merged_claims(Some(&claims), None, &[]).unwrap(),
            claims.as_str()
        );
        assert_eq!(
            merged_claims(None, Some(&claims), &[]).unwrap(),
            claims.as_str()
        );
        assert_eq!(merged_claims(None, None, &[]), None);
    }

    #[test]
    fn capabilities_alone_have_the_exact_shape() {
        let merged = merged_claims(None, None, &["CP1".to_owned()]).unwrap();
        assert_eq!(merged, r#"{"access_token":{"xms_cc":{"values":["CP1"]}}}"#);
    }

    #[test]
    fn objects_merge_and_the_later_one_wins() {
        let challenge = Claims::parse(r#"{"access_token":{"nbf":{"value":"1"},"x":1}}"#).unwrap();
        let client = Claims::parse(r#"{"access_token":{"x":2},"id_token":{}}"#).unwrap();
        let merged = merged_claims(Some(&challenge), Some(&client), &["CP1".to_owned()]).unwrap();
        let merged: Value = serde_json::from_str(&merged).unwrap();
        let expected = serde_json::json!({
            "access_token": {"nbf": {"value": "1"}, "x": 2, "xms_cc": {"values": ["CP1"]}}, "id_token": {}
        });
        assert_eq!(merged, expected);
    }
}
