use std::fmt;
use std::sync::Arc;

use super::SigningAlgorithm;
use crate::secret::Redacted;
use crate::{Authority, CorrelationId};

/// What a credential may look at when it is used for one request. Borrowed from the flow that makes the request.
#[derive(Clone, Copy)]
pub(crate) struct CredentialContext<'a> {
    pub(crate) client_id: &'a str,
    /// The URL that the request goes to, exactly as it is sent.
    pub(crate) token_endpoint: &'a str,
    pub(crate) authority: &'a Authority,
    pub(crate) tenant: Option<&'a str>,
    pub(crate) correlation_id: CorrelationId,
    /// The request's `claims` parameter.
    pub(crate) claims: Option<&'a str>,
    pub(crate) fmi_path: Option<&'a str>,
    /// What this kind of authority expects certificate assertions to be signed with.
    pub(crate) algorithm: SigningAlgorithm,
}

/// What a callback that supplies an assertion or a certificate is told of the request it is for. Cheap to clone.
#[derive(Clone)]
pub struct AssertionContext(Arc<Owned>);

struct Owned {
    client_id: String,
    token_endpoint: String,
    authority: String,
    tenant: Option<String>,
    correlation_id: CorrelationId,
    claims: Option<String>,
    fmi_path: Option<String>,
}

impl AssertionContext {
    /// The application's client id: the assertion's `iss` and `sub`.
    pub fn client_id(&self) -> &str {
        &self.0.client_id
    }

    /// The URL that the assertion will be sent to: its `aud`.
    pub fn token_endpoint(&self) -> &str {
        &self.0.token_endpoint
    }

    /// The authority that the token is asked from, as a URL.
    pub fn authority(&self) -> &str {
        &self.0.authority
    }

    /// The tenant, a GUID or a domain name, where the authority has one.
    pub fn tenant(&self) -> Option<&str> {
        self.0.tenant.as_deref()
    }

    /// The id of the call: pass it on to whatever the callback asks for its assertion.
    pub fn correlation_id(&self) -> CorrelationId {
        self.0.correlation_id
    }

    /// The request's `claims` parameter, the text of a JSON object.
    pub fn claims(&self) -> Option<&str> {
        self.0.claims.as_deref()
    }

    /// The path of the federated managed identity that the assertion is for.
    pub fn fmi_path(&self) -> Option<&str> {
        self.0.fmi_path.as_deref()
    }
}

impl fmt::Debug for AssertionContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssertionContext")
            .field("client_id", &self.0.client_id)
            .field("token_endpoint", &self.0.token_endpoint)
            .field("authority", &self.0.authority)
            .field("tenant", &self.0.tenant)
            .field("correlation_id", &self.0.correlation_id)
            .field("claims", &self.0.claims.as_ref().map(|_| Redacted))
            .field("fmi_path", &self.0.fmi_path)
            .finish()
    }
}

impl From<&CredentialContext<'_>> for AssertionContext {
    fn from(context: &CredentialContext<'_>) -> Self {
        Self(Arc::new(Owned {
            client_id: context.client_id.to_owned(),
            token_endpoint: context.token_endpoint.to_owned(),
            authority: context.authority.to_string(),
            tenant: context.tenant.map(str::to_owned),
            correlation_id: context.correlation_id,
            claims: context.claims.map(str::to_owned),
            fmi_path: context.fmi_path.map(str::to_owned),
        }))
    }
}
