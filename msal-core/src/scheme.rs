use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::store::Binding;
use crate::{Error, ErrorKind};

/// How a token is to be presented: as a bearer token, or bound to a key that the program holds.
///
/// A bound token is cached under its type and key, and never handed out as a bearer token.
#[derive(Clone, Default)]
pub struct TokenScheme(Option<Arc<Bound>>);

struct Bound {
    binding: Arc<Binding>,
    /// RFC 7800 and the key's own form: what `req_cnf` holds.
    confirmation: String,
}

impl TokenScheme {
    /// Whoever has the token can use it, RFC 6750.
    pub const BEARER: Self = Self(None);

    /// An SSH certificate for a public key, given as the text of a JWK; `key_id` names the key in the cache.
    ///
    /// The access token of the answer is the certificate. Fails where the key is no JSON object, or its id empty.
    pub fn ssh_certificate(jwk: &str, key_id: &str) -> Result<Self, Error> {
        let refused = |why| Err(Error::new(ErrorKind::InvalidArgument("ssh key")).because(why));
        if serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(jwk).is_err() {
            return refused("it must be a JWK, the text of a JSON object");
        }
        if key_id.is_empty() {
            return refused("its key id is empty");
        }
        Ok(Self::bound(SSH_CERTIFICATE, key_id, jwk.to_owned()))
    }

    /// A token that each request presents in a signature by `key`, see
    /// [`AuthenticationResult::authorization_header_for`](crate::AuthenticationResult::authorization_header_for).
    ///
    /// Whether there are such tokens is for the resource to say; others have bearer tokens alone.
    #[cfg(feature = "certificate")]
    pub fn signed_http_request(key: &crate::PopKey) -> Self {
        let confirmation = serde_json::json!({ "kid": key.thumbprint() }).to_string();
        let confirmation = crate::jwt::base64url(confirmation.as_bytes());
        Self::bound(POP, key.thumbprint(), confirmation)
    }

    pub(crate) fn bound(token_type: &str, key_id: &str, confirmation: String) -> Self {
        let binding = Arc::new(Binding {
            token_type: token_type.to_owned(),
            key_id: key_id.to_owned(),
        });
        Self(Some(Arc::new(Bound {
            binding,
            confirmation,
        })))
    }

    /// The `token_type` that the answer must have.
    pub fn token_type(&self) -> &str {
        self.0
            .as_ref()
            .map_or("Bearer", |bound| &bound.binding.token_type)
    }

    /// The id of the key, where there is one.
    pub fn key_id(&self) -> Option<&str> {
        Some(&self.0.as_ref()?.binding.key_id)
    }

    /// Whether the token is bound to a key.
    pub(crate) fn is_bound(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn binding(&self) -> Option<Arc<Binding>> {
        Some(self.0.as_ref()?.binding.clone())
    }

    /// What a sign-in keeps of it until its token comes.
    pub(crate) fn into_parts(self) -> Option<SchemeParts> {
        let bound = self.0?;
        Some(SchemeParts {
            token_type: bound.binding.token_type.clone(),
            key_id: bound.binding.key_id.clone(),
            confirmation: bound.confirmation.clone(),
        })
    }

    pub(crate) fn from_parts(parts: Option<&SchemeParts>) -> Self {
        parts.map_or(Self::BEARER, |parts| {
            Self::bound(&parts.token_type, &parts.key_id, parts.confirmation.clone())
        })
    }

    /// `others`, and what asks for a token of this scheme.
    pub(crate) fn parameters(&self, others: &[(String, String)]) -> Vec<(String, String)> {
        let mut parameters = others.to_vec();
        if let Some(bound) = &self.0 {
            let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            parameters.push(own("token_type", &bound.binding.token_type));
            parameters.push(own("req_cnf", &bound.confirmation));
        }
        parameters
    }
}

/// The `token_type` of tokens for signed HTTP requests.
pub(crate) const POP: &str = "pop";
/// The `token_type` of SSH certificates.
pub(crate) const SSH_CERTIFICATE: &str = "ssh-cert";

/// A scheme in the form that a sign-in keeps: nothing of it is secret.
#[derive(Deserialize, Serialize)]
pub(crate) struct SchemeParts {
    token_type: String,
    key_id: String,
    confirmation: String,
}

impl fmt::Debug for TokenScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(bound) => write!(
                f,
                "TokenScheme({}, {})",
                bound.binding.token_type, bound.binding.key_id
            ),
            None => f.write_str("TokenScheme(Bearer)"),
        }
    }
}
