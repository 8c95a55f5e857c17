use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use msal_core::store::{
    AccessTokenEntry, AccessTokenLookup, AppMetadataEntry, Candidate, Change, Entity, TokenStore,
    UserFilter,
};
use msal_core::{Error, Timestamp};
use zeroize::Zeroizing;

use crate::explain::candidate;
use crate::index::holder::Holder;
use crate::index::key::{Key, place};
use crate::index::postings::Posting;
use crate::index::scopes::Wanted;
use crate::limits::Limits;
use crate::schema::{self, Compatibility, Report};
use crate::table::Table;
use crate::tally::Statistics;
use crate::writer::Writer;

/// The tokens of any number of clients, tenants and users, in memory.
///
/// A handle, cheap to clone: every clone is the same cache. Holds 100,000 entries or 256 MiB unless
/// [built](Self::builder) otherwise; beyond that, expired tokens go first, then what was used least recently, and what
/// belongs to one user, or to one on-behalf-of assertion, goes together.
#[derive(Clone)]
pub struct TokenCache(Arc<Inner>);

struct Inner {
    limits: Limits,
    table: Table,
    writer: Mutex<Writer>,
    revision: AtomicU64,
    /// The time of the latest look-up, which tells eviction what has expired.
    now: AtomicU64,
    /// Whether anything was evicted since all of it was replaced.
    has_evicted: AtomicBool,
}

impl TokenCache {
    /// An empty cache with the usual limits.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A cache with other limits.
    ///
    /// ```
    /// use msal_cache::TokenCache;
    ///
    /// let cache = TokenCache::builder().max_entries(1_000_000).max_bytes(4 << 30).build();
    /// assert!(cache.is_empty());
    /// ```
    pub fn builder() -> TokenCacheBuilder {
        TokenCacheBuilder {
            limits: Limits::default(),
        }
    }

    pub(crate) fn with_limits(limits: Limits) -> Self {
        let shards = limits.shards();
        Self(Arc::new(Inner {
            limits,
            table: Table::new(shards),
            writer: Mutex::new(Writer::new(shards)),
            revision: AtomicU64::new(0),
            now: AtomicU64::new(0),
            has_evicted: AtomicBool::new(false),
        }))
    }

    /// How many access, refresh and id tokens and accounts there are.
    pub fn len(&self) -> usize {
        self.statistics().entries()
    }

    /// Whether there are no tokens and no accounts.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How much there is of what.
    pub fn statistics(&self) -> Statistics {
        self.writer().tally
    }

    /// A number that differs whenever [`serialize`](Self::serialize) may give something else: who writes the cache to a
    /// file compares it with that of the last write.
    pub fn revision(&self) -> u64 {
        self.0.revision.load(Ordering::Acquire)
    }

    /// Forgets everything, what was kept for other libraries too.
    pub fn clear(&self) {
        let mut writer = self.writer();
        *writer = Writer::new(self.0.table.len());
        self.0.table.replace_by(self.0.table.emptied());
        self.changed();
    }

    /// Everything, as the JSON that all MSALs share. Wiped when dropped.
    ///
    /// What was read and not understood is written as it was read. `compatibility` says how tokens of applications are to
    /// be written, on which the libraries do not agree.
    pub fn serialize(&self, compatibility: Compatibility) -> Result<Zeroizing<Vec<u8>>, Error> {
        let writer = self.writer();
        let mut entities: Vec<Entity> = Vec::with_capacity(writer.tally.entries());
        let tokens = self.0.table.tokens().into_iter();
        entities.extend(tokens.map(|(token, _)| Entity::AccessToken(token)));
        let of_users = self.0.table.user_entities().into_iter();
        entities.extend(of_users.map(|(entity, _)| entity));
        entities.extend(self.0.table.apps().iter().cloned().map(Entity::AppMetadata));
        schema::write(
            &entities,
            &writer.sections,
            &writer.unreadable,
            compatibility,
        )
    }

    /// Adds what a file holds to what is here. Of two entries for the same thing the newer stays, and the file's where
    /// their age cannot be told.
    ///
    /// Entries that cannot be read are skipped, named in the report, and kept to be written back. Fails, and leaves the
    /// cache as it was, when the whole is no JSON object of the schema, is nested deeper than 64 levels, or larger than the
    /// limit on files (256 MiB).
    pub fn merge(&self, file: &[u8]) -> Result<Report, Error> {
        self.load(file, true, &[])
    }

    /// Puts what a file holds in the place of all that is here. Otherwise as [`merge`](Self::merge).
    pub fn replace(&self, file: &[u8]) -> Result<Report, Error> {
        self.load(file, false, &[])
    }

    /// [`replace`](Self::replace), and these changes on top, before anybody sees the file's content without them.
    pub(crate) fn replace_and_apply(
        &self,
        file: &[u8],
        changes: &[Arc<Change>],
    ) -> Result<Report, Error> {
        self.load(file, false, changes)
    }

    /// Whether it has lost anything for want of room since all of it was replaced.
    pub(crate) fn has_evicted(&self) -> bool {
        self.0.has_evicted.load(Ordering::Relaxed)
    }

    /// What is known of applications.
    pub(crate) fn apps(&self) -> Vec<Arc<AppMetadataEntry>> {
        self.0.table.apps().iter().cloned().collect()
    }

    /// When the last access token expires; none where there is no such.
    pub(crate) fn last_expiry(&self) -> Option<Timestamp> {
        let tokens = self.0.table.tokens().into_iter();
        tokens.map(|(token, _)| token.expires_on()).max()
    }

    fn load(&self, file: &[u8], keep: bool, changes: &[Arc<Change>]) -> Result<Report, Error> {
        let mut parsed = schema::read(file, self.0.limits.file)?;
        let mut writer = self.writer();
        let mut loaded = Vec::new();
        let mut fresh = Writer::new(self.0.table.len());
        if keep {
            let tokens = self.0.table.tokens().into_iter();
            loaded.extend(tokens.map(|(token, used)| (Entity::AccessToken(token), used)));
            loaded.extend(self.0.table.user_entities());
            let apps = self.0.table.apps();
            loaded.extend(
                apps.iter()
                    .cloned()
                    .map(|entry| (Entity::AppMetadata(entry), 0)),
            );
            fresh.sections = std::mem::take(&mut writer.sections);
            fresh.unreadable = std::mem::take(&mut writer.unreadable);
        }
        fresh.sections.append(&mut parsed.sections);
        fresh.unreadable.append(&mut parsed.unreadable);
        fresh.tally.unreadable = fresh.unreadable.len();
        let entities = std::mem::take(&mut parsed.entities).into_iter();
        loaded.extend(entities.map(|entity| {
            let used = seconds(written_at(&entity));
            (entity, used)
        }));
        let table = self.0.table.emptied();
        self.0.has_evicted.store(false, Ordering::Relaxed);
        fresh.fill(&table, schema::newest(loaded, &mut parsed.report));
        let now = self.0.now.load(Ordering::Relaxed);
        for change in changes {
            fresh.apply(&table, change, |entity| used_now(now, written_at(entity)));
        }
        parsed.report.evicted = fresh.enforce(&table, self.0.limits, now, &Change::default());
        self.evicted(parsed.report.evicted);
        *writer = fresh;
        self.0.table.replace_by(table);
        self.changed();
        Ok(parsed.report)
    }

    fn find(
        &self,
        lookup: &AccessTokenLookup<'_>,
        now: Timestamp,
    ) -> Option<Arc<AccessTokenEntry>> {
        let key = Key::of_lookup(lookup);
        let wanted = Wanted::new(lookup.scopes, lookup.scope_case);
        let mut best = Best::new(now);
        if let Some(scope) = wanted.probe() {
            let spot = self.0.table.locator().token(&key, scope);
            let contents = self.0.table.read(spot.shard);
            best.choose(contents.tokens.find(spot.hash), &key, &wanted);
            return best.token.cloned();
        }
        self.find_by_openid_scopes(&key, &wanted, now)
    }

    /// Looks through all tokens that may do: no index is kept for scopes that hardly anybody asks for alone.
    #[cold]
    fn find_by_openid_scopes(
        &self,
        key: &Key<'_>,
        wanted: &Wanted<'_>,
        now: Timestamp,
    ) -> Option<Arc<AccessTokenEntry>> {
        let mut best = Best::new(now);
        if let Some(holder) = Holder::of_key(key) {
            let spot = self.0.table.locator().holder(&holder);
            let contents = self.0.table.read(spot.shard);
            best.choose(contents.held(spot.hash), key, wanted);
            return best.token.cloned();
        }
        let mut found: Option<Arc<AccessTokenEntry>> = None;
        for shard in 0..self.0.table.len() {
            let contents = self.0.table.read(shard);
            let mut best = Best::new(now);
            best.token = found.as_ref();
            best.choose(contents.tokens.iter(), key, wanted);
            found = best.token.cloned();
        }
        found
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        let writer = &self.0.writer;
        writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn evicted(&self, entries: usize) {
        if entries > 0 {
            self.0.has_evicted.store(true, Ordering::Relaxed);
        }
    }

    fn changed(&self) {
        self.0.revision.fetch_add(1, Ordering::Release);
    }
}

impl TokenStore for TokenCache {
    fn access_token(
        &self,
        lookup: &AccessTokenLookup<'_>,
        now: Timestamp,
    ) -> Option<Arc<AccessTokenEntry>> {
        if lookup.scopes.is_empty() {
            return None;
        }
        if self.0.now.load(Ordering::Relaxed) != now.as_secs() {
            self.0.now.store(now.as_secs(), Ordering::Relaxed);
        }
        self.find(lookup, now)
    }

    fn users(&self, cloud: &str, filter: UserFilter<'_>) -> Vec<Arc<[Entity]>> {
        let table = &self.0.table;
        let one = |holder| table.user(&holder).map_or_else(Vec::new, |user| vec![user]);
        match filter {
            UserFilter::All => table.users(&place(cloud)),
            UserFilter::Assertion(hash) => one(Holder::assertion(cloud, hash)),
            UserFilter::HomeAccountId(id) => one(Holder::user(cloud, id)),
            UserFilter::Username(name) => table.users_named(&place(cloud), name),
            _ => Vec::new(),
        }
    }

    fn user(&self, cloud: &str, home_account_id: &str) -> Option<Arc<[Entity]>> {
        self.0.table.user(&Holder::user(cloud, home_account_id))
    }

    fn app_metadata(&self, cloud: &str, client_id: &str) -> Option<Arc<AppMetadataEntry>> {
        let apps = self.0.table.apps();
        apps.find(&place(cloud), client_id).cloned()
    }

    fn candidates(&self, lookup: &AccessTokenLookup<'_>) -> Vec<Candidate> {
        let tokens = self.0.table.tokens().into_iter();
        let compared = tokens.map(|(token, _)| candidate(lookup, token));
        compared.collect()
    }

    fn apply(&self, change: &Change) {
        if change.is_empty() {
            return;
        }
        let mut writer = self.writer();
        let looked_up = self.0.now.load(Ordering::Relaxed);
        let used = |entity: &Entity| used_now(looked_up, written_at(entity));
        if writer.apply(&self.0.table, change, used) {
            let evicted = writer.enforce(&self.0.table, self.0.limits, looked_up, change);
            self.evicted(evicted);
            self.changed();
        }
    }
}

impl Default for TokenCache {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TokenCache")
            .field(&self.statistics())
            .finish()
    }
}

/// Sets a [`TokenCache`] up.
#[derive(Clone, Debug)]
#[must_use]
pub struct TokenCacheBuilder {
    limits: Limits,
}

impl TokenCacheBuilder {
    /// How many access, refresh and id tokens and accounts there may be; 100,000 unless set.
    ///
    /// What a change brings is never evicted by that same change. A cache that is written back to a file should have no
    /// limit (`usize::MAX`), or the file loses what the limit evicts.
    pub fn max_entries(mut self, entries: usize) -> Self {
        self.limits.entries = entries;
        self
    }

    /// About how many bytes they may take; 256 MiB unless set.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.limits.bytes = bytes;
        self
    }

    /// How large a file may be to be read; 256 MiB unless set.
    pub fn max_file_bytes(mut self, bytes: usize) -> Self {
        self.limits.file = bytes;
        self
    }

    /// The cache.
    pub fn build(self) -> TokenCache {
        TokenCache::with_limits(self.limits)
    }
}

/// The best token seen so far.
struct Best<'a> {
    now: Timestamp,
    token: Option<&'a Arc<AccessTokenEntry>>,
}

impl<'a> Best<'a> {
    /// Takes the best of `postings` that will do.
    #[inline]
    fn choose(
        &mut self,
        postings: impl Iterator<Item = &'a Posting>,
        key: &Key<'_>,
        wanted: &Wanted<'_>,
    ) {
        for posting in postings {
            let token = &posting.token;
            if self.would_be(token) && key.is_of(token) && wanted.are_in(token.scopes()) {
                posting.touch(seconds(self.now));
                self.token = Some(token);
            }
        }
    }

    fn new(now: Timestamp) -> Self {
        Self { now, token: None }
    }

    /// Whether `token` still works and is better than the best: cached later, or of more scopes, or good for longer.
    fn would_be(&self, token: &AccessTokenEntry) -> bool {
        // A clock that was set back must not make tokens live longer.
        let is_from_the_future = token.cached_at() > self.now + CLOCK_SKEW;
        if token.expires_on() <= self.now || is_from_the_future {
            return false;
        }
        let rank = |token: &AccessTokenEntry| {
            let scopes = token.scopes().iter().count();
            (token.cached_at(), scopes, token.expires_on())
        };
        self.token.is_none_or(|best| rank(token) > rank(best))
    }
}

/// When an entry was made, as far as it tells.
fn written_at(entity: &Entity) -> Timestamp {
    match entity {
        Entity::AccessToken(entry) => entry.cached_at(),
        Entity::RefreshToken(entry) => entry.last_modified,
        _ => Timestamp::default(),
    }
}

/// The second of use of what is put in now: what it says itself, within reason of the latest look-up.
fn used_now(looked_up: u64, written_at: Timestamp) -> u32 {
    if looked_up == 0 {
        return seconds(written_at);
    }
    let latest = Timestamp::from_secs(looked_up) + DAY;
    seconds(written_at.clamp(Timestamp::from_secs(looked_up), latest))
}

fn seconds(time: Timestamp) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX - 1)
}

/// How far clocks may be apart: a token cached later than this from now is taken for expired.
const CLOCK_SKEW: Duration = Duration::from_secs(300);

const DAY: Duration = Duration::from_secs(86_400);
