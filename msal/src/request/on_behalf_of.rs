use std::fmt;

use msal_core::app::{CallOptions, OnBehalfOfOptions};
use msal_core::{AuthenticationResult, ConfidentialClientApplication, Flow, UserAssertion};

use crate::call::{Ask, AskFor, Call};

/// What [`acquire_token_on_behalf_of`](crate::ConfidentialClientApplication::acquire_token_on_behalf_of) and the calls
/// of long-running processes ask for.
#[derive(Clone, Debug)]
pub struct OnBehalfOf<S> {
    who: Who,
    scopes: S,
    options: OnBehalfOfOptions,
}

#[derive(Clone)]
enum Who {
    Caller(UserAssertion),
    New(UserAssertion, String),
    Known(String),
}

impl<S> OnBehalfOf<S> {
    pub(crate) fn caller(assertion: UserAssertion, scopes: S) -> Self {
        Self::new(Who::Caller(assertion), scopes)
    }

    pub(crate) fn new_process(assertion: UserAssertion, key: String, scopes: S) -> Self {
        Self::new(Who::New(assertion, key), scopes)
    }

    pub(crate) fn process(key: String, scopes: S) -> Self {
        Self::new(Who::Known(key), scopes)
    }

    fn new(who: Who, scopes: S) -> Self {
        Self {
            who,
            scopes,
            options: OnBehalfOfOptions::default(),
        }
    }
}

impl<A, S> Call<'_, A, OnBehalfOf<S>> {
    /// Goes past the cached access token. Not for every call: the identity provider limits how often it is asked.
    pub fn force_refresh(mut self) -> Self {
        self.request.options.force_refresh = true;
        self
    }
}

impl<S> AskFor for OnBehalfOf<S> {
    fn options(&mut self) -> &mut CallOptions {
        &mut self.options.call
    }
}

impl<S: IntoIterator<Item: AsRef<str>>> Ask<ConfidentialClientApplication> for OnBehalfOf<S> {
    type Output = AuthenticationResult;

    fn flow(self, core: &ConfidentialClientApplication) -> Flow<AuthenticationResult> {
        let (scopes, options) = (self.scopes, self.options);
        match self.who {
            Who::Caller(assertion) => core.acquire_token_on_behalf_of(assertion, scopes, options),
            Who::New(assertion, key) => {
                core.initiate_long_running_process(assertion, &key, scopes, options)
            }
            Who::Known(key) => core.acquire_token_in_long_running_process(&key, scopes, options),
        }
    }
}

// Whoever knows a process's key acts for its user.
impl fmt::Debug for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Caller(_) => "Caller",
            Self::New(..) => "New",
            Self::Known(_) => "Known",
        })
    }
}

/// What [`stop_long_running_process`](crate::ConfidentialClientApplication::stop_long_running_process) asks for.
///
/// `Debug` does not show the key.
#[derive(Clone)]
pub struct StopProcess(pub(crate) String);

impl Ask<ConfidentialClientApplication> for StopProcess {
    type Output = ();

    fn flow(self, core: &ConfidentialClientApplication) -> Flow<()> {
        core.stop_long_running_process(&self.0)
    }
}

impl fmt::Debug for StopProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StopProcess")
    }
}
