use msal_core::app::{CallOptions, ManagedIdentityOptions};
use msal_core::{AuthenticationResult, Flow};

use crate::call::{Ask, AskFor, Call};

/// What [`acquire_token`](crate::ManagedIdentityApplication::acquire_token) asks for.
#[derive(Clone, Debug)]
pub struct ForMachine<'a> {
    resource: &'a str,
    options: Option<Box<ManagedIdentityOptions>>,
}

impl<'a> ForMachine<'a> {
    pub(crate) fn new(resource: &'a str) -> Self {
        Self {
            resource,
            options: None,
        }
    }
}

impl<A> Call<'_, A, ForMachine<'_>> {
    /// Goes past the cached access token. Not for every call: the services limit how often they are asked.
    pub fn force_refresh(mut self) -> Self {
        self.request.options.get_or_insert_default().force_refresh = true;
        self
    }
}

impl AskFor for ForMachine<'_> {
    fn options(&mut self) -> &mut CallOptions {
        &mut self.options.get_or_insert_default().call
    }
}

impl Ask<msal_core::ManagedIdentityApplication> for ForMachine<'_> {
    type Output = AuthenticationResult;

    fn flow(self, core: &msal_core::ManagedIdentityApplication) -> Flow<AuthenticationResult> {
        core.acquire_token(self.resource, self.options)
    }
}
