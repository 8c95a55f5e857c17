//! What public and confidential client applications do alike for their users.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::{
    Account, App, AuthCodeFlow, AuthCodeOptions, CallOptions, DeviceCodeFlow, Explanation,
    Interaction, LogoutOptions, SilentOptions,
};
use crate::authority::cloud;
use crate::flow::{Flow, Io};
use crate::flows::cached::{CachePolicy, Job, Wanted};
use crate::flows::password::Credentials;
use crate::flows::silent::Silent;
use crate::flows::{
    accounts, auth_code, by_refresh_token, device_code, interactive, logout, password, refresh,
};
use crate::model::tenant;
use crate::protocol::auth_code::AuthorizationResponse;
use crate::store::{Change, Entity, Owner, Removal, UserFilter, UserKey};
use crate::{
    AuthenticationResult, Authority, AuthorityKind, Claims, Error, ErrorKind, Password,
    RefreshToken, Scopes,
};

impl App {
    pub(super) fn silent<S>(
        &self,
        scopes: S,
        account: &Account,
        options: Option<Box<SilentOptions>>,
    ) -> Flow<AuthenticationResult>
    where
        S: IntoIterator<Item: AsRef<str>> + Clone,
    {
        if options.is_none()
            && let Some(result) = self.user_hit(scopes.clone(), account)
        {
            return Flow::ready(Ok(result));
        }
        let options = options.map(|options| *options).unwrap_or_default();
        let id = options.call.correlation_id;
        match self.silent_job(scopes, account, options) {
            Ok(job) => job.flow(),
            Err(error) => Flow::ready(Err(self.tied(error, id))),
        }
    }

    pub(super) fn explain_silent<S>(
        &self,
        scopes: S,
        account: &Account,
        options: Option<Box<SilentOptions>>,
    ) -> Result<Explanation, Error>
    where
        S: IntoIterator<Item: AsRef<str>>,
    {
        let options = options.map(|options| *options).unwrap_or_default();
        let id = options.call.correlation_id;
        let job = self.silent_job(scopes, account, options);
        job.map(|job| job.explain())
            .map_err(|error| self.tied(error, id))
    }

    fn silent_job<S>(
        &self,
        scopes: S,
        account: &Account,
        options: SilentOptions,
    ) -> Result<Job<Silent>, Error>
    where
        S: IntoIterator<Item: AsRef<str>>,
    {
        if !cloud::same_cloud(account.environment(), self.authority.cloud()) {
            return Err(Error::new(ErrorKind::InvalidArgument("account"))
                .because("it is of another cloud than the application's authority"));
        }
        let policy = CachePolicy {
            cache_only: options.cache_only,
            force_refresh: options.force_refresh,
        };
        let owner = Owner::Account(account.home_account_id().into());
        let mut wanted = self.wanted(scopes, owner, policy, options.call)?;
        let shared = wanted.authority.clone();
        if let Some(home) = home_of(&shared, account) {
            wanted.authority = shared.with_tenant(home)?;
            // MSAL Python writes the word that it was configured with.
            wanted.also_realm = Some(shared.realm().clone());
        } else if !shared.is_tenanted() {
            wanted.also_realm = shared.tenant().map(Into::into);
        }
        let grant = Silent {
            account: account.clone(),
        };
        Ok(Job::new(grant, wanted, self))
    }

    pub(super) fn accounts(&self, filter: AccountFilter<'_>) -> Flow<Vec<Account>> {
        if self.persistence.is_none() {
            return Flow::ready(Ok(self.cached_accounts(filter)));
        }
        let (id, name) = match filter {
            AccountFilter::All => (None, None),
            AccountFilter::HomeAccountId(id) => (Some(Arc::from(id)), None),
            AccountFilter::Username(name) => (None, Some(name.to_owned())),
        };
        self.at_store("accounts", |app, io| accounts::find(id, name, app, io))
    }

    pub(crate) fn cached_accounts(&self, filter: AccountFilter<'_>) -> Vec<Account> {
        let cloud = self.authority.cloud();
        let account = |user: &Arc<[Entity]>| {
            let is_usable = self.can_use(user);
            Account::of_user(user, self.authority.realm()).filter(|_| is_usable)
        };
        if let AccountFilter::HomeAccountId(id) = filter {
            let user = self.store.user(cloud, id);
            return user.as_ref().and_then(account).into_iter().collect();
        }
        let users = self.store.users(cloud, filter.into());
        users.iter().filter_map(account).collect()
    }

    /// Whether a user has signed in to this client, or to another of its family.
    fn can_use(&self, user: &[Entity]) -> bool {
        let is_own = |entity: &Entity| match entity {
            Entity::IdToken(token) => token.client_id == self.client_id,
            Entity::RefreshToken(token) => token.client_id == self.client_id,
            _ => false,
        };
        let is_family = |entity: &Entity| match entity {
            Entity::RefreshToken(token) => token.family_id.is_some(),
            _ => false,
        };
        user.iter().any(is_own)
            || (user.iter().any(is_family)
                && refresh::family(self.authority.cloud(), self).is_some())
    }

    pub(super) fn remove_account(&self, account: &Account) -> Flow<bool> {
        if self.persistence.is_none() {
            return Flow::ready(Ok(self.sign_out(account)));
        }
        let account = account.clone();
        self.at_store("sign-out", |app, io| accounts::remove(account, app, io))
    }

    /// A flow that speaks to nobody but to what keeps the cache.
    pub(super) fn at_store<T, F>(
        &self,
        name: &'static str,
        body: impl FnOnce(Self, Io) -> F,
    ) -> Flow<T>
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let app = self.clone();
        let call = self.call(name, None, None);
        Flow::new(call, self.env.clone(), |io| body(app, io))
    }

    /// Takes a user out of the memory; whether there was anything to take.
    pub(crate) fn sign_out(&self, account: &Account) -> bool {
        let cloud = cloud::canonical(account.environment());
        let id = account.home_account_id();
        let is_there = !self
            .store
            .users(cloud, UserFilter::HomeAccountId(id))
            .is_empty();
        self.store.apply(&Change::remove(Removal::User {
            user: UserKey {
                environment: account.environment().into(),
                home_account_id: id.into(),
            },
            client_id: self.client_id.clone(),
            // What the application could come back with goes too.
            family_id: refresh::family(cloud, self),
        }));
        is_there
    }

    pub(super) fn initiate_auth_code<S>(
        &self,
        scopes: S,
        redirect_uri: String,
        options: AuthCodeOptions,
    ) -> Flow<AuthCodeFlow>
    where
        S: IntoIterator<Item: AsRef<str>>,
    {
        let asked = options.call.clone();
        let begun = check_redirect_uri(&redirect_uri).and_then(|()| self.sign_in(scopes, asked));
        self.begin(
            "auth code",
            options.call.clone(),
            begun,
            |wanted, app, mut io| async move {
                auth_code::initiate(redirect_uri, options, &wanted, &app, &mut io).await
            },
        )
    }

    pub(super) fn by_auth_code(
        &self,
        flow: AuthCodeFlow,
        response: &str,
        options: CallOptions,
    ) -> Flow<AuthenticationResult> {
        let call = flow.0.begun.options(options);
        let read = AuthorizationResponse::parse(response).and_then(|response| {
            match response.has_state(&flow.0.state) {
                true => Ok(response),
                false => Err(auth_code::not_of_this_flow()),
            }
        });
        let begun = read.and_then(|response| {
            let wanted = flow.0.begun.resume(call.clone(), self)?;
            Ok((response, wanted))
        });
        let (response, wanted) = match begun {
            Ok(begun) => begun,
            Err(error) => return Flow::ready(Err(self.tied(error, call.correlation_id))),
        };
        self.begin(
            "auth code",
            call,
            Ok(wanted),
            |wanted, app, mut io| async move {
                auth_code::redeem(flow, response, wanted, &app, &mut io).await
            },
        )
    }

    pub(super) fn interactive<S>(
        &self,
        scopes: S,
        interaction: Arc<dyn Interaction>,
        options: AuthCodeOptions,
    ) -> Flow<AuthenticationResult>
    where
        S: IntoIterator<Item: AsRef<str>>,
    {
        let call = CallOptions {
            timeout: options.call.timeout.or(Some(INTERACTIVE_TIMEOUT)),
            ..options.call.clone()
        };
        let begun = interactive::redirect_uri(&*interaction).and_then(|uri| {
            check_redirect_uri(&uri)?;
            Ok((uri, self.sign_in(scopes, call.clone())?))
        });
        let (uri, wanted) = match begun {
            Ok(begun) => begun,
            Err(error) => return Flow::ready(Err(self.tied(error, call.correlation_id))),
        };
        self.begin("interactive", call, Ok(wanted), |wanted, app, io| {
            interactive::acquire(interaction, uri, options, wanted, app, io)
        })
    }

    /// Where a browser goes to end its own session.
    pub(super) fn logout(&self, options: LogoutOptions) -> Flow<Url> {
        let call = self.call("logout url", options.correlation_id, None);
        let app = self.clone();
        Flow::new(call, self.env.clone(), |mut io| async move {
            logout::url(&options, &app, &mut io).await
        })
    }

    pub(super) fn initiate_device_code<S>(
        &self,
        scopes: S,
        options: CallOptions,
    ) -> Flow<DeviceCodeFlow>
    where
        S: IntoIterator<Item: AsRef<str>>,
    {
        let begun = self.sign_in(scopes, options.clone());
        self.begin("device code", options, begun, device_code::initiate)
    }

    pub(super) fn by_device_code(
        &self,
        flow: DeviceCodeFlow,
        options: CallOptions,
    ) -> Flow<AuthenticationResult> {
        let left = flow.left(self.env.now());
        let options = CallOptions {
            // The code's life, and an answer to the last question.
            timeout: Some(
                options
                    .timeout
                    .unwrap_or_else(|| left.saturating_add(self.timeout)),
            ),
            ..options
        };
        let call = flow.0.begun.options(options);
        let begun = flow.0.begun.resume(call.clone(), self);
        self.begin("device code", call, begun, |wanted, app, io| {
            device_code::redeem(flow, wanted, app, io)
        })
    }

    pub(super) fn by_refresh_token<S>(
        &self,
        refresh_token: RefreshToken,
        scopes: S,
        options: CallOptions,
    ) -> Flow<AuthenticationResult>
    where
        S: IntoIterator<Item: AsRef<str>>,
    {
        let begun = self.sign_in(scopes, options.clone());
        self.begin("refresh token", options, begun, |wanted, app, io| {
            by_refresh_token::acquire(refresh_token, wanted, app, io)
        })
    }

    pub(super) fn by_password<S>(
        &self,
        username: String,
        password: Password,
        scopes: S,
        options: CallOptions,
    ) -> Flow<AuthenticationResult>
    where
        S: IntoIterator<Item: AsRef<str>>,
    {
        let who = Credentials { username, password };
        let begun = self.sign_in(scopes, options.clone());
        self.begin("password", options, begun, |wanted, app, io| {
            password::acquire(who, wanted, app, io)
        })
    }

    /// A flow over what was read, or the error that reading met.
    pub(super) fn begin<T, F>(
        &self,
        name: &'static str,
        call: CallOptions,
        wanted: Result<Wanted, Error>,
        body: impl FnOnce(Wanted, Self, Io) -> F,
    ) -> Flow<T>
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        match wanted {
            Ok(wanted) => {
                let context = self.call(name, call.correlation_id, call.timeout);
                Flow::new(context, self.env.clone(), |io| {
                    body(wanted, self.clone(), io)
                })
            }
            Err(error) => Flow::ready(Err(self.tied(error, call.correlation_id))),
        }
    }

    /// What a new sign-in asks for.
    pub(super) fn sign_in<S>(&self, scopes: S, call: CallOptions) -> Result<Wanted, Error>
    where
        S: IntoIterator<Item: AsRef<str>>,
    {
        // Whose it will be is not known yet: nothing is looked up by this owner.
        self.wanted(
            scopes,
            Owner::Account("".into()),
            CachePolicy::default(),
            call,
        )
    }

    /// What a program asks for, read and checked.
    pub(super) fn wanted<S>(
        &self,
        scopes: S,
        owner: Owner,
        policy: CachePolicy,
        call: CallOptions,
    ) -> Result<Wanted, Error>
    where
        S: IntoIterator<Item: AsRef<str>>,
    {
        let scopes = Scopes::parse(scopes)?;
        let authority = match &call.tenant {
            Some(tenant) => self.authority.with_tenant(tenant)?,
            None => self.authority.clone(),
        };
        let claims = call.claims.as_deref().map(Claims::parse).transpose()?;
        let client_claims = call
            .client_claims
            .as_deref()
            .map(Claims::parse)
            .transpose()?;
        let extended = super::parameters::extended_key(&call, None)?.map(Arc::new);
        Ok(Wanted {
            authority,
            owner,
            scopes,
            claims,
            client_claims,
            extended,
            call,
            policy,
            also_realm: None,
        })
    }

    pub(super) fn tied(&self, error: Error, id: Option<crate::CorrelationId>) -> Error {
        let id = id.unwrap_or_else(|| self.env.guid().into());
        error.with_correlation_id(id)
    }
}

/// Which accounts are wanted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum AccountFilter<'a> {
    /// All of them.
    #[default]
    All,
    /// The one of this home account id.
    HomeAccountId(&'a str),
    /// Those who sign in with this name, compared without case.
    Username(&'a str),
}

impl<'a> From<AccountFilter<'a>> for UserFilter<'a> {
    fn from(filter: AccountFilter<'a>) -> Self {
        match filter {
            AccountFilter::All => Self::All,
            AccountFilter::HomeAccountId(id) => Self::HomeAccountId(id),
            AccountFilter::Username(name) => Self::Username(name),
        }
    }
}

/// The tenant to ask in silence where the authority is for many.
pub(super) fn home_of<'a>(authority: &Authority, account: &'a Account) -> Option<&'a str> {
    let is_shared = authority.kind() == AuthorityKind::EntraId
        && matches!(
            authority.tenant(),
            Some(tenant::COMMON | tenant::ORGANIZATIONS)
        );
    match is_shared {
        true => account.home_tenant_id(),
        false => None,
    }
}

/// A redirect URI must be absolute and have no fragment, RFC 6749 section 3.1.2.
fn check_redirect_uri(uri: &str) -> Result<(), Error> {
    let refused = |why| Err(Error::new(ErrorKind::InvalidArgument("redirect URI")).because(why));
    match Url::parse(uri) {
        Err(_) => refused("it is no absolute URI"),
        Ok(url) if url.fragment().is_some() => refused("it has a fragment"),
        Ok(_) => Ok(()),
    }
}

/// How long a person may take, unless the call says otherwise.
const INTERACTIVE_TIMEOUT: Duration = Duration::from_secs(300);
