use std::fmt;
use std::sync::Arc;

use crate::store::{AccessTokenEntry, AccessTokenLookup, Candidate, KeyPart, OwnerRef, TokenStore};
use crate::{Freshness, Timestamp};

/// Why a look-up in the cache hits or misses; `Display` says it in one sentence.
#[derive(Clone, Debug)]
pub struct Explanation {
    freshness: Freshness,
    token: Option<Arc<AccessTokenEntry>>,
    candidates: Vec<Candidate>,
    goes_past_cache: bool,
    can_renew: Option<bool>,
    wanted: Wanted,
    now: Timestamp,
}

/// What was looked for, for the sentence.
#[derive(Clone, Debug)]
struct Wanted {
    cloud: String,
    realm: String,
    client_id: String,
    scopes: String,
}

impl Explanation {
    pub(crate) fn new(
        store: &dyn TokenStore,
        lookup: &AccessTokenLookup<'_>,
        goes_past_cache: bool,
        now: Timestamp,
    ) -> Self {
        let found = match goes_past_cache {
            true => None,
            false => store.access_token(lookup, now),
        };
        let (freshness, token) = Freshness::sorted(found, now);
        let mut candidates = match token.is_some() || goes_past_cache {
            true => Vec::new(),
            false => store.candidates(lookup),
        };
        candidates.sort_by_key(|candidate| {
            let latest_first = u64::MAX - candidate.token.expires_on().as_secs();
            (candidate.differs.len(), latest_first)
        });
        Self {
            freshness,
            token,
            candidates,
            goes_past_cache,
            can_renew: None,
            wanted: Wanted {
                cloud: lookup.cloud.to_owned(),
                realm: lookup.realm.to_owned(),
                client_id: lookup.client_id.to_owned(),
                scopes: lookup.scopes.join(" "),
            },
            now,
        }
    }

    pub(crate) fn with_renewal(self, can_renew: Option<bool>) -> Self {
        Self { can_renew, ..self }
    }

    /// Whether the cache holds a refresh token by which a silent call would get what it misses; none for a call that
    /// needs no refresh token.
    pub fn can_renew(&self) -> Option<bool> {
        self.can_renew
    }

    /// Whether the call would be answered from the cache.
    pub fn is_hit(&self) -> bool {
        matches!(self.freshness, Freshness::Fresh | Freshness::Stale)
    }

    /// How good the token is that was found.
    pub fn freshness(&self) -> Freshness {
        self.freshness
    }

    /// The token that was found; one that is expiring is renewed before it is handed out, so it is no hit.
    pub fn token(&self) -> Option<&AccessTokenEntry> {
        self.token.as_deref()
    }

    /// Whether nothing was looked for, since the call goes past the cache.
    pub fn goes_past_cache(&self) -> bool {
        self.goes_past_cache
    }

    /// What else the cache holds, where nothing was found: the least different first.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// The tenant that was looked for, or what the cache writes in its place.
    pub fn realm(&self) -> &str {
        &self.wanted.realm
    }

    /// Whether this token no longer works.
    pub fn has_expired(&self, token: &AccessTokenEntry) -> bool {
        token.expires_on() <= self.now
    }

    fn why_not(&self, nearest: &Candidate, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = &nearest.token;
        if nearest.differs.is_empty() {
            return match self.has_expired(token) {
                true => write!(
                    f,
                    "the token expired {} s ago, at {}",
                    self.now.since(token.expires_on()).as_secs(),
                    token.expires_on()
                ),
                false => write!(
                    f,
                    "the token was cached at {}, which is in the future: has the clock been set back?",
                    token.cached_at()
                ),
            };
        }
        f.write_str("of what the cache holds, the nearest ")?;
        for (index, part) in nearest.differs.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { ", and " })?;
            self.difference(*part, token, f)?;
        }
        if self.has_expired(token) {
            write!(f, ", and expired at {}", token.expires_on())?;
        }
        Ok(())
    }

    fn difference(
        &self,
        part: KeyPart,
        token: &AccessTokenEntry,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        let wanted = &self.wanted;
        match part {
            KeyPart::Binding => f.write_str("is of another token type"),
            KeyPart::ClientId => {
                let (has, wants) = (token.client_id(), &wanted.client_id);
                write!(f, "is of the client `{has}`, not `{wants}`")
            }
            KeyPart::Environment => {
                let (has, wants) = (token.environment(), &wanted.cloud);
                write!(f, "is of `{has}`, not `{wants}`")
            }
            KeyPart::Extended => {
                f.write_str("was got with other claims, parameters or FMI path of the client's own")
            }
            KeyPart::Owner => f.write_str(match token.owner() {
                OwnerRef::Account(_) => "is a user's",
                OwnerRef::App => "is the application's own",
                OwnerRef::Assertion(_) => "was got on behalf of a user",
            }),
            KeyPart::Realm => {
                let (has, wants) = (token.realm(), &wanted.realm);
                write!(f, "is of the tenant `{has}`, not `{wants}`")
            }
            KeyPart::Scopes => {
                let (has, wants) = (token.scopes(), &wanted.scopes);
                write!(f, "has the scopes `{has}`, not `{wants}`")
            }
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.outcome(f)?;
        match self.can_renew {
            Some(true) if !self.is_hit() => f.write_str("; a refresh token is there to get one by"),
            Some(false) if !self.is_hit() => {
                f.write_str("; there is no refresh token either, so the user must sign in")
            }
            _ => Ok(()),
        }
    }
}

impl Explanation {
    fn outcome(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.is_hit() {
            true => "hit: ",
            false => "miss: ",
        })?;
        if self.goes_past_cache {
            return f.write_str(
                "the call goes past the cache, by a forced refresh or a claims challenge",
            );
        }
        let Some(token) = &self.token else {
            return match self.candidates.first() {
                Some(nearest) => self.why_not(nearest, f),
                None => f.write_str("the cache holds no access token"),
            };
        };
        let (end, due) = (token.expires_on(), token.refresh_on().unwrap_or_default());
        match self.freshness {
            Freshness::Stale => write!(
                f,
                "the token works until {end}, and is due for renewal since {due}"
            ),
            Freshness::Expiring => write!(
                f,
                "the token works until {end}, which is so soon that it is renewed first"
            ),
            _ => write!(f, "the token works until {end}"),
        }
    }
}
