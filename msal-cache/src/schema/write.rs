use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use foldhash::fast::RandomState;
use msal_core::store::{
    AccessTokenEntry, AccountEntry, AppMetadataEntry, Entity, Extras, IdTokenEntry, Members,
    OwnerRef, RefreshTokenEntry,
};
use msal_core::{Error, ErrorKind, Timestamp};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::buffer::Buffer;
use super::entry::{ASSERTION_HASH, KEY_ID};
use super::key::{home_account_id, id_or_hash, key};
use super::{Compatibility, Kind, Unreadable};

/// Writes everything as one JSON object, its sections and entries in a fixed order.
pub(crate) fn write(
    entities: &[Entity],
    sections: &BTreeMap<String, Box<RawValue>>,
    unreadable: &Unreadable,
    compatibility: Compatibility,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let items = items(entities, compatibility);
    let sizes = items.iter();
    let size = sizes.map(|item| 2 * item.key.len() + own(item.entity) + BESIDE);
    let mut buffer = Buffer::with_capacity(size.sum());
    let written = write_root(&mut buffer, &items, sections, unreadable);
    written.map_err(|_| Error::new(ErrorKind::Cache).because("an entry could not be written"))?;
    Ok(buffer.into_bytes())
}

/// An entry to be written.
struct Item<'a> {
    kind: Kind,
    key: String,
    entity: &'a Entity,
    app: AppId,
}

/// How "no account" is written.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
enum AppId {
    Null,
    Empty,
    Absent,
}

fn items(entities: &[Entity], compatibility: Compatibility) -> Vec<Item<'_>> {
    let mut items = Vec::with_capacity(entities.len());
    for entity in entities {
        let Some((kind, key)) = key(entity) else {
            continue;
        };
        let item = |key, app| Item {
            kind,
            key,
            entity,
            app,
        };
        match compatibility {
            Compatibility::Dotnet => items.push(item(key, AppId::Absent)),
            Compatibility::Python => items.push(item(key, AppId::Null)),
            Compatibility::PythonAndNode if is_of_app(entity) => {
                // One more part, which MSAL Node leaves empty for a bearer token.
                items.push(item(format!("{key}-"), AppId::Empty));
                items.push(item(key, AppId::Null));
            }
            _ => items.push(item(key, AppId::Empty)),
        }
    }
    items.sort_by(|one, other| {
        let order = |item: &Item<'_>| (item.app, secret(item.entity).len());
        (one.kind.cmp(&other.kind))
            .then_with(|| one.key.cmp(&other.key))
            .then_with(|| order(one).cmp(&order(other)))
            .then_with(|| secret(one.entity).cmp(secret(other.entity)))
            .then_with(|| text(one).cmp(&text(other)))
    });
    items
}

/// The whole entry, which tells two apart that differ in the case of a letter.
fn text(item: &Item<'_>) -> Zeroizing<Vec<u8>> {
    let mut buffer = Buffer::with_capacity(0);
    // What cannot be written fails later.
    let _ = write_entity(&mut buffer, item);
    buffer.into_bytes()
}

fn write_root(
    buffer: &mut Buffer,
    items: &[Item<'_>],
    sections: &BTreeMap<String, Box<RawValue>>,
    unreadable: &Unreadable,
) -> serde_json::Result<()> {
    let mut root = Object::open(buffer);
    for kind in Kind::ALL {
        root.name(kind.name())?;
        let mut section = Object::open(root.buffer);
        let from = items.partition_point(|item| item.kind < kind);
        let to = items.partition_point(|item| item.kind <= kind);
        let items = items.get(from..to).unwrap_or_default();
        let are_apart = unreadable.of(kind).next().is_none()
            && items.is_sorted_by(|one, other| one.key < other.key);
        let mut taken = HashSet::default();
        for item in items {
            match are_apart {
                true => section.name(&item.key)?,
                false => section.name(&free_key(&item.key, &mut taken))?,
            }
            write_entity(section.buffer, item)?;
        }
        for (key, json) in unreadable.of(kind) {
            section.name(&free_key(key, &mut taken))?;
            section.buffer.push(json);
        }
        section.close();
    }
    for (name, json) in sections {
        root.name(name)?;
        root.buffer.push(json.get());
    }
    root.close();
    Ok(())
}

/// `key`, or where it is taken the next that is free: entries that only other libraries cannot tell apart are all kept.
fn free_key<'k>(key: &'k str, taken: &mut HashSet<Cow<'k, str>, RandomState>) -> Cow<'k, str> {
    let mut free = Cow::Borrowed(key);
    let mut number = 1_u64;
    while !taken.insert(free.clone()) {
        number = number.saturating_add(1);
        free = Cow::Owned(format!("{key}-{number}"));
    }
    free
}

fn write_entity(buffer: &mut Buffer, item: &Item<'_>) -> serde_json::Result<()> {
    let mut entry = Object::of(buffer, item.entity);
    match item.entity {
        Entity::AccessToken(token) => write_access_token(&mut entry, token, item.app)?,
        Entity::Account(account) => write_account(&mut entry, account)?,
        Entity::AppMetadata(app) => write_app_metadata(&mut entry, app)?,
        Entity::IdToken(token) => write_id_token(&mut entry, token)?,
        Entity::RefreshToken(token) => write_refresh_token(&mut entry, token)?,
        _ => {}
    }
    entry.close();
    Ok(())
}

fn write_access_token(
    entry: &mut Object<'_>,
    token: &AccessTokenEntry,
    app: AppId,
) -> serde_json::Result<()> {
    match (home_account_id(token), app) {
        ("", AppId::Absent) => {}
        ("", AppId::Null) => entry.null("home_account_id")?,
        (id, _) => entry.text("home_account_id", id)?,
    }
    let binding = token.binding();
    let is_bearer = binding.is_none_or(|binding| binding.token_type == "bearer");
    entry.text("environment", token.environment())?;
    entry.text(
        "credential_type",
        match is_bearer {
            true => "AccessToken",
            false => "AccessToken_With_AuthScheme",
        },
    )?;
    entry.text("client_id", token.client_id())?;
    entry.text("secret", token.secret().expose())?;
    entry.text("realm", token.realm())?;
    entry.text("target", token.scopes().as_str())?;
    entry.epoch("cached_at", Some(token.cached_at()).filter(is_known))?;
    entry.epoch("expires_on", Some(token.expires_on()))?;
    entry.epoch("extended_expires_on", token.extended_expires_on())?;
    entry.epoch("refresh_on", token.refresh_on())?;
    match binding {
        Some(binding) if !is_bearer => entry.text("token_type", binding.token_type)?,
        _ => entry.text("token_type", "Bearer")?,
    }
    if let Some(binding) = binding.filter(|binding| !binding.key_id.is_empty()) {
        let [python, dotnet, _] = KEY_ID;
        entry.text(python, binding.key_id)?;
        entry.text(dotnet, binding.key_id)?;
    }
    if let Some(extended) = token.extended() {
        entry.text("ext_cache_key", extended.hash())?;
        if !extended.components().is_empty() {
            for name in ["additionalCacheKeyComponents", "ext"] {
                entry.name(name)?;
                let mut components = Object::open(entry.buffer);
                for (name, value) in extended.components() {
                    components.name(name)?;
                    push_text(components.buffer, value)?;
                }
                components.close();
            }
        }
    }
    if let OwnerRef::Assertion(hash) = token.owner() {
        write_assertion_hash(entry, hash)?;
    }
    entry.members(token.members())
}

fn write_refresh_token(
    entry: &mut Object<'_>,
    token: &RefreshTokenEntry,
) -> serde_json::Result<()> {
    let id = id_or_hash(&token.home_account_id, &token.extras);
    entry.text("home_account_id", id)?;
    entry.text("environment", &token.environment)?;
    entry.text("credential_type", "RefreshToken")?;
    entry.text("client_id", &token.client_id)?;
    entry.text("secret", token.secret.expose())?;
    if let Some(family_id) = &token.family_id {
        entry.text("family_id", family_id)?;
    }
    let modified = Some(token.last_modified).filter(is_known);
    entry.epoch("last_modification_time", modified)?;
    write_extras(entry, &token.extras)
}

fn write_id_token(entry: &mut Object<'_>, token: &IdTokenEntry) -> serde_json::Result<()> {
    let id = id_or_hash(&token.home_account_id, &token.extras);
    entry.text("home_account_id", id)?;
    entry.text("environment", &token.environment)?;
    entry.text("credential_type", "IdToken")?;
    entry.text("client_id", &token.client_id)?;
    entry.text("secret", token.secret.expose())?;
    entry.text("realm", &token.realm)?;
    write_extras(entry, &token.extras)
}

fn write_account(entry: &mut Object<'_>, account: &AccountEntry) -> serde_json::Result<()> {
    entry.text("home_account_id", &account.home_account_id)?;
    entry.text("environment", &account.environment)?;
    entry.text("realm", &account.realm)?;
    entry.text("local_account_id", &account.local_account_id)?;
    entry.text("username", &account.username)?;
    entry.text("authority_type", &account.authority_type)?;
    entry.members(&account.members)
}

fn write_app_metadata(entry: &mut Object<'_>, app: &AppMetadataEntry) -> serde_json::Result<()> {
    entry.text("client_id", &app.client_id)?;
    entry.text("environment", &app.environment)?;
    if let Some(family_id) = &app.family_id {
        entry.text("family_id", family_id)?;
    }
    entry.members(&app.members)
}

fn write_extras(entry: &mut Object<'_>, extras: &Extras) -> serde_json::Result<()> {
    if let Some(hash) = extras.assertion_hash() {
        write_assertion_hash(entry, hash)?;
    }
    entry.members(extras.members())
}

/// Under both names: no library reads the other's.
fn write_assertion_hash(entry: &mut Object<'_>, hash: &str) -> serde_json::Result<()> {
    let mut names = ASSERTION_HASH.into_iter();
    names.try_for_each(|name| entry.text(name, hash))
}

/// A JSON object that is being written.
struct Object<'b> {
    buffer: &'b mut Buffer,
    /// Those of its own members, noted where there are others.
    names: Option<Vec<&'static str>>,
    is_empty: bool,
}

impl<'b> Object<'b> {
    fn open(buffer: &'b mut Buffer) -> Self {
        buffer.push("{");
        Self {
            buffer,
            names: None,
            is_empty: true,
        }
    }

    fn of(buffer: &'b mut Buffer, entity: &Entity) -> Self {
        let has_others = members(entity).is_some_and(|members| !members.is_empty());
        Self {
            names: has_others.then(|| Vec::with_capacity(16)),
            ..Self::open(buffer)
        }
    }

    fn close(self) {
        self.buffer.push("}");
    }

    fn name(&mut self, name: &str) -> serde_json::Result<()> {
        if !self.is_empty {
            self.buffer.push(",");
        }
        self.is_empty = false;
        push_text(self.buffer, name)?;
        self.buffer.push(":");
        Ok(())
    }

    fn text(&mut self, name: &'static str, value: &str) -> serde_json::Result<()> {
        self.note(name);
        self.name(name)?;
        push_text(self.buffer, value)
    }

    fn note(&mut self, name: &'static str) {
        if let Some(names) = &mut self.names {
            names.push(name);
        }
    }

    fn null(&mut self, name: &'static str) -> serde_json::Result<()> {
        self.note(name);
        self.name(name)?;
        self.buffer.push("null");
        Ok(())
    }

    /// Every time is a decimal text: MSAL .NET fails on a number, and Go on a null.
    fn epoch(&mut self, name: &'static str, time: Option<Timestamp>) -> serde_json::Result<()> {
        match time {
            Some(time) => self.text(name, &time.as_secs().to_string()),
            None => Ok(()),
        }
    }

    /// What other libraries wrote, as they wrote it, but for what was said already.
    fn members(&mut self, members: &Members) -> serde_json::Result<()> {
        for (name, json) in members.iter() {
            let names = self.names.as_deref().unwrap_or_default();
            if !names.contains(&name) {
                self.name(name)?;
                self.buffer.push(json.get());
            }
        }
        Ok(())
    }
}

/// A text in quotation marks. Hardly any has something to escape, which is found faster than escaped.
fn push_text(buffer: &mut Buffer, text: &str) -> serde_json::Result<()> {
    let is_special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    // Without an early end, so that many bytes are looked at at once.
    if text.bytes().fold(false, |any, byte| any | is_special(byte)) {
        return serde_json::to_writer(buffer, text);
    }
    buffer.push("\"");
    buffer.push(text);
    buffer.push("\"");
    Ok(())
}

fn is_of_app(entity: &Entity) -> bool {
    matches!(entity, Entity::AccessToken(token) if matches!(token.owner(), OwnerRef::App))
}

fn is_known(time: &Timestamp) -> bool {
    time.as_secs() != 0
}

fn secret(entity: &Entity) -> &str {
    match entity {
        Entity::AccessToken(token) => token.secret().expose(),
        Entity::IdToken(token) => token.secret.expose(),
        Entity::RefreshToken(token) => token.secret.expose(),
        _ => "",
    }
}

/// What there is of an entry beside what its key is made of.
fn own(entity: &Entity) -> usize {
    let members = members(entity).into_iter().flat_map(Members::iter);
    let members = members.map(|(name, value)| name.len() + value.get().len() + 4);
    let texts = match entity {
        Entity::Account(account) => account.local_account_id.len() + account.username.len(),
        _ => secret(entity).len(),
    };
    members.sum::<usize>() + texts
}

fn members(entity: &Entity) -> Option<&Members> {
    Some(match entity {
        Entity::AccessToken(token) => token.members(),
        Entity::Account(account) => &account.members,
        Entity::AppMetadata(app) => &app.members,
        Entity::IdToken(token) => token.extras.members(),
        Entity::RefreshToken(token) => token.extras.members(),
        _ => return None,
    })
}

/// About what the names of an entry's members take, its times and its punctuation.
const BESIDE: usize = 320;
