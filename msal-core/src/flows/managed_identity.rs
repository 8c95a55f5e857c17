//! A token for an identity that Azure has given the machine.

use std::fmt::Write;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::cached::{Grant, Wanted};
use super::finish::{Issued, keep};
use super::stored;
use crate::app::App;
use crate::exchange::{Asker, Terms, exchange};
use crate::flow::Io;
use crate::managed_identity::{
    KeyName, Machine, MachineRequest, ManagedIdentityId, ManagedIdentitySource, Service, answer,
    challenge, parse, request,
};
use crate::retry::RetryPolicy;
use crate::{AuthenticationResult, Error, ErrorKind, Response, Scopes, Task};

/// The token of one identity, from the one service that there is.
pub(crate) struct ManagedIdentity {
    pub(crate) id: Arc<ManagedIdentityId>,
    pub(crate) machine: Arc<Machine>,
    pub(crate) resource: String,
    /// Whether failures are tried again.
    pub(crate) retries: bool,
    pub(crate) service: Arc<Service>,
}

impl Grant for ManagedIdentity {
    const FLOW: &'static str = "managed identity";
    const RENEWAL: &'static str = "managed identity renewal";

    async fn obtain(
        &self,
        wanted: &Wanted,
        app: &App,
        io: &mut Io,
    ) -> Result<AuthenticationResult, Error> {
        let refused = self.refused_token(wanted, app, io);
        let asked = MachineRequest {
            capabilities: &app.capabilities,
            refused_token: refused.as_deref(),
            ..MachineRequest::new(&self.id, &self.resource)
        };
        let response = match self.service.source() {
            ManagedIdentitySource::AzureArc => self.ask_arc(asked, io).await?,
            _ => self.ask(asked, io).await?,
        };
        let now = io.now();
        let token = parse(&response, &self.service, &self.id, now)?;
        let issued = Issued {
            secret: token.secret,
            scopes: Scopes::parse([&self.resource])?,
            expires_in: token.expires_in,
            ext_expires_in: None,
            refresh_in: token.refresh_in,
        };
        let token = keep(issued, wanted.key(app), app, now);
        let saved = stored::save(&wanted.partition(app), app, io).await;
        let result = AuthenticationResult::from_identity_provider(token, app.ids);
        Ok(result.with_persist_error(saved.err()))
    }
}

impl ManagedIdentity {
    async fn ask(&self, asked: MachineRequest<'_>, io: &mut Io) -> Result<Response, Error> {
        let request = request(&asked, &self.service, io.correlation_id())?;
        let terms = Terms {
            retry: self.retry_policy(),
            throttle: None,
            asker: Asker::App,
        };
        let source = self.service.source();
        let unreachable = |error: Error| match error.kind() {
            ErrorKind::Transport => {
                error.because(format!("{source} cannot be reached from this machine"))
            }
            _ => error,
        };
        exchange(request, terms, io).await.map_err(unreachable)
    }

    /// Azure Arc's agent gives a token to who can read a file that it has just written.
    async fn ask_arc(&self, asked: MachineRequest<'_>, io: &mut Io) -> Result<Response, Error> {
        let Some((folder, files)) = self.machine.arc_keys() else {
            return Err(Error::new(ErrorKind::Unsupported("Azure Arc"))
                .because("its agent runs on Linux and Windows alone"));
        };
        let challenged = self.ask(asked, io).await?;
        match challenged.status().as_u16() {
            401 => {}
            200 => {
                return Err(Error::new(ErrorKind::InvalidResponse(
                    "challenge of Azure Arc's agent",
                ))
                .because("a token came without one: something else than the agent has answered"));
            }
            _ => return Err(answer::refusal(&challenged, &self.service, io.now())),
        }
        let name = KeyName::of(&challenged, folder)?;
        let (folder, files) = (folder.clone(), files.clone());
        let read = move || files.read(&folder, name.as_str(), challenge::LARGEST);
        let content = io.call(Task::blocking("key file", read)).await?;
        let key = KeyName::authorization(&content)?;
        let asked = MachineRequest {
            arc_key: Some(&key),
            ..asked
        };
        self.ask(asked, io).await
    }

    /// The hash of the cached token that an API has refused, for a service that gives the same one again unless it is
    /// told.
    fn refused_token(&self, wanted: &Wanted, app: &App, io: &Io) -> Option<String> {
        let is_told =
            self.service.takes_claims() && wanted.claims.is_some() && !wanted.policy.force_refresh;
        let token = is_told.then(|| wanted.look(app, io.now())).flatten()?;
        let hash = Sha256::digest(token.secret().expose());
        let mut hex = String::with_capacity(64);
        for byte in hash {
            // Writing to a string does not fail.
            let _written = write!(hex, "{byte:02x}");
        }
        Some(hex)
    }

    fn retry_policy(&self) -> RetryPolicy {
        match self.service.source() {
            _ if !self.retries => RetryPolicy::NEVER,
            ManagedIdentitySource::Imds => RetryPolicy::Imds,
            source => RetryPolicy::Machine {
                is_not_found_final: source == ManagedIdentitySource::ServiceFabric,
            },
        }
    }
}
