//! The refresh token grant, RFC 6749 section 6.

use url::Url;

use super::UserRequest;
use crate::{CorrelationId, Error, RefreshToken, Request};

/// Builds the request.
pub fn request(
    refresh_token: &RefreshToken,
    user: &UserRequest<'_>,
    token_endpoint: &Url,
    correlation_id: CorrelationId,
) -> Result<Request, Error> {
    let form = user.form("refresh_token");
    let form = form.with("refresh_token", refresh_token.expose());
    user.post(form, token_endpoint, correlation_id)
}
