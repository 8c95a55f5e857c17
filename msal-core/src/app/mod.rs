//! Applications: what is configured once and shared by all of their calls.

pub(crate) mod auth_code_flow;
pub(crate) mod begun;
mod builder;
mod confidential;
pub(crate) mod device_code_flow;
mod explanation;
mod hit;
mod interaction;
mod managed;
mod options;
mod parameters;
mod public;
mod sign_in_options;
mod user;
mod user_methods;

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

pub use auth_code_flow::AuthCodeFlow;
pub use builder::ApplicationBuilder;
#[cfg(not(feature = "certificate"))]
pub(crate) use builder::SIGNATURES;
pub use confidential::ConfidentialClientApplication;
pub use device_code_flow::DeviceCodeFlow;
pub use explanation::Explanation;
pub use interaction::Interaction;
pub use managed::{ManagedIdentityApplication, ManagedIdentityBuilder, ManagedIdentityOptions};
pub use options::{CallOptions, ClientCredentialOptions};
pub use public::PublicClientApplication;
pub use sign_in_options::{
    AuthCodeOptions, LogoutOptions, OnBehalfOfOptions, Prompt, ResponseMode, SilentOptions,
};
pub use user::AccountFilter;

use crate::Account;
use crate::authority::Directory;
use crate::credential::ClientCredential;
use crate::env::IdSource;
use crate::flights::Flights;
use crate::flow::CallContext;
use crate::store::{Persistence, TokenStore};
use crate::throttle::Throttle;
use crate::{Authority, CorrelationId, Env};

/// What all calls of one application share. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct App(Arc<Shared>);

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) client_id: Arc<str>,
    pub(crate) authority: Authority,
    /// None for a public client.
    pub(crate) credential: Option<ClientCredential>,
    pub(crate) capabilities: Vec<String>,
    pub(crate) directory: Directory,
    pub(crate) env: Env,
    pub(crate) flights: Flights,
    pub(crate) ids: IdSource,
    /// What keeps the store beyond the process.
    pub(crate) persistence: Option<Arc<dyn Persistence>>,
    /// Renewals in the background that have just failed.
    pub(crate) renewals: Throttle,
    /// Whether results show the refresh tokens they brought.
    pub(crate) shows_refresh_tokens: bool,
    pub(crate) store: Arc<dyn TokenStore>,
    pub(crate) throttle: Throttle,
    pub(crate) timeout: Duration,
    /// Whether the signatures of id tokens are checked.
    pub(crate) verifies_id_tokens: bool,
}

impl App {
    /// What is the same for all of one call.
    pub(crate) fn call(
        &self,
        flow: &'static str,
        correlation_id: Option<CorrelationId>,
        timeout: Option<Duration>,
    ) -> CallContext {
        CallContext {
            flow,
            correlation_id: correlation_id.unwrap_or_else(|| self.env.guid().into()),
            deadline: self
                .env
                .uptime()
                .saturating_add(timeout.unwrap_or(self.timeout)),
        }
    }
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
