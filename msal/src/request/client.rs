use msal_core::app::{CallOptions, ClientCredentialOptions, Explanation};
use msal_core::{AuthenticationResult, Error, Flow};

use crate::call::{Ask, AskFor, Call, Client};

/// What [`acquire_token_for_client`](crate::ConfidentialClientApplication::acquire_token_for_client) asks for.
#[derive(Clone, Debug)]
pub struct ForClient<S> {
    scopes: S,
    options: Option<Box<ClientCredentialOptions>>,
}

impl<S> ForClient<S> {
    pub(crate) fn new(scopes: S) -> Self {
        Self {
            scopes,
            options: None,
        }
    }

    fn own_options(&mut self) -> &mut ClientCredentialOptions {
        self.options.get_or_insert_default()
    }
}

impl<A, S> Call<'_, A, ForClient<S>> {
    /// Asks for a federated managed identity of this path. Tokens obtained with it are cached under it.
    pub fn fmi_path(mut self, path: impl Into<String>) -> Self {
        self.request.own_options().fmi_path = Some(path.into());
        self
    }

    /// Goes past the cached access token. Not for every call: the identity provider limits how often it is asked.
    pub fn force_refresh(mut self) -> Self {
        self.request.own_options().force_refresh = true;
        self
    }
}

impl<A, S> Call<'_, A, ForClient<S>>
where
    A: Client<Core = msal_core::ConfidentialClientApplication>,
    S: IntoIterator<Item: AsRef<str>> + Clone,
{
    /// Why the call would be answered from the cache, or why not, instead of making it. Sends nothing.
    pub fn explain(self) -> Result<Explanation, Error> {
        let ForClient { scopes, options } = self.request;
        self.app.core().explain_token_for_client(scopes, options)
    }
}

impl<S> AskFor for ForClient<S> {
    fn options(&mut self) -> &mut CallOptions {
        &mut self.own_options().call
    }
}

impl<S> Ask<msal_core::ConfidentialClientApplication> for ForClient<S>
where
    S: IntoIterator<Item: AsRef<str>> + Clone,
{
    type Output = AuthenticationResult;

    fn flow(self, core: &msal_core::ConfidentialClientApplication) -> Flow<AuthenticationResult> {
        core.acquire_token_for_client(self.scopes, self.options)
    }
}
