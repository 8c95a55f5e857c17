use msal_core::app::{CallOptions, DeviceCodeFlow};
use msal_core::{AuthenticationResult, Flow, PublicClientApplication};

use crate::call::{Ask, AskFor};

/// What [`initiate_device_code_flow`](crate::PublicClientApplication::initiate_device_code_flow) asks for.
#[derive(Clone, Debug)]
pub struct InitiateDeviceCode<S> {
    scopes: S,
    options: CallOptions,
}

impl<S> InitiateDeviceCode<S> {
    pub(crate) fn new(scopes: S) -> Self {
        Self {
            scopes,
            options: CallOptions::default(),
        }
    }
}

impl<S> AskFor for InitiateDeviceCode<S> {
    fn options(&mut self) -> &mut CallOptions {
        &mut self.options
    }
}

impl<S: IntoIterator<Item: AsRef<str>>> Ask<PublicClientApplication> for InitiateDeviceCode<S> {
    type Output = DeviceCodeFlow;

    fn flow(self, core: &PublicClientApplication) -> Flow<DeviceCodeFlow> {
        core.initiate_device_code_flow(self.scopes, self.options)
    }
}

/// What [`acquire_token_by_device_code`](crate::PublicClientApplication::acquire_token_by_device_code) asks for.
#[derive(Debug)]
pub struct ByDeviceCode {
    flow: DeviceCodeFlow,
    options: CallOptions,
}

impl ByDeviceCode {
    pub(crate) fn new(flow: DeviceCodeFlow) -> Self {
        Self {
            flow,
            options: CallOptions::default(),
        }
    }
}

impl AskFor for ByDeviceCode {
    fn options(&mut self) -> &mut CallOptions {
        &mut self.options
    }
}

impl Ask<PublicClientApplication> for ByDeviceCode {
    type Output = AuthenticationResult;

    fn flow(self, core: &PublicClientApplication) -> Flow<AuthenticationResult> {
        core.acquire_token_by_device_code(self.flow, self.options)
    }
}
