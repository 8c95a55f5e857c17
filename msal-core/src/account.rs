use std::fmt;
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::IdTokenClaims;
use crate::store::{AccountEntry, Entity, IdTokenEntry, Members};

/// A user who signed in, as the token cache knows them. Cheap to clone.
///
/// Two accounts are equal when they are the same user in the same cloud. `Debug` shows no name.
#[derive(Clone)]
pub struct Account {
    entry: Arc<AccountEntry>,
    /// Where there are more than the one of `entry`.
    profiles: Option<Arc<[TenantProfile]>>,
}

/// What a user is in one tenant: at home, or as a guest.
#[derive(Clone, Eq, PartialEq)]
pub struct TenantProfile {
    tenant_id: Arc<str>,
    username: Arc<str>,
    local_account_id: Arc<str>,
}

impl Account {
    /// What identifies the user in every tenant, for a session to keep (`uid.utid`).
    pub fn home_account_id(&self) -> &str {
        &self.entry.home_account_id
    }

    /// What the user signs in with, such as `alice@contoso.com`; may be empty. It may change: keep the
    /// [id](Self::home_account_id).
    pub fn username(&self) -> &str {
        &self.entry.username
    }

    /// The user's name, for showing, where the cache has it.
    pub fn name(&self) -> Option<String> {
        let name = self.entry.members.get("name")?;
        serde_json::from_str(name.get()).ok()
    }

    /// The host of the identity provider.
    pub fn environment(&self) -> &str {
        &self.entry.environment
    }

    /// The tenant that this account is shown for: the application's where the user is known there, or else the home
    /// tenant.
    pub fn tenant_id(&self) -> &str {
        &self.entry.realm
    }

    /// The user's object id in that tenant.
    pub fn local_account_id(&self) -> &str {
        &self.entry.local_account_id
    }

    /// The tenant that the user is at home in, where the identity provider has tenants.
    pub fn home_tenant_id(&self) -> Option<&str> {
        let (_, tenant) = self.home_account_id().rsplit_once('.')?;
        crate::model::tenant::is_guid(tenant).then_some(tenant)
    }

    /// What the user is in each tenant that the cache knows of.
    pub fn tenant_profiles(&self) -> Vec<TenantProfile> {
        match &self.profiles {
            Some(profiles) => profiles.to_vec(),
            None => vec![TenantProfile::from(&*self.entry)],
        }
    }

    /// The account of a user who has just signed in, whatever the cache holds.
    pub(crate) fn of_entry(entry: Arc<AccountEntry>) -> Self {
        Self {
            entry,
            profiles: None,
        }
    }

    /// The account of whom an assertion spoke for: nothing but an id token tells of them.
    pub(crate) fn of_id_token(entities: &[Entity]) -> Option<Self> {
        entities.iter().find_map(|entity| {
            let Entity::IdToken(token) = entity else {
                return None;
            };
            let profile = TenantProfile::of_id_token(token)?;
            Some(Self::of_entry(Arc::new(AccountEntry {
                environment: Arc::clone(&token.environment),
                realm: profile.tenant_id,
                home_account_id: Arc::clone(&token.home_account_id),
                local_account_id: profile.local_account_id,
                username: profile.username,
                authority_type: "MSSTS".into(),
                members: Members::none(),
            })))
        })
    }

    /// The account of a user's entries, shown for the tenant `realm` where the user is known there. None where the
    /// entries hold no account.
    pub(crate) fn of_user(entities: &[Entity], realm: &str) -> Option<Self> {
        let mut best: Option<&Arc<AccountEntry>> = None;
        let mut count = 0;
        for entity in entities {
            if let Entity::Account(entry) = entity {
                count += 1;
                let rank = |entry: &AccountEntry| {
                    let is_ours = entry.realm.eq_ignore_ascii_case(realm);
                    (is_ours, is_home(entry))
                };
                if best.is_none_or(|best| rank(entry) > rank(best)) {
                    best = Some(entry);
                }
            }
        }
        let entry = Arc::clone(best?);
        let is_elsewhere = |entity: &Entity| match entity {
            Entity::Account(account) => notes_several(account),
            Entity::IdToken(token) => !token.realm.eq_ignore_ascii_case(&entry.realm),
            _ => false,
        };
        let profiles = match count > 1 || entities.iter().any(is_elsewhere) {
            true => Some(profiles(entities)),
            false => None,
        };
        Some(Self { entry, profiles })
    }
}

impl TenantProfile {
    /// The tenant.
    pub fn tenant_id(&self) -> &str {
        &self.tenant_id
    }

    /// What the user signs in with there; may be empty.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The user's object id there.
    pub fn local_account_id(&self) -> &str {
        &self.local_account_id
    }

    fn of_id_token(token: &IdTokenEntry) -> Option<Self> {
        let claims = IdTokenClaims::parse(&token.secret).ok()?;
        let id = claims.object_id().or_else(|| claims.subject())?;
        Some(Self {
            tenant_id: Arc::clone(&token.realm),
            username: claims.username().unwrap_or_default().into(),
            local_account_id: id.into(),
        })
    }
}

impl From<&AccountEntry> for TenantProfile {
    fn from(entry: &AccountEntry) -> Self {
        Self {
            tenant_id: Arc::clone(&entry.realm),
            username: Arc::clone(&entry.username),
            local_account_id: Arc::clone(&entry.local_account_id),
        }
    }
}

impl PartialEq for Account {
    fn eq(&self, other: &Self) -> bool {
        let same_cloud = crate::authority::cloud::same_cloud;
        self.home_account_id() == other.home_account_id()
            && same_cloud(self.environment(), other.environment())
    }
}

impl Eq for Account {}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Account({} in {})", self.tenant_id(), self.environment())
    }
}

impl fmt::Debug for TenantProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TenantProfile({})", self.tenant_id)
    }
}

/// One profile a tenant: from accounts, then from id tokens, then from what MSAL Node noted.
fn profiles(entities: &[Entity]) -> Arc<[TenantProfile]> {
    let mut profiles: Vec<TenantProfile> = Vec::new();
    let mut add = |profile: TenantProfile| {
        let known = |one: &TenantProfile| one.tenant_id.eq_ignore_ascii_case(&profile.tenant_id);
        if !profiles.iter().any(known) {
            profiles.push(profile);
        }
    };
    let mut noted = Vec::new();
    for entity in entities {
        if let Entity::Account(entry) = entity {
            add(TenantProfile::from(&**entry));
            noted.extend(entry.members.get("tenantProfiles").and_then(read_noted));
        }
    }
    for entity in entities {
        if let Entity::IdToken(token) = entity {
            TenantProfile::of_id_token(token)
                .into_iter()
                .for_each(&mut add);
        }
    }
    noted.into_iter().flatten().for_each(&mut add);
    profiles.into()
}

/// Whether MSAL Node may have noted more than one tenant: looked at without reading it, since there may be many users.
fn notes_several(entry: &AccountEntry) -> bool {
    let noted = entry.members.get("tenantProfiles");
    noted.is_some_and(|noted| noted.get().matches("tenantId").nth(1).is_some())
}

/// MSAL Node keeps a list of JSON texts.
fn read_noted(list: &RawValue) -> Option<Vec<TenantProfile>> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Noted {
        tenant_id: String,
        local_account_id: String,
        username: Option<String>,
    }

    let texts: Vec<String> = serde_json::from_str(list.get()).ok()?;
    let read = texts.iter().filter_map(|text| {
        let noted: Noted = serde_json::from_str(text).ok()?;
        Some(TenantProfile {
            tenant_id: noted.tenant_id.into(),
            username: noted.username.unwrap_or_default().into(),
            local_account_id: noted.local_account_id.into(),
        })
    });
    Some(read.collect())
}

/// Whether this is the user in the tenant that the home account id ends in.
fn is_home(entry: &AccountEntry) -> bool {
    let home = entry.home_account_id.rsplit_once('.');
    home.is_some_and(|(_, tenant)| entry.realm.eq_ignore_ascii_case(tenant))
}
