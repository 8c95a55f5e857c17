use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use msal::store::{
    AccessTokenEntry, AccountEntry, Change, Entity, Extras, IdTokenEntry, Lifetime, Members, Owner,
    RefreshTokenEntry, TokenKey,
};
use msal::{AccessToken, Scopes};
use serde_json::value::{RawValue, to_raw_value};

use super::users::{GRANTED, home_account_id, username};
use super::{CLIENT, HOST, TENANT, now};

/// The secrets of a user who has signed in, in characters: of the access, the refresh and the id token.
pub(crate) const SECRETS: [usize; 3] = [1_347, 500, 900];

/// What a sign-in of this user leaves in a cache. `has_profile`: with what other libraries keep of an account and ours
/// passes on, as our own sign-ins write it.
pub(crate) fn signed_in(user: usize, has_profile: bool) -> Change {
    let texts = Texts::of(user);
    let [access, refresh, id] = SECRETS.map(|length| "x".repeat(length));
    let key = TokenKey {
        environment: HOST.into(),
        realm: TENANT.into(),
        client_id: CLIENT.into(),
        owner: Owner::Account(texts.id.clone()),
        binding: None,
        extended: None,
    };
    let now = now();
    let lifetime = Lifetime {
        cached_at: now,
        expires_on: now + Duration::from_secs(3_600),
        extended_expires_on: Some(now + Duration::from_secs(3_600)),
        refresh_on: None,
    };
    let secret = AccessToken::new(access);
    let token = AccessTokenEntry::new(key, Scopes::granted(GRANTED), secret, lifetime);
    Change {
        upserts: vec![
            Entity::RefreshToken(Arc::new(RefreshTokenEntry {
                environment: HOST.into(),
                client_id: CLIENT.into(),
                home_account_id: texts.id.clone(),
                family_id: Some("1".into()),
                secret: refresh.into(),
                last_modified: now,
                extras: Extras::default(),
            })),
            Entity::IdToken(Arc::new(IdTokenEntry {
                environment: HOST.into(),
                realm: TENANT.into(),
                client_id: CLIENT.into(),
                home_account_id: texts.id.clone(),
                secret: id.into(),
                extras: Extras::default(),
            })),
            Entity::Account(Arc::new(AccountEntry {
                environment: HOST.into(),
                realm: TENANT.into(),
                home_account_id: texts.id.clone(),
                local_account_id: texts.object.clone().into(),
                username: texts.username.clone().into(),
                authority_type: "MSSTS".into(),
                members: if has_profile {
                    texts.profile()
                } else {
                    Members::none()
                },
            })),
            Entity::AccessToken(Arc::new(token)),
        ],
        ..Change::default()
    }
}

struct Texts {
    id: Arc<str>,
    object: String,
    username: String,
    name: String,
}

impl Texts {
    fn of(user: usize) -> Self {
        let id = home_account_id(user);
        let object = id.split('.').next().unwrap_or_default().to_owned();
        Self {
            id: id.into(),
            object,
            username: username(user),
            name: format!("User {user} of Contoso"),
        }
    }

    fn profile(&self) -> Members {
        // Base64 of `{"uid":"..","utid":".."}`.
        let client_info = format!("eyJ1aWQiOi{:0>118}", self.object);
        let profile = serde_json::json!({
            "tenantId": TENANT,
            "localAccountId": self.object,
            "name": self.name,
            "username": self.username,
            "isHomeTenant": true,
        });
        let members: BTreeMap<String, Box<RawValue>> = [
            ("name", raw(&self.name)),
            ("client_info", raw(&client_info)),
            ("account_source", raw("authorization_code")),
            ("tenantProfiles", to_raw_value(&[profile.to_string()])),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.expect("a text")))
        .collect();
        Members::new(members)
    }
}

fn raw(text: &str) -> serde_json::Result<Box<RawValue>> {
    to_raw_value(text)
}
