//! A site that signs users in by a browser.

use std::sync::Arc;

use msal_core::app::{ApplicationBuilder, AuthCodeFlow, AuthCodeOptions, CallOptions};
use msal_core::{PublicClientApplication, run};

use crate::script::*;
use crate::users::*;

pub(crate) const REDIRECT: &str = "http://localhost:1234";

pub(crate) fn sign_in_options(change: impl FnOnce(&mut AuthCodeOptions)) -> AuthCodeOptions {
    let mut options = AuthCodeOptions::default();
    change(&mut options);
    options
}

/// An application, with the store and the clock it uses.
pub(crate) struct Site {
    pub(crate) clock: ManualClock,
    pub(crate) store: Arc<ListStore>,
    pub(crate) app: PublicClientApplication,
}

impl Site {
    pub(crate) fn new(builder: ApplicationBuilder) -> Self {
        let (clock, store) = (ManualClock::new(), Arc::<ListStore>::default());
        let app = public(builder, &store, &clock);
        Self { clock, store, app }
    }

    pub(crate) fn begin(&self, options: AuthCodeOptions) -> AuthCodeFlow {
        let flow = self.app.initiate_auth_code_flow([READ], REDIRECT, options);
        run(flow, &Script::new(&self.clock, [])).unwrap()
    }

    /// Redeems `response` to `flow`, with one answer of the token endpoint.
    pub(crate) fn end(
        &self,
        flow: AuthCodeFlow,
        response: &str,
        reply: Reply,
    ) -> (
        Result<msal_core::AuthenticationResult, msal_core::Error>,
        Script,
    ) {
        let script = Script::new(&self.clock, [reply]);
        let end = self
            .app
            .acquire_token_by_auth_code_flow(flow, response, CallOptions::default());
        (run(end, &script), script)
    }

    pub(crate) fn is_empty(&self) -> bool {
        accounts(&self.app).is_empty()
            && refresh_tokens(&self.store, msal_core::store::UserFilter::All).is_empty()
    }
}

pub(crate) fn site() -> Site {
    Site::new(public_builder())
}

pub(crate) fn parameter(flow: &AuthCodeFlow, name: &str) -> Option<String> {
    let mut named = flow.auth_uri().query_pairs().filter(|(own, _)| own == name);
    let value = named.next().map(|(_, value)| value.into_owned());
    value.filter(|_| named.next().is_none())
}

pub(crate) fn state(flow: &AuthCodeFlow) -> String {
    parameter(flow, "state").unwrap()
}

/// What the identity provider sends back, and a good answer to its code.
pub(crate) fn good(flow: &AuthCodeFlow) -> (String, Reply) {
    let mut claims = claims();
    claims["nonce"] = parameter(flow, "nonce").unwrap().into();
    let response = format!("code=sesame&state={}", state(flow));
    (response, Answer::about("at", &claims).reply())
}

pub(crate) fn settings(metadata: &serde_json::Value) -> msal_core::authority::AuthoritySettings {
    let mut settings = msal_core::authority::AuthoritySettings::default();
    settings.openid_metadata = Some(metadata.to_string());
    settings
}
