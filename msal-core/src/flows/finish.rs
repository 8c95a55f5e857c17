//! What is done with an answer of the token endpoint: it is checked, kept, and made a result of.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::value::{RawValue, to_raw_value};

use super::identity::{Expected, Identity};
use super::{signature, stored};
use crate::app::App;
use crate::authority::Endpoints;
use crate::flow::Io;
use crate::protocol::token::{self, TokenResponse};
use crate::result::User;
use crate::store::{
    AccessTokenEntry, AccountEntry, AppMetadataEntry, Change, Entity, ExtendedKey, Extras,
    IdTokenEntry, Lifetime, Members, Owner, Partition, ProcessKey, RefreshTokenEntry, Removal,
    TokenKey, UserFilter, UserKey,
};
use crate::{
    AccessToken, Account, AuthenticationResult, Authority, AuthorityKind, Error, RefreshToken,
    Response, Scopes, Timestamp, TokenScheme,
};

/// An access token as it was issued, not yet kept.
pub(crate) struct Issued {
    pub(crate) secret: AccessToken,
    pub(crate) scopes: Scopes,
    pub(crate) expires_in: Duration,
    pub(crate) ext_expires_in: Option<Duration>,
    pub(crate) refresh_in: Option<Duration>,
}

impl Issued {
    /// What an answer holds, with the scopes asked for where it names none.
    pub(crate) fn of(token: TokenResponse, asked_for: &Scopes) -> Self {
        Self {
            secret: token.access_token,
            scopes: token.scopes.unwrap_or_else(|| asked_for.clone()),
            expires_in: token.expires_in,
            ext_expires_in: token.ext_expires_in,
            refresh_in: token.refresh_in,
        }
    }

    fn entry(self, key: TokenKey, now: Timestamp) -> Arc<AccessTokenEntry> {
        let lifetime = Lifetime {
            cached_at: now,
            expires_on: now + self.expires_in,
            extended_expires_on: self.ext_expires_in.map(|life| now + life),
            refresh_on: self.refresh_in.map(|life| now + life.min(self.expires_in)),
        };
        let entry = AccessTokenEntry::new(key, self.scopes, self.secret, lifetime);
        Arc::new(entry)
    }
}

/// Keeps a token of the application itself, unless it was issued for no time at all.
pub(crate) fn keep(
    issued: Issued,
    key: TokenKey,
    app: &App,
    now: Timestamp,
) -> Arc<AccessTokenEntry> {
    let is_kept = !issued.expires_in.is_zero();
    let token = issued.entry(key, now);
    if is_kept {
        let token = Entity::AccessToken(token.clone());
        app.store.apply(&Change::upsert(token));
    }
    token
}

/// What a flow knows of the sign-in that is answered.
pub(crate) struct SignIn<'a> {
    pub(crate) app: &'a App,
    pub(crate) authority: &'a Authority,
    pub(crate) endpoints: &'a Endpoints,
    pub(crate) scopes: &'a Scopes,
    pub(crate) scheme: &'a TokenScheme,
    pub(crate) extended: Option<Arc<ExtendedKey>>,
    pub(crate) nonce: Option<&'a str>,
    pub(crate) max_age: Option<Duration>,
    /// What is kept where the answer brings no other.
    pub(crate) refresh_token: Option<&'a RefreshToken>,
    pub(crate) whose: Whose<'a>,
}

/// Whom the answer must be about, and what becomes of it.
#[derive(Clone, Copy)]
pub(crate) enum Whose<'a> {
    /// A user known already, whose tokens are renewed. Somebody may sign them out meanwhile, which holds.
    Account(&'a Account),
    /// Whoever an assertion speaks for, under its hash, or under the key of a process that outlives it.
    Assertion {
        hash: &'a str,
        process: Option<Process<'a>>,
    },
    /// Whoever signed in, by what grant, and perhaps by what name.
    New {
        source: &'static str,
        username: Option<&'a str>,
    },
}

/// Where a long-running process is: its refresh token is kept.
#[derive(Clone, Copy)]
pub(crate) enum Process<'a> {
    /// Whatever went by its key before is over.
    Begins,
    /// For this user, by home account id; empty for a service. Somebody may stop it meanwhile, which holds.
    GoesOn(&'a str),
}

impl<'a> Whose<'a> {
    /// The same for whoever the refresh token of this home account id belongs to.
    pub(crate) fn going_on(self, home_account_id: &'a str) -> Self {
        match self {
            Self::Assertion {
                hash,
                process: Some(_),
            } => Self::Assertion {
                hash,
                process: Some(Process::GoesOn(home_account_id)),
            },
            other => other,
        }
    }

    /// The account whose tokens are renewed.
    pub(crate) fn account(&self) -> Option<&'a Account> {
        match *self {
            Self::Account(account) => Some(account),
            _ => None,
        }
    }

    /// The user that the answer must be about, by home account id.
    fn known(&self) -> Option<&'a str> {
        match *self {
            Self::Account(account) => Some(account.home_account_id()),
            Self::Assertion {
                process: Some(Process::GoesOn(id)),
                ..
            } => Some(id).filter(|id| !id.is_empty()),
            _ => None,
        }
    }
}

/// Checks an answer, keeps what it brought, and makes the result.
pub(crate) async fn receive(
    response: &Response,
    sign_in: &SignIn<'_>,
    io: &mut Io,
) -> Result<AuthenticationResult, Error> {
    // The token's life began when it came, not when its signature has been checked.
    let now = io.now();
    let token = token::parse(response, sign_in.scheme.token_type())?;
    let expected = Expected {
        client_id: &sign_in.app.client_id,
        authority: sign_in.authority,
        endpoints: sign_in.endpoints,
        nonce: sign_in.nonce,
        max_age: sign_in.max_age,
        home_account_id: sign_in.whose.known(),
    };
    let identity = Identity::of(&token, &expected, now)?;
    if sign_in.app.verifies_id_tokens {
        let id_token = token.id_token.as_ref().zip(identity.claims.as_ref());
        signature::check(id_token, sign_in, io).await?;
    }
    // The client info would not do: it names the home tenant, which a guest is not in now.
    if let Some(tenant_id) = identity
        .claims
        .as_ref()
        .and_then(|claims| claims.tenant_id())
    {
        let directory = &sign_in.app.directory;
        directory.pin_tenant(sign_in.authority, tenant_id)?;
    }
    let refresh_token = token.refresh_token.clone();
    let spa_code = token.spa_code.clone();
    let kept = sign_in.keep(token, &identity, now);
    let app = sign_in.app;
    // Before anybody sees the result: the refresh token that was used may work no longer.
    let partition = Partition::of_key(&kept.token.key());
    let saved = stored::save(&partition, app, io).await;
    let user = User::known(app.clone(), kept.account, identity.claims);
    let result = AuthenticationResult::from_identity_provider(kept.token, app.ids);
    Ok(result
        .with_user(Some(user))
        .with_persist_error(saved.err())
        .with_extra(refresh_token.filter(|_| app.shows_refresh_tokens), spa_code))
}

struct Kept {
    token: Arc<AccessTokenEntry>,
    account: Option<Account>,
}

impl SignIn<'_> {
    fn keep(&self, token: TokenResponse, identity: &Identity, now: Timestamp) -> Kept {
        let home_account_id: Option<Arc<str>> = match self.whose.known() {
            Some(known) => Some(known.into()),
            None => identity.home_account_id().map(Into::into),
        };
        let realm = self.realm(identity);
        let is_assertion = matches!(self.whose, Whose::Assertion { .. });
        let mut upserts = Vec::with_capacity(5);
        let id = home_account_id.clone();
        let environment = self.authority.environment();
        if let Some(id) = id.or_else(|| is_assertion.then(|| "".into())) {
            let keeps_refresh_token = match self.whose {
                Whose::Assertion { process, .. } => process.is_some(),
                _ => true,
            };
            let secret = token.refresh_token.as_ref().or(self.refresh_token);
            if let Some(secret) = secret.filter(|_| keeps_refresh_token).cloned() {
                upserts.push(Entity::RefreshToken(Arc::new(RefreshTokenEntry {
                    environment: environment.clone(),
                    client_id: self.app.client_id.clone(),
                    home_account_id: id.clone(),
                    family_id: token.family_id.as_deref().map(Into::into),
                    secret,
                    last_modified: now,
                    extras: self.extras(),
                })));
            }
            if let Some(secret) = token.id_token.clone() {
                upserts.push(Entity::IdToken(Arc::new(IdTokenEntry {
                    environment: environment.clone(),
                    realm: self.profile_realm(identity),
                    client_id: self.app.client_id.clone(),
                    home_account_id: id,
                    secret,
                    extras: self.extras(),
                })));
            }
        }
        let account = home_account_id
            .clone()
            .map(|id| self.account(id, &token, identity));
        if let (Some(account), Whose::New { .. }) = (&account, self.whose) {
            upserts.push(Entity::Account(account.clone()));
        }
        if !is_assertion && self.app.credential.is_none() {
            // One that says that the client is in no family matters too.
            upserts.push(Entity::AppMetadata(Arc::new(AppMetadataEntry {
                environment: environment.clone(),
                client_id: self.app.client_id.clone(),
                family_id: token.family_id.as_deref().map(Into::into),
                members: Members::none(),
            })));
        }
        let key = TokenKey {
            environment: environment.clone(),
            realm,
            client_id: self.app.client_id.clone(),
            owner: self.owner(home_account_id.clone()),
            binding: self.scheme.binding(),
            extended: self.extended.clone(),
        };
        let is_kept = !token.expires_in.is_zero() && (home_account_id.is_some() || is_assertion);
        let token = Issued::of(token, self.scopes).entry(key, now);
        if is_kept {
            upserts.push(Entity::AccessToken(token.clone()));
        }
        self.app.store.apply(&Change {
            removals: self.removals(),
            upserts,
            unless_signed_out: self.unless_signed_out(),
            unless_stopped: self.unless_stopped(),
        });
        let account = match self.whose {
            Whose::Account(account) => Some(account.clone()),
            Whose::Assertion { .. } => account.map(Account::of_entry),
            Whose::New { .. } => account.map(|account| self.as_stored(account)),
        };
        Kept { token, account }
    }

    fn owner(&self, home_account_id: Option<Arc<str>>) -> Owner {
        match self.whose {
            Whose::Assertion { hash, .. } => Owner::Assertion {
                hash: hash.into(),
                home_account_id,
            },
            _ => Owner::Account(home_account_id.unwrap_or_default()),
        }
    }

    fn extras(&self) -> Extras {
        let hash = match self.whose {
            Whose::Assertion { hash, .. } => Some(hash.into()),
            _ => None,
        };
        Extras::new(hash, Members::none())
    }

    fn unless_signed_out(&self) -> Option<UserKey> {
        let Whose::Account(account) = self.whose else {
            return None;
        };
        Some(UserKey {
            environment: account.environment().into(),
            home_account_id: account.home_account_id().into(),
        })
    }

    fn unless_stopped(&self) -> Option<ProcessKey> {
        let Whose::Assertion {
            hash,
            process: Some(Process::GoesOn(id)),
        } = self.whose
        else {
            return None;
        };
        Some(ProcessKey {
            environment: self.authority.environment().clone(),
            client_id: self.app.client_id.clone(),
            hash: hash.into(),
            home_account_id: id.into(),
        })
    }

    /// What went by a process's key before it begins anew may be another user's.
    fn removals(&self) -> Vec<Removal> {
        let Whose::Assertion {
            hash,
            process: Some(Process::Begins),
        } = self.whose
        else {
            return Vec::new();
        };
        vec![Removal::Assertion {
            environment: self.authority.environment().clone(),
            client_id: self.app.client_id.clone(),
            hash: hash.into(),
        }]
    }

    /// The tenant that the access token is cached under: the one asked for, or else the one that answered.
    fn realm(&self, identity: &Identity) -> Arc<str> {
        match (self.authority.is_tenanted(), identity.tenant_id()) {
            (false, Some(answered)) => answered.to_ascii_lowercase().into(),
            _ => self.authority.realm().clone(),
        }
    }

    /// The tenant that the user is shown for.
    fn profile_realm(&self, identity: &Identity) -> Arc<str> {
        let is_told = matches!(
            self.authority.kind(),
            AuthorityKind::Ciam | AuthorityKind::EntraId
        );
        match identity.tenant_id().filter(|_| is_told) {
            Some(answered) => answered.to_ascii_lowercase().into(),
            None => self.authority.realm().clone(),
        }
    }

    fn account(
        &self,
        home_account_id: Arc<str>,
        token: &TokenResponse,
        identity: &Identity,
    ) -> Arc<AccountEntry> {
        let claims = identity.claims.as_ref();
        let (source, hint) = match self.whose {
            Whose::New { source, username } => (Some(source), username),
            _ => (None, None),
        };
        let username = claims.and_then(|claims| claims.username()).or(hint);
        let local_account_id = identity.local_account_id().unwrap_or_default();
        let realm = self.profile_realm(identity);
        let name = claims.and_then(|claims| claims.name());
        let is_home = home_account_id.ends_with(&*realm);
        let profile = serde_json::json!({
            "tenantId": &*realm,
            "localAccountId": local_account_id,
            "name": name,
            "username": username.unwrap_or_default(),
            "isHomeTenant": is_home,
        });
        let members = [
            ("name", raw(&name)),
            ("client_info", raw(&token.client_info)),
            ("account_source", raw(&source)),
            ("tenantProfiles", raw(&Some([profile.to_string()]))),
        ];
        let members = members
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Arc::new(AccountEntry {
            environment: self.authority.environment().clone(),
            realm,
            home_account_id,
            local_account_id: local_account_id.into(),
            username: username.unwrap_or_default().into(),
            authority_type: authority_type(self.authority.kind()).into(),
            members: Members::new(members.collect::<BTreeMap<_, _>>()),
        })
    }

    /// The account with what else the cache knows of the user.
    fn as_stored(&self, account: Arc<AccountEntry>) -> Account {
        let filter = UserFilter::HomeAccountId(&account.home_account_id);
        let users = self.app.store.users(self.authority.cloud(), filter);
        let found = users
            .iter()
            .find_map(|user| Account::of_user(user, &account.realm));
        found.unwrap_or_else(|| Account::of_entry(account))
    }
}

fn raw(value: &Option<impl serde::Serialize>) -> Option<Box<RawValue>> {
    to_raw_value(value.as_ref()?).ok()
}

/// What the shared cache calls this kind.
fn authority_type(kind: AuthorityKind) -> &'static str {
    match kind {
        AuthorityKind::Adfs => "ADFS",
        AuthorityKind::Oidc => "Generic",
        _ => "MSSTS",
    }
}
