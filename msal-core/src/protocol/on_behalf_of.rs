//! The on-behalf-of grant: an API exchanges the token it was called with for one of another API, for the same user.
//!
//! RFC 7523 section 2.1, with `requested_token_use` from
//! <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow>.

use url::Url;

use super::UserRequest;
use crate::{CorrelationId, Error, Request, UserAssertion};

/// Builds the request.
pub fn request(
    assertion: &UserAssertion,
    user: &UserRequest<'_>,
    token_endpoint: &Url,
    correlation_id: CorrelationId,
) -> Result<Request, Error> {
    let form = user
        .form("urn:ietf:params:oauth:grant-type:jwt-bearer")
        .with("requested_token_use", "on_behalf_of")
        .with("assertion", assertion.expose());
    user.post(form, token_endpoint, correlation_id)
}
