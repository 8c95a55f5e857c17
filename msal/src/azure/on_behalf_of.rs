use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use msal_core::UserAssertion;

use super::{TokenContext, given};
use crate::ConfidentialClientApplication;

/// The user who called this API, for as long as their token lasts: one credential for each call that came in, or each user.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use msal::ConfidentialClientApplication;
/// use msal::azure::OnBehalfOfCredential;
///
/// # fn example(app: ConfidentialClientApplication, bearer: &str) {
/// // `bearer` came with the call, and this API has validated it.
/// let credential = Arc::new(OnBehalfOfCredential::new(app, bearer));
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct OnBehalfOfCredential {
    app: ConfidentialClientApplication,
    assertion: UserAssertion,
}

impl OnBehalfOfCredential {
    /// Acts for the user of this access token, which is for `app`.
    pub fn new(app: ConfidentialClientApplication, assertion: impl Into<UserAssertion>) -> Self {
        Self {
            app,
            assertion: assertion.into(),
        }
    }
}

#[async_trait]
impl TokenCredential for OnBehalfOfCredential {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let call = self
            .app
            .acquire_token_on_behalf_of(self.assertion.clone(), scopes);
        given(TokenContext::of(options.as_ref()).apply(call).await)
    }
}
