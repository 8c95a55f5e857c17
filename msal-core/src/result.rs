use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::HeaderValue;
use zeroize::Zeroizing;

use crate::app::App;
use crate::authority::cloud;
use crate::env::IdSource;
use crate::store::{AccessTokenEntry, Entity, IdTokenEntry, OwnerRef, UserFilter};
use crate::{
    AccessToken, Account, AuthorizationCode, CorrelationId, Error, ErrorKind, IdTokenClaims,
    RefreshToken, Scopes, Timestamp, scheme,
};

/// A token, and what is known of it. Cheap to clone.
pub struct AuthenticationResult {
    token: Arc<AccessTokenEntry>,
    source: TokenSource,
    correlation_id: OnceLock<CorrelationId>,
    ids: IdSource,
    user: Option<User>,
    rare: Option<Box<Rare>>,
}

/// What few results have.
#[derive(Clone, Default)]
struct Rare {
    persist_error: Option<Error>,
    refresh_error: Option<Error>,
    refresh_token: Option<RefreshToken>,
    spa_code: Option<AuthorizationCode>,
}

impl AuthenticationResult {
    pub(crate) fn from_cache(token: Arc<AccessTokenEntry>, ids: IdSource) -> Self {
        let correlation_id = OnceLock::new();
        Self {
            token,
            source: TokenSource::Cache,
            correlation_id,
            ids,
            user: None,
            rare: None,
        }
    }

    pub(crate) fn from_identity_provider(token: Arc<AccessTokenEntry>, ids: IdSource) -> Self {
        Self {
            source: TokenSource::IdentityProvider,
            ..Self::from_cache(token, ids)
        }
    }

    pub(crate) fn with_correlation_id(self, id: CorrelationId) -> Self {
        Self {
            correlation_id: OnceLock::from(id),
            ..self
        }
    }

    pub(crate) fn with_refresh_error(mut self, error: Error) -> Self {
        self.rare.get_or_insert_default().refresh_error = Some(error);
        self
    }

    pub(crate) fn with_persist_error(mut self, error: Option<Error>) -> Self {
        if error.is_some() {
            self.rare.get_or_insert_default().persist_error = error;
        }
        self
    }

    pub(crate) fn with_user(self, user: Option<User>) -> Self {
        Self { user, ..self }
    }

    pub(crate) fn with_extra(
        mut self,
        refresh_token: Option<RefreshToken>,
        spa_code: Option<AuthorizationCode>,
    ) -> Self {
        if refresh_token.is_some() || spa_code.is_some() {
            let rare = self.rare.get_or_insert_default();
            rare.refresh_token = refresh_token;
            rare.spa_code = spa_code;
        }
        self
    }

    pub(crate) fn entry(&self) -> &Arc<AccessTokenEntry> {
        &self.token
    }

    /// The token to present to the API.
    pub fn access_token(&self) -> &AccessToken {
        self.token.secret()
    }

    /// How to present it: `Bearer`, unless it is bound to a key.
    pub fn token_type(&self) -> &str {
        self.token
            .binding()
            .map_or("Bearer", |binding| binding.token_type)
    }

    /// The value of an `Authorization` header, marked as sensitive.
    ///
    /// Fails with [`Unsupported`](crate::ErrorKind::Unsupported) for a token that is bound to a key, since by itself it
    /// proves nothing; and for a token that came from a cache file and holds characters that no header may hold.
    pub fn authorization_header(&self) -> Result<HeaderValue, Error> {
        match self.token.binding() {
            None => sensitive("Bearer ", self.access_token().expose()),
            Some(binding) => Err(not_by_itself(binding.token_type)),
        }
    }

    /// The value of an `Authorization` header for this one request, signed by the key that the token is bound to and
    /// marked as sensitive.
    ///
    /// Fails for a token that is not bound to `key`.
    #[cfg(feature = "certificate")]
    pub fn authorization_header_for(
        &self,
        key: &crate::PopKey,
        request: &crate::PopRequest,
    ) -> Result<HeaderValue, Error> {
        let bound = self.token.binding().filter(|binding| {
            binding.token_type == scheme::POP && binding.key_id == key.thumbprint()
        });
        if bound.is_none() {
            return Err(Error::new(ErrorKind::InvalidArgument("key"))
                .because("the token is not bound to it: ask for one with its `TokenScheme`"));
        }
        sensitive("PoP ", key.sign(self.access_token(), request)?.expose())
    }

    /// When the token stops working.
    pub fn expires_on(&self) -> Timestamp {
        self.token.expires_on()
    }

    /// From when it is renewed although it still works, where the identity provider said so.
    pub fn refresh_on(&self) -> Option<Timestamp> {
        self.token.refresh_on()
    }

    /// The scopes granted.
    pub fn scopes(&self) -> &Scopes {
        self.token.scopes()
    }

    /// The tenant that issued the token.
    pub fn tenant_id(&self) -> &str {
        self.token.realm()
    }

    /// The user whom the token is for; none for a token of the application itself, and where the identity provider
    /// did not tell.
    pub fn account(&self) -> Option<&Account> {
        self.user.as_ref()?.account(&self.token)
    }

    /// What the id token says of the user, where there is one.
    ///
    /// That of a token from the cache is read when first asked for.
    pub fn id_token_claims(&self) -> Option<&IdTokenClaims> {
        self.user.as_ref()?.claims(&self.token)
    }

    /// The refresh token, for a program that keeps its own: only where the application was made to show them, and only
    /// in a result that brought one.
    pub fn refresh_token(&self) -> Option<&RefreshToken> {
        self.rare.as_ref()?.refresh_token.as_ref()
    }

    /// The code for the application's page in the browser, where the sign-in asked for one.
    pub fn spa_code(&self) -> Option<&AuthorizationCode> {
        self.rare.as_ref()?.spa_code.as_ref()
    }

    /// Where the token came from.
    pub fn token_source(&self) -> TokenSource {
        self.source
    }

    /// The id of this call: of the requests it sent, if it sent any.
    pub fn correlation_id(&self) -> CorrelationId {
        *self
            .correlation_id
            .get_or_init(|| self.ids.correlation_id())
    }

    /// Why the token could not be written to where the cache is kept. It is in memory, and written with the next change.
    pub fn persist_error(&self) -> Option<&Error> {
        self.rare.as_ref()?.persist_error.as_ref()
    }

    /// Why the token, which still works, was not renewed although it was time.
    pub fn refresh_error(&self) -> Option<&Error> {
        self.rare.as_ref()?.refresh_error.as_ref()
    }
}

impl Clone for AuthenticationResult {
    fn clone(&self) -> Self {
        Self {
            token: self.token.clone(),
            source: self.source,
            // Made now if it has not been yet, so that both have the same.
            correlation_id: OnceLock::from(self.correlation_id()),
            ids: self.ids,
            user: self.user.clone(),
            rare: self.rare.clone(),
        }
    }
}

/// A header's value, which is wiped when it is dropped.
fn sensitive(scheme: &str, token: &str) -> Result<HeaderValue, Error> {
    let mut value = Zeroizing::new(Vec::with_capacity(scheme.len() + token.len()));
    value.extend_from_slice(scheme.as_bytes());
    value.extend_from_slice(token.as_bytes());
    let value = HeaderValue::from_maybe_shared(Bytes::from_owner(value));
    let mut value = value.map_err(|_| {
        Error::new(ErrorKind::Cache).because("the cached access token fits into no header")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Sent like a bearer token, a bound one would be refused, or worse, accepted.
fn not_by_itself(token_type: &str) -> Error {
    let why = match token_type {
        scheme::POP => "sign each request with the key: use `authorization_header_for`",
        scheme::SSH_CERTIFICATE => {
            "it is an SSH certificate: give `access_token` to the SSH client"
        }
        _ => "it is bound to a key: use `access_token` with whatever holds that key",
    };
    Error::new(ErrorKind::Unsupported("presenting a bound token by itself")).because(why)
}

/// The user of a result: known at once, or read from the cache when asked for, so that a hit costs nothing.
#[derive(Clone)]
pub(crate) struct User {
    app: App,
    account: Option<Account>,
    late: OnceLock<Box<Late>>,
}

/// What is read when first asked for.
#[derive(Clone)]
struct Late {
    account: Option<Account>,
    claims: Option<IdTokenClaims>,
}

impl User {
    /// A user of whom everything is known.
    pub(crate) fn known(app: App, account: Option<Account>, claims: Option<IdTokenClaims>) -> Self {
        let late = Late {
            account: None,
            claims,
        };
        Self {
            app,
            account,
            late: OnceLock::from(Box::new(late)),
        }
    }

    /// The user of a cached token.
    pub(crate) fn cached(app: App, account: Option<Account>) -> Self {
        Self {
            app,
            account,
            late: OnceLock::new(),
        }
    }

    fn account(&self, token: &AccessTokenEntry) -> Option<&Account> {
        let late = || self.late(token).account.as_ref();
        self.account.as_ref().or_else(late)
    }

    fn claims(&self, token: &AccessTokenEntry) -> Option<&IdTokenClaims> {
        self.late(token).claims.as_ref()
    }

    fn late(&self, token: &AccessTokenEntry) -> &Late {
        self.late.get_or_init(|| {
            let users = self.stored(token);
            let account = users.iter().find_map(|user| {
                let of_user = Account::of_user(user, token.realm());
                of_user.or_else(|| Account::of_id_token(user))
            });
            let claims = claims(&users, token);
            Box::new(Late { account, claims })
        })
    }

    fn stored(&self, token: &AccessTokenEntry) -> Vec<Arc<[Entity]>> {
        let filter = match token.owner() {
            OwnerRef::Account(id) => UserFilter::HomeAccountId(id),
            OwnerRef::App => return Vec::new(),
            OwnerRef::Assertion(hash) => UserFilter::Assertion(hash),
        };
        self.app
            .store
            .users(cloud::canonical(token.environment()), filter)
    }
}

/// What the id token says that came with a token, or with another of the same tenant.
fn claims(users: &[Arc<[Entity]>], token: &AccessTokenEntry) -> Option<IdTokenClaims> {
    // The tenant may be named in the one, and have its id in the other.
    let is_named = !crate::model::tenant::is_guid(token.realm());
    let entities = users.iter().flat_map(|user| user.iter());
    let mut ours = entities.filter_map(|entity| match entity {
        Entity::IdToken(id) if id.client_id == *token.client_id() => Some(id),
        _ => None,
    });
    let is_same = |id: &IdTokenEntry| id.realm.eq_ignore_ascii_case(token.realm());
    let id_token = ours.find(|id| is_named || is_same(id))?;
    IdTokenClaims::parse(&id_token.secret).ok()
}

impl fmt::Debug for AuthenticationResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticationResult")
            .field("access_token", self.access_token())
            .field("token_type", &self.token_type())
            .field("expires_on", &self.expires_on())
            .field("refresh_on", &self.refresh_on())
            .field("scopes", self.scopes())
            .field("token_source", &self.source)
            .field("correlation_id", &self.correlation_id())
            .field("refresh_error", &self.refresh_error())
            .finish_non_exhaustive()
    }
}

/// Where a token came from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TokenSource {
    /// The token cache.
    Cache,
    /// The identity provider, in this call.
    IdentityProvider,
}

impl TokenSource {
    /// The source as a stable word in snake case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cache => "cache",
            Self::IdentityProvider => "identity_provider",
        }
    }
}
