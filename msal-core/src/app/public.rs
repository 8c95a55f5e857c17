use std::sync::Arc;

use url::Url;

use super::{
    Account, AccountFilter, App, AuthCodeFlow, AuthCodeOptions, CallOptions, DeviceCodeFlow,
    Explanation, Interaction, LogoutOptions, SilentOptions,
};
use crate::flow::Flow;
use crate::{AuthenticationResult, Error, Password, RefreshToken};

/// An application that cannot keep a secret: a desktop program, a command, a device. Cheap to clone; made once and
/// reused.
///
/// Its methods return [flows](Flow): nothing happens until somebody drives them.
#[derive(Clone, Debug)]
pub struct PublicClientApplication(App);

impl PublicClientApplication {
    pub(super) fn new(app: App) -> Self {
        Self(app)
    }

    /// Signs a user in, in their own browser: the whole authorization code flow, with `interaction` for the browser and
    /// for receiving the response. Five minutes unless the call says otherwise.
    pub fn acquire_token_interactive<S>(
        &self,
        scopes: S,
        interaction: Arc<dyn Interaction>,
        options: AuthCodeOptions,
    ) -> Flow<AuthenticationResult>
    where
        S: IntoIterator<Item: AsRef<str>>,
    {
        self.0.interactive(scopes, interaction, options)
    }

    /// Begins a sign-in on another device: asks for a code that the user types there, RFC 8628 section 3.1.
    pub fn initiate_device_code_flow<S>(
        &self,
        scopes: S,
        options: CallOptions,
    ) -> Flow<DeviceCodeFlow>
    where
        S: IntoIterator<Item: AsRef<str>>,
    {
        self.0.initiate_device_code(scopes, options)
    }

    /// Waits until the user has signed in on another device, RFC 8628 section 3.4.
    ///
    /// Ends with the code's life where no limit is given. Ends in an error of the code `authorization_declined` or
    /// `access_denied` when the user will not, and of the kind [`Expired`](crate::ErrorKind::Expired) or the code
    /// `expired_token` when nobody did in time.
    pub fn acquire_token_by_device_code(
        &self,
        flow: DeviceCodeFlow,
        options: CallOptions,
    ) -> Flow<AuthenticationResult> {
        self.0.by_device_code(flow, options)
    }
}

super::user_methods::user_methods!(PublicClientApplication);
