use std::time::Duration;

use msal_core::app::{AuthCodeFlow, AuthCodeOptions, CallOptions, Prompt, ResponseMode};
use msal_core::{AuthenticationResult, Flow};

use super::UserCore;
use crate::call::{Ask, AskFor, Call};

/// What [`initiate_auth_code_flow`](crate::ConfidentialClientApplication::initiate_auth_code_flow) asks for.
#[derive(Clone, Debug)]
pub struct InitiateAuthCode<S> {
    scopes: S,
    redirect_uri: String,
    options: AuthCodeOptions,
}

impl<S> InitiateAuthCode<S> {
    pub(crate) fn new(scopes: S, redirect_uri: String) -> Self {
        Self {
            scopes,
            redirect_uri,
            options: AuthCodeOptions::default(),
        }
    }
}

impl<A, R: SignIn> Call<'_, A, R> {
    /// The tenant's domain, so that its users skip the page that asks for it.
    pub fn domain_hint(mut self, domain: impl Into<String>) -> Self {
        self.request.sign_in().domain_hint = Some(domain.into());
        self
    }

    /// Scopes of other resources to consent to in the same sign-in.
    pub fn extra_scopes_to_consent<I: Into<String>>(
        mut self,
        scopes: impl IntoIterator<Item = I>,
    ) -> Self {
        let scopes = scopes.into_iter().map(Into::into);
        self.request.sign_in().extra_scopes_to_consent = scopes.collect();
        self
    }

    /// Lets the user be of another of Microsoft's clouds, where the code is redeemed then.
    pub fn instance_aware(mut self) -> Self {
        self.request.sign_in().instance_aware = true;
        self
    }

    /// The name that the user probably signs in with.
    pub fn login_hint(mut self, username: impl Into<String>) -> Self {
        self.request.sign_in().login_hint = Some(username.into());
        self
    }

    /// How long ago the user may have typed their password; the id token is checked for it.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.request.sign_in().max_age = Some(age);
        self
    }

    /// What the identity provider asks the user.
    pub fn prompt(mut self, prompt: Prompt) -> Self {
        self.request.sign_in().prompt = Some(prompt);
        self
    }

    /// How the response comes back: in the body of a POST, unless told otherwise.
    pub fn response_mode(mut self, mode: ResponseMode) -> Self {
        self.request.sign_in().response_mode = mode;
        self
    }
}

impl<A, S> Call<'_, A, InitiateAuthCode<S>> {
    /// Asks for a code for the application's page in the browser too, see
    /// [`spa_code`](AuthenticationResult::spa_code).
    pub fn spa_code(mut self) -> Self {
        self.request.options.spa_code = true;
        self
    }
}

impl<S> AskFor for InitiateAuthCode<S> {
    fn options(&mut self) -> &mut CallOptions {
        &mut self.options.call
    }
}

impl<S> SignIn for InitiateAuthCode<S> {
    fn sign_in(&mut self) -> &mut AuthCodeOptions {
        &mut self.options
    }
}

impl<C: UserCore, S: IntoIterator<Item: AsRef<str>>> Ask<C> for InitiateAuthCode<S> {
    type Output = AuthCodeFlow;

    fn flow(self, core: &C) -> Flow<AuthCodeFlow> {
        core.initiate_auth_code(self.scopes, self.redirect_uri, self.options)
    }
}

/// What [`acquire_token_by_auth_code_flow`](crate::ConfidentialClientApplication::acquire_token_by_auth_code_flow) asks
/// for.
#[derive(Debug)]
pub struct ByAuthCode<'a> {
    flow: AuthCodeFlow,
    response: &'a str,
    options: CallOptions,
}

impl<'a> ByAuthCode<'a> {
    pub(crate) fn new(flow: AuthCodeFlow, response: &'a str) -> Self {
        Self {
            flow,
            response,
            options: CallOptions::default(),
        }
    }
}

impl AskFor for ByAuthCode<'_> {
    fn options(&mut self) -> &mut CallOptions {
        &mut self.options
    }
}

impl<C: UserCore> Ask<C> for ByAuthCode<'_> {
    type Output = AuthenticationResult;

    fn flow(self, core: &C) -> Flow<AuthenticationResult> {
        core.by_auth_code(self.flow, self.response, self.options)
    }
}

pub(crate) use sealed::SignIn;

mod sealed {
    use super::AuthCodeOptions;

    /// A request that sends a user to a browser.
    pub trait SignIn {
        fn sign_in(&mut self) -> &mut AuthCodeOptions;
    }
}
