//! Extra parameters of a call: which may be given, and how they set its tokens apart.

use std::collections::BTreeMap;

use super::CallOptions;
use crate::store::ExtendedKey;
use crate::{Error, ErrorKind};

/// What sets the tokens of such a call apart in the cache.
pub(super) fn extended_key(
    options: &CallOptions,
    fmi_path: Option<&str>,
) -> Result<Option<ExtendedKey>, Error> {
    let mut components = BTreeMap::new();
    for (name, value) in &options.parameters {
        refuse_unsupported(name, value)?;
        if RESERVED.contains(&name.as_str()) || name.is_empty() {
            let why = "a parameter that the library itself decides cannot be given as an extra one";
            return Err(Error::new(ErrorKind::InvalidArgument("extra parameter")).because(why));
        }
        if components.insert(name.clone(), value.clone()).is_some() {
            // RFC 6749 section 3.2.
            let why = format!("`{name}` is given twice, and a request may hold a parameter once");
            return Err(Error::new(ErrorKind::InvalidArgument("extra parameter")).because(why));
        }
    }
    if let Some(path) = fmi_path {
        components.insert("fmi_path".to_owned(), path.to_owned());
    }
    if let Some(claims) = &options.client_claims {
        components.insert("client_claims".to_owned(), claims.clone());
    }
    Ok(ExtendedKey::new(components))
}

/// Bound tokens are asked for by parameters; one that we could not present is not asked for.
fn refuse_unsupported(name: &str, value: &str) -> Result<(), Error> {
    let what = match (name, value) {
        ("token_type", "mtls_pop") => "proof of possession by mTLS",
        ("dpop_jkt", _) => "DPoP",
        _ => return Ok(()),
    };
    Err(Error::new(ErrorKind::Unsupported(what)).because("ask for a bearer token instead"))
}

/// The parameters that the library decides, and those of other grants.
const RESERVED: &[&str] = &[
    "assertion",
    "claims",
    "client_assertion",
    "client_assertion_type",
    "client_claims",
    "client_id",
    "client_info",
    "client_secret",
    "code",
    "code_verifier",
    "device_code",
    "fmi_path",
    "grant_type",
    "password",
    "redirect_uri",
    "refresh_token",
    "req_cnf",
    "requested_token_use",
    "return_spa_code",
    "scope",
    "token_type",
    "username",
];
