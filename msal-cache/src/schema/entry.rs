use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::RandomState;
use msal_core::Scopes;
use msal_core::store::{
    AccessTokenEntry, AccountEntry, AppMetadataEntry, Binding, Entity, ExtendedKey, Extras,
    IdTokenEntry, Lifetime, Owner, RefreshTokenEntry, Removal, TokenKey,
};
use serde_json::value::RawValue;

use super::Kind;
use super::fields::{Defect, Fields};
use crate::index::key::{place, unpadded};

/// Reads entries, and lets all of one file share their texts.
#[derive(Default)]
pub(super) struct Reader {
    texts: HashSet<Arc<str>, RandomState>,
    scopes: HashMap<String, Scopes, RandomState>,
}

impl Reader {
    pub(super) fn entity(&mut self, kind: Kind, entry: &RawValue) -> Result<Entity, Defect> {
        let mut fields = Fields::parse(entry)?;
        let fields = &mut fields;
        Ok(match kind {
            Kind::AccessToken => Entity::AccessToken(Arc::new(self.access_token(fields)?)),
            Kind::RefreshToken => Entity::RefreshToken(Arc::new(self.refresh_token(fields)?)),
            Kind::IdToken => Entity::IdToken(Arc::new(self.id_token(fields)?)),
            Kind::Account => Entity::Account(Arc::new(self.account(fields)?)),
            Kind::AppMetadata => Entity::AppMetadata(Arc::new(self.app_metadata(fields)?)),
        })
    }

    fn access_token(&mut self, fields: &mut Fields<'_>) -> Result<AccessTokenEntry, Defect> {
        let credential_type = fields.text("credential_type")?.unwrap_or_default();
        let is_bound = credential_type.eq_ignore_ascii_case("AccessToken_With_AuthScheme");
        let is_extended = credential_type.eq_ignore_ascii_case("ATExt");
        let is_plain = credential_type.is_empty() || credential_type == "AccessToken";
        if !(is_bound || is_extended || is_plain) {
            return Err(Defect::Unreadable("credential_type"));
        }
        let binding = binding(fields)?;
        if is_bound && binding.is_none() {
            // To what it is bound must be known, or it would pass for a bearer token.
            return Err(Defect::Missing("token_type"));
        }
        let extended = extended(fields)?;
        if is_extended && extended.is_none() {
            return Err(Defect::Missing("ext_cache_key"));
        }
        let key = TokenKey {
            environment: self.required(fields, "environment")?,
            realm: self.required(fields, "realm")?,
            client_id: self.required(fields, "client_id")?,
            owner: self.owner(fields)?,
            binding: binding.map(Arc::new),
            extended: extended.map(Arc::new),
        };
        let target = fields.text("target")?.ok_or(Defect::Missing("target"))?;
        let scopes = self.scopes(&target);
        let secret = fields.required("secret")?;
        let expires_on = fields.epoch("expires_on")?;
        let late = match fields.epoch("extended_expires_on")? {
            Some(time) => Some(time),
            None => fields.epoch("ext_expires_on")?,
        };
        let lifetime = Lifetime {
            cached_at: fields.epoch("cached_at")?.unwrap_or_default(),
            expires_on: expires_on.ok_or(Defect::Missing("expires_on"))?,
            extended_expires_on: late,
            refresh_on: fields.epoch("refresh_on")?,
        };
        let secret = secret.into_owned().into();
        let entry = AccessTokenEntry::new(key, scopes, secret, lifetime);
        Ok(entry.with_members(fields.take_rest()))
    }

    fn refresh_token(&mut self, fields: &mut Fields<'_>) -> Result<RefreshTokenEntry, Defect> {
        expect_type(fields, "RefreshToken")?;
        let (home_account_id, hash) = self.holder(fields)?;
        Ok(RefreshTokenEntry {
            environment: self.required(fields, "environment")?,
            client_id: self.required(fields, "client_id")?,
            home_account_id,
            family_id: self.optional(fields, "family_id")?,
            secret: fields.required("secret")?.into_owned().into(),
            last_modified: fields.epoch("last_modification_time")?.unwrap_or_default(),
            extras: Extras::new(hash, fields.take_rest()),
        })
    }

    fn id_token(&mut self, fields: &mut Fields<'_>) -> Result<IdTokenEntry, Defect> {
        expect_type(fields, "IdToken")?;
        let (home_account_id, hash) = self.holder(fields)?;
        Ok(IdTokenEntry {
            environment: self.required(fields, "environment")?,
            realm: self.or_empty(fields, "realm")?,
            client_id: self.required(fields, "client_id")?,
            home_account_id,
            secret: fields.required("secret")?.into_owned().into(),
            extras: Extras::new(hash, fields.take_rest()),
        })
    }

    fn account(&mut self, fields: &mut Fields<'_>) -> Result<AccountEntry, Defect> {
        let authority_type = self.optional(fields, "authority_type")?;
        Ok(AccountEntry {
            environment: self.required(fields, "environment")?,
            realm: self.or_empty(fields, "realm")?,
            home_account_id: self.required(fields, "home_account_id")?,
            local_account_id: self.or_empty(fields, "local_account_id")?,
            username: self.or_empty(fields, "username")?,
            authority_type: authority_type.unwrap_or_else(|| self.share("MSSTS")),
            members: fields.take_rest(),
        })
    }

    fn app_metadata(&mut self, fields: &mut Fields<'_>) -> Result<AppMetadataEntry, Defect> {
        Ok(AppMetadataEntry {
            environment: self.required(fields, "environment")?,
            client_id: self.required(fields, "client_id")?,
            family_id: self.optional(fields, "family_id")?,
            members: fields.take_rest(),
        })
    }

    /// Home account id, and the hash of the assertion that obtained a refresh or id token. The one may be missing where
    /// the other is there.
    fn holder(&mut self, fields: &mut Fields<'_>) -> Result<(Arc<str>, Option<Arc<str>>), Defect> {
        let Some(hash) = fields.spelled(&ASSERTION_HASH)? else {
            return Ok((self.required(fields, "home_account_id")?, None));
        };
        let hash = unpadded(&hash);
        let id = self.or_empty(fields, "home_account_id")?;
        // As in an access token.
        let id = if *id == *hash { self.share("") } else { id };
        Ok((id, Some(hash.into())))
    }

    /// A null, an empty and an absent home account id all stand for the application.
    fn owner(&mut self, fields: &mut Fields<'_>) -> Result<Owner, Defect> {
        let hash = fields.spelled(&ASSERTION_HASH)?;
        let home_account_id = self.optional(fields, "home_account_id")?;
        let Some(hash) = hash else {
            return Ok(home_account_id.map_or(Owner::App, Owner::Account));
        };
        let hash = unpadded(&hash);
        Ok(Owner::Assertion {
            hash: hash.into(),
            // Where no user is known we write the hash, so that nobody takes the token for the application's own.
            home_account_id: home_account_id.filter(|id| &**id != hash),
        })
    }

    fn required(
        &mut self,
        fields: &mut Fields<'_>,
        name: &'static str,
    ) -> Result<Arc<str>, Defect> {
        let text = fields.required(name)?;
        Ok(self.share(&text))
    }

    fn or_empty(
        &mut self,
        fields: &mut Fields<'_>,
        name: &'static str,
    ) -> Result<Arc<str>, Defect> {
        let text = fields.text(name)?;
        Ok(self.share(text.as_deref().unwrap_or_default()))
    }

    fn optional(
        &mut self,
        fields: &mut Fields<'_>,
        name: &'static str,
    ) -> Result<Option<Arc<str>>, Defect> {
        let text = fields.text(name)?.filter(|text| !text.is_empty());
        Ok(text.map(|text| self.share(&text)))
    }

    fn scopes(&mut self, target: &str) -> Scopes {
        if let Some(known) = self.scopes.get(target) {
            return known.clone();
        }
        let scopes = Scopes::granted(target);
        self.scopes.insert(target.to_owned(), scopes.clone());
        scopes
    }

    fn share(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        let text: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&text));
        text
    }
}

/// Whether an entry, which may be damaged, is one that `removal` means.
pub(super) fn is_meant(removal: &Removal, kind: Kind, entry: &str) -> bool {
    let Ok(mut fields) = serde_json::from_str::<Fields<'_>>(entry) else {
        return false;
    };
    is_one_of(removal, kind, &mut fields).unwrap_or(false)
}

/// Fails where the entry does not tell.
fn is_one_of(removal: &Removal, kind: Kind, fields: &mut Fields<'_>) -> Result<bool, Defect> {
    let hash = fields.spelled(&ASSERTION_HASH)?;
    let environment = fields.required("environment")?;
    let is_in = |wanted: &str| place(&environment) == place(wanted);
    let mut is = |name, wanted: &str| Ok(fields.required(name)? == wanted);
    match removal {
        Removal::Assertion {
            environment,
            client_id,
            hash: wanted,
        } => Ok(hash.is_some_and(|hash| unpadded(&hash) == unpadded(wanted))
            && is_in(environment)
            && is("client_id", client_id)?),
        Removal::User {
            user,
            client_id,
            family_id,
        } => {
            let is_theirs = hash.is_none()
                && kind != Kind::AppMetadata
                && is_in(&user.environment)
                && is("home_account_id", &user.home_account_id)?;
            if !is_theirs || kind != Kind::RefreshToken {
                return Ok(is_theirs);
            }
            let family_id = family_id.as_deref().map(|id| is("family_id", id));
            Ok(family_id.is_some_and(|is| is == Ok(true)) || is("client_id", client_id)?)
        }
        _ => Ok(false),
    }
}

/// The spellings of MSAL .NET, Go and Java, and of MSAL Node.
pub(super) const ASSERTION_HASH: [&str; 2] = ["user_assertion_hash", "userAssertionHash"];

/// The spellings of MSAL Python and Node, .NET, and Go.
pub(super) const KEY_ID: [&str; 3] = ["key_id", "kid", "keyid"];

fn binding(fields: &mut Fields<'_>) -> Result<Option<Binding>, Defect> {
    let token_type = fields.text("token_type")?.unwrap_or_default();
    let key_id = fields.spelled(&KEY_ID)?.unwrap_or_default();
    let is_bearer = token_type.is_empty() || token_type.eq_ignore_ascii_case("bearer");
    if is_bearer && key_id.is_empty() {
        return Ok(None);
    }
    Ok(Some(Binding {
        token_type: match is_bearer {
            true => "bearer".to_owned(),
            false => token_type.to_ascii_lowercase(),
        },
        key_id: key_id.into_owned(),
    }))
}

fn extended(fields: &mut Fields<'_>) -> Result<Option<ExtendedKey>, Defect> {
    let hash = fields.text("ext_cache_key")?.unwrap_or_default();
    let of_node = fields.texts("additionalCacheKeyComponents")?;
    let of_dotnet = fields.texts("ext")?;
    if of_node.is_some() && of_dotnet.is_some() && of_node != of_dotnet {
        return Err(Defect::Ambiguous("ext"));
    }
    let components = of_node.or(of_dotnet).unwrap_or_default();
    let from_hash = || (!hash.is_empty()).then(|| ExtendedKey::from_hash(&hash));
    Ok(ExtendedKey::new(components).or_else(from_hash))
}

fn expect_type(fields: &mut Fields<'_>, expected: &str) -> Result<(), Defect> {
    match fields.text("credential_type")? {
        Some(found) if !found.eq_ignore_ascii_case(expected) => {
            Err(Defect::Unreadable("credential_type"))
        }
        _ => Ok(()),
    }
}
