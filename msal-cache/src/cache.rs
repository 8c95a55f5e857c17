use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use msal_core::Timestamp;
use msal_core::store::{
    AccessTokenEntry, AccessTokenLookup, AppMetadataEntry, Candidate, Change, Entity, TokenStore,
    UserFilter,
};

use crate::builder::TokenCacheBuilder;
use crate::change::{CacheChange, Gone};
use crate::explain::candidate;
use crate::hook::Hook;
use crate::index::holder::Holder;
use crate::index::key::{Key, place};
use crate::index::postings::Posting;
use crate::index::scopes::Wanted;
use crate::interner::Interner;
use crate::limits::Limits;
use crate::table::Table;
use crate::tally::Statistics;
use crate::writer::Writer;

/// The tokens of any number of clients, tenants and users, in memory.
///
/// A handle, cheap to clone: every clone is the same cache. Holds 100,000 entries or 256 MiB unless
/// [built](Self::builder) otherwise; beyond that, expired tokens go first, then what was used least recently, and what
/// belongs to one user, or to one on-behalf-of assertion, goes together.
#[derive(Clone)]
pub struct TokenCache(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) limits: Limits,
    pub(crate) table: Table,
    pub(crate) writer: Mutex<Writer>,
    revision: AtomicU64,
    /// The time of the latest look-up, which tells eviction what has expired.
    pub(crate) now: AtomicU64,
    /// Whether anything of use is gone since all of it was replaced.
    has_lost: AtomicBool,
    /// How many entries had to go, ever.
    evicted: AtomicU64,
    expired: AtomicU64,
    pub(crate) hook: Hook<CacheChange>,
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
        TokenCacheBuilder::default()
    }

    /// A cache over an empty table, whose entries share their texts with those of other caches.
    pub(crate) fn over(
        table: Table,
        limits: Limits,
        hook: Hook<CacheChange>,
        texts: Arc<Mutex<Interner>>,
    ) -> Self {
        let writer = Writer::new(table.len(), texts);
        Self(Arc::new(Inner {
            limits,
            table,
            writer: Mutex::new(writer),
            revision: AtomicU64::new(0),
            now: AtomicU64::new(0),
            has_lost: AtomicBool::new(false),
            evicted: AtomicU64::new(0),
            expired: AtomicU64::new(0),
            hook,
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

    /// How much there is of what. Hits are not counted: they cost nothing.
    pub fn statistics(&self) -> Statistics {
        Statistics {
            evicted: self.0.evicted.load(Ordering::Relaxed),
            expired: self.0.expired.load(Ordering::Relaxed),
            ..self.writer().tally
        }
    }

    /// A number that differs whenever [`serialize`](Self::serialize) may give something else: who writes the cache to a
    /// file compares it with that of the last write.
    pub fn revision(&self) -> u64 {
        self.0.revision.load(Ordering::Acquire)
    }

    /// Forgets everything, what was kept for other libraries too. Of a user, whoever looks meanwhile finds all or nothing.
    pub fn clear(&self) {
        let mut writer = self.writer();
        let removed = writer.tally.all();
        let fresh = Writer::new(self.0.table.len(), Arc::clone(&writer.texts));
        let old = std::mem::replace(&mut *writer, fresh);
        self.0.table.replace_by(self.0.table.emptied());
        self.0.has_lost.store(true, Ordering::Relaxed);
        self.changed();
        drop(writer);
        drop(old);
        self.0.hook.tell(&CacheChange::Cleared { removed });
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

    pub(crate) fn writer(&self) -> MutexGuard<'_, Writer> {
        let writer = &self.0.writer;
        writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether anything of use is gone, but for what was removed, since all of it was replaced.
    pub(crate) fn has_lost(&self) -> bool {
        self.0.has_lost.load(Ordering::Relaxed)
    }

    /// Begins to note anew what is lost.
    pub(crate) fn lost_nothing(&self) {
        self.0.has_lost.store(false, Ordering::Relaxed);
    }

    pub(crate) fn lost(&self, gone: Gone) {
        if gone.coldest > 0 {
            self.0.has_lost.store(true, Ordering::Relaxed);
        }
        let count = |of: &AtomicU64, more: usize| of.fetch_add(more as u64, Ordering::Relaxed);
        count(&self.0.evicted, gone.coldest);
        count(&self.0.expired, gone.expired);
    }

    pub(crate) fn changed(&self) {
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
        let counts = writer.apply(&self.0.table, change, used);
        if !counts.is_any() {
            return;
        }
        let gone = writer.enforce(&self.0.table, self.0.limits, looked_up, change);
        self.lost(gone);
        self.changed();
        drop(writer);
        self.0.hook.tell(&CacheChange::Applied {
            added: counts.added,
            replaced: counts.replaced,
            removed: counts.removed,
            evicted: gone.all(),
        });
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
pub(crate) fn written_at(entity: &Entity) -> Timestamp {
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

pub(crate) fn seconds(time: Timestamp) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX - 1)
}

/// How far clocks may be apart: a token cached later than this from now is taken for expired.
const CLOCK_SKEW: Duration = Duration::from_secs(300);

const DAY: Duration = Duration::from_secs(86_400);
