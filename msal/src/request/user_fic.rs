use msal_core::app::CallOptions;
use msal_core::protocol::user_fic::FederatedUser;
use msal_core::{
    AuthenticationResult, ConfidentialClientApplication, Flow, UserFederatedIdentityCredential,
};

use crate::call::{Ask, AskFor};

/// A call of `acquire_token_by_user_federated_identity_credential`.
pub struct ByUserFederatedIdentityCredential<S> {
    credential: UserFederatedIdentityCredential,
    user: FederatedUser,
    scopes: S,
    options: CallOptions,
}

impl<S> ByUserFederatedIdentityCredential<S> {
    pub(crate) fn new(
        credential: UserFederatedIdentityCredential,
        user: FederatedUser,
        scopes: S,
    ) -> Self {
        Self {
            credential,
            user,
            scopes,
            options: CallOptions::default(),
        }
    }
}

impl<S> std::fmt::Debug for ByUserFederatedIdentityCredential<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ByUserFederatedIdentityCredential")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl<S> AskFor for ByUserFederatedIdentityCredential<S> {
    fn options(&mut self) -> &mut CallOptions {
        &mut self.options
    }
}

impl<S: IntoIterator<Item: AsRef<str>>> Ask<ConfidentialClientApplication>
    for ByUserFederatedIdentityCredential<S>
{
    type Output = AuthenticationResult;

    fn flow(self, core: &ConfidentialClientApplication) -> Flow<AuthenticationResult> {
        core.acquire_token_by_user_federated_identity_credential(
            self.credential,
            self.user,
            self.scopes,
            self.options,
        )
    }
}
