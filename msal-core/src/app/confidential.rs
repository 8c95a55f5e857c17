use std::sync::Arc;

use super::parameters::extended_key;
use url::Url;

use super::{
    Account, AccountFilter, App, AuthCodeFlow, AuthCodeOptions, CallOptions,
    ClientCredentialOptions, Explanation, LogoutOptions, OnBehalfOfOptions, SilentOptions,
};
use crate::credential::ClientCredential;
use crate::flow::{Flow, Io};
use crate::flows::cached::{CachePolicy, Job};
use crate::flows::client_credentials::ClientCredentials;
use crate::flows::on_behalf_of::{self, OnBehalfOf, process};
use crate::flows::user_fic::{self, AgentUser};
use crate::protocol::user_fic::FederatedUser;
use crate::store::Owner;
use crate::{
    AuthenticationResult, Authority, Error, ErrorKind, Password, RefreshToken, UserAssertion,
    UserFederatedIdentityCredential,
};

/// An application that can keep a secret: a web app, a web API, a daemon. Cheap to clone; made once and reused.
///
/// Its methods return [flows](Flow): nothing happens until somebody drives them.
#[derive(Clone, Debug)]
pub struct ConfidentialClientApplication(App);

impl ConfidentialClientApplication {
    pub(super) fn new(app: App) -> Self {
        Self(app)
    }

    /// How the application proves who it is.
    pub fn credential(&self) -> Option<&ClientCredential> {
        self.0.credential.as_ref()
    }

    /// A token for the application itself: from the cache, or by the client credentials grant, RFC 6749 section 4.4.
    ///
    /// A cached token costs no allocation: `options` are only looked at, and `scopes` only copied when they miss.
    pub fn acquire_token_for_client<S>(
        &self,
        scopes: S,
        options: Option<Box<ClientCredentialOptions>>,
    ) -> Flow<AuthenticationResult>
    where
        S: IntoIterator<Item: AsRef<str>> + Clone,
    {
        if options.is_none()
            && let Some(result) = self.0.app_hit(scopes.clone())
        {
            return Flow::ready(Ok(result));
        }
        let options = options.map(|options| *options).unwrap_or_default();
        let id = options.call.correlation_id;
        match self.client_job(scopes, options) {
            Ok(job) => job.flow(),
            Err(error) => Flow::ready(Err(self.0.tied(error, id))),
        }
    }

    /// Why such a call finds a token in the cache, or why it does not. Asks nobody and changes nothing.
    ///
    /// Fails where the call would before anything is sent: for malformed scopes or options, or without a tenant.
    pub fn explain_token_for_client<S>(
        &self,
        scopes: S,
        options: Option<Box<ClientCredentialOptions>>,
    ) -> Result<Explanation, Error>
    where
        S: IntoIterator<Item: AsRef<str>>,
    {
        let options = options.map(|options| *options).unwrap_or_default();
        let id = options.call.correlation_id;
        let job = self.client_job(scopes, options);
        job.map(|job| job.explain())
            .map_err(|error| self.0.tied(error, id))
    }

    /// A token for the user who called this API, for it to call another with. From the cache, where it is kept under
    /// the assertion, or by the on-behalf-of grant:
    /// <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow>.
    ///
    /// An error with [claims](Error::claims) is to be passed on to the caller, as a 401 with that challenge.
    pub fn acquire_token_on_behalf_of<S>(
        &self,
        assertion: UserAssertion,
        scopes: S,
        options: OnBehalfOfOptions,
    ) -> Flow<AuthenticationResult>
    where
        S: IntoIterator<Item: AsRef<str>>,
    {
        let key = match assertion.expose().trim().is_empty() {
            true => Err(empty("user assertion")),
            false => Ok(on_behalf_of::hash(&assertion)),
        };
        self.on_behalf_of(Some(assertion), key, false, scopes, options)
    }

    /// The same for a process that outlives the assertion: a refresh token is kept under `key`, by which
    /// [`acquire_token_in_long_running_process`](Self::acquire_token_in_long_running_process) goes on.
    ///
    /// The key is the program's own, such as a job's id; whoever knows it acts for the user. The token always comes
    /// from the identity provider.
    pub fn initiate_long_running_process<S>(
        &self,
        assertion: UserAssertion,
        key: &str,
        scopes: S,
        options: OnBehalfOfOptions,
    ) -> Flow<AuthenticationResult>
    where
        S: IntoIterator<Item: AsRef<str>>,
    {
        let options = OnBehalfOfOptions {
            force_refresh: true,
            ..options
        };
        self.on_behalf_of(Some(assertion), process_key(key), true, scopes, options)
    }

    /// A token for the user of a long-running process: from the cache, or by its refresh token.
    pub fn acquire_token_in_long_running_process<S>(
        &self,
        key: &str,
        scopes: S,
        options: OnBehalfOfOptions,
    ) -> Flow<AuthenticationResult>
    where
        S: IntoIterator<Item: AsRef<str>>,
    {
        self.on_behalf_of(None, process_key(key), true, scopes, options)
    }

    /// Forgets all tokens of a long-running process.
    pub fn stop_long_running_process(&self, key: &str) -> Flow<()> {
        let app = &self.0;
        let hash: Arc<str> = match process_key(key) {
            Ok(hash) => hash.into(),
            Err(error) => return Flow::ready(Err(app.tied(error, None))),
        };
        if app.persistence.is_none() {
            on_behalf_of::forget(hash, app);
            return Flow::ready(Ok(()));
        }
        app.at_store("stop process", |app, io| async move {
            on_behalf_of::stop(hash, &app, io).await
        })
    }

    /// A token for a user that an agent identity, which this application is, signs in as: by the token that it got for
    /// itself as the user's federated credential. It always comes from the identity provider; later calls are
    /// [silent](Self::acquire_token_silent).
    pub fn acquire_token_by_user_federated_identity_credential<S>(
        &self,
        credential: UserFederatedIdentityCredential,
        user: FederatedUser,
        scopes: S,
        options: CallOptions,
    ) -> Flow<AuthenticationResult>
    where
        S: IntoIterator<Item: AsRef<str>>,
    {
        let begun = crate::protocol::user_fic::check(&credential, &user)
            .and_then(|()| self.0.sign_in(scopes, options.clone()));
        let who = AgentUser { credential, user };
        self.0.begin(
            "user federated identity credential",
            options,
            begun,
            |wanted, app, io| user_fic::acquire(who, wanted, app, io),
        )
    }

    /// A token for the application itself as a part of another flow, which proves itself with it.
    pub(crate) async fn acquire_within(
        &self,
        scope: &str,
        options: ClientCredentialOptions,
        io: &mut Io,
    ) -> Result<AuthenticationResult, Error> {
        self.client_job([scope], options)?.within(io).await
    }

    /// Whether its cache or its credential needs what is awaited, which a blocking application cannot do.
    pub(crate) fn needs_async(&self) -> bool {
        let persistence = self.0.persistence.as_ref();
        persistence.is_some_and(|persistence| persistence.is_async())
            || self.credential().is_some_and(ClientCredential::needs_async)
    }

    fn on_behalf_of<S>(
        &self,
        assertion: Option<UserAssertion>,
        key: Result<String, Error>,
        is_long: bool,
        scopes: S,
        options: OnBehalfOfOptions,
    ) -> Flow<AuthenticationResult>
    where
        S: IntoIterator<Item: AsRef<str>>,
    {
        let id = options.call.correlation_id;
        let policy = CachePolicy {
            cache_only: false,
            force_refresh: options.force_refresh,
        };
        let job = key.and_then(|key| {
            let owner = Owner::Assertion {
                hash: key.as_str().into(),
                home_account_id: None,
            };
            let wanted = self.0.wanted(scopes, owner, policy, options.call)?;
            let grant = OnBehalfOf {
                assertion,
                key,
                is_long,
            };
            Ok(Job::new(grant, wanted, &self.0))
        });
        match job {
            Ok(job) => job.flow(),
            Err(error) => Flow::ready(Err(self.0.tied(error, id))),
        }
    }

    fn client_job<S>(
        &self,
        scopes: S,
        options: ClientCredentialOptions,
    ) -> Result<Job<ClientCredentials>, Error>
    where
        S: IntoIterator<Item: AsRef<str>>,
    {
        let app = &self.0;
        let policy = CachePolicy {
            cache_only: false,
            force_refresh: options.force_refresh,
        };
        let fmi_path = options.fmi_path;
        let mut wanted = app.wanted(scopes, Owner::App, policy, options.call)?;
        if fmi_path.is_some() {
            wanted.extended = extended_key(&wanted.call, fmi_path.as_deref())?.map(Arc::new);
        }
        if !wanted.authority.is_tenanted() {
            return Err(untenanted(&wanted.authority));
        }
        Ok(Job::new(ClientCredentials { fmi_path }, wanted, app))
    }
}

super::user_methods::user_methods!(ConfidentialClientApplication);

/// What the cache knows a long-running process by.
fn process_key(key: &str) -> Result<String, Error> {
    match key.is_empty() {
        true => Err(empty("key of a long-running process")),
        false => Ok(process(key)),
    }
}

fn empty(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidArgument(what)).because("it is empty")
}

fn untenanted(authority: &Authority) -> Error {
    Error::new(ErrorKind::InvalidArgument("authority")).because(format!(
        "an app token comes from one certain tenant: give its id or domain name instead of `{}`",
        authority.tenant().unwrap_or_default()
    ))
}
