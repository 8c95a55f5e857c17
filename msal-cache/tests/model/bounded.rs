//! A cache with little room, compared with a list that knows when everything was last used.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use msal_cache::{CacheChange, TokenCache};
use msal_core::Timestamp;
use msal_core::store::{Change, Entity, TokenStore, UserFilter};
use proptest::prelude::*;

use crate::common::{self, CLOUD, SignIn, app_key, app_lookup, found_at, soaked, token};

#[derive(Clone, Debug)]
enum Deed {
    /// An application gets a token that is good for so many seconds.
    App(u8, u64),
    Clear,
    /// A user is looked for, or an application.
    Look(Who),
    /// A user gets another access token, good for so many seconds.
    Renew(u8, u64),
    SignIn(u8, u64),
    SignOut(u8),
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Who {
    App(u8),
    User(u8),
}

/// What goes together.
#[derive(Clone, Debug, Default)]
struct Group {
    /// When account, refresh and id token were last used; none where there are no such.
    held: Option<u64>,
    /// When the access token was last used, and when it expires.
    token: Option<(u64, u64)>,
}

impl Group {
    fn used(&self) -> u64 {
        self.token
            .map_or(0, |(used, _)| used)
            .max(self.held.unwrap_or(0))
    }

    fn len(&self) -> usize {
        self.held.map_or(0, |_| 3) + usize::from(self.token.is_some())
    }
}

fn deed() -> impl Strategy<Value = Deed> {
    let life = || 1..40_u64;
    let who = prop_oneof![(0..6_u8).prop_map(Who::App), (0..8_u8).prop_map(Who::User)];
    prop_oneof![
        3 => (0..6_u8, life()).prop_map(|(app, life)| Deed::App(app, life)),
        1 => Just(Deed::Clear),
        6 => who.prop_map(Deed::Look),
        2 => (0..8_u8, life()).prop_map(|(user, life)| Deed::Renew(user, life)),
        4 => (0..8_u8, life()).prop_map(|(user, life)| Deed::SignIn(user, life)),
        1 => (0..8_u8).prop_map(Deed::SignOut),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(soaked(100_000)))]

    #[test]
    fn what_belongs_together_is_evicted_together_and_the_coldest_first(
        limit in 1..20_usize,
        deeds in proptest::collection::vec(deed(), 1..60),
    ) {
        let told: Arc<Mutex<Vec<CacheChange>>> = Arc::default();
        let log = told.clone();
        let cache = TokenCache::builder()
            .max_entries(limit)
            .on_change(move |change| log.lock().unwrap().push(*change))
            .build();
        let mut model: BTreeMap<Who, Group> = BTreeMap::new();
        // The cache learns the time from look-ups alone.
        let mut looked_at = 0;
        for (n, deed) in deeds.into_iter().enumerate() {
            let now = START + n as u64;
            let before = cache.len();
            let (mut spared, mut is_changed) = (None, false);
            match deed {
                Deed::App(app, life) => {
                    let realm = app.to_string();
                    let lifetime = common::lifetime(now, now + life);
                    common::put(&cache, token(app_key(&realm, "client"), "s", "s", lifetime));
                    model.entry(Who::App(app)).or_default().token = Some((now, now + life));
                    spared = Some(Who::App(app));
                }
                Deed::Clear => {
                    cache.clear();
                    model.clear();
                    let last = told.lock().unwrap().last().copied();
                    prop_assert_eq!(last, Some(CacheChange::Cleared { removed: before }));
                }
                Deed::Look(who) => {
                    looked_at = now;
                    let there = model.get_mut(&who).and_then(|group| group.token.as_mut());
                    let there = there.filter(|(_, expires_on)| *expires_on > now);
                    prop_assert_eq!(look(&cache, who, now), there.is_some());
                    if let Some((used, _)) = there {
                        *used = now;
                    }
                }
                Deed::Renew(user, life) => {
                    let id = id(user);
                    let user_in = SignIn::of(&id, "user");
                    let change = Change {
                        unless_signed_out: Some(user_in.key()),
                        ..Change::upsert(access_token(&id, now, life))
                    };
                    cache.apply(&change);
                    if let Some(group) = model.get_mut(&Who::User(user)).filter(|group| group.held.is_some()) {
                        group.token = Some((now, now + life));
                        spared = Some(Who::User(user));
                    }
                }
                Deed::SignIn(user, life) => {
                    let id = id(user);
                    let mut entities = SignIn::of(&id, "user").all("s");
                    entities[0] = access_token(&id, now, life);
                    common::apply(&cache, entities);
                    let group = model.entry(Who::User(user)).or_default();
                    group.token = Some((now, now + life));
                    // The refresh token says that it is of `NOW`, within reason of the latest look-up.
                    let written = common::NOW.as_secs();
                    let used = match looked_at {
                        0 => written,
                        looked_at => written.clamp(looked_at, looked_at + 86_400),
                    };
                    group.held = Some(group.held.unwrap_or(0).max(used));
                    spared = Some(Who::User(user));
                }
                Deed::SignOut(user) => {
                    let id = id(user);
                    cache.apply(&Change::remove(SignIn::of(&id, "user").sign_out()));
                    is_changed = model.remove(&Who::User(user)).is_some();
                }
            }
            if is_changed || spared.is_some() {
                evict(&mut model, &cache, limit, looked_at, spared)?;
            }
            let counted: usize = model.values().map(Group::len).sum();
            prop_assert_eq!(cache.len(), counted);
        }
        let evicted: usize = told.lock().unwrap().iter().map(|change| match *change {
            CacheChange::Applied { evicted, .. } => evicted,
            _ => 0,
        }).sum();
        let statistics = cache.statistics();
        prop_assert_eq!(statistics.evicted + statistics.expired, evicted as u64);
    }
}

/// Takes out of the model what the cache has evicted, if it may have gone.
fn evict(
    model: &mut BTreeMap<Who, Group>,
    cache: &TokenCache,
    limit: usize,
    now: u64,
    spared: Option<Who>,
) -> Result<(), TestCaseError> {
    let len = |model: &BTreeMap<Who, Group>| model.values().map(Group::len).sum::<usize>();
    if len(model) > limit {
        // Whatever has expired goes first, all at once.
        for group in model.values_mut() {
            group.token = group.token.filter(|(_, expires_on)| *expires_on > now);
        }
        model.retain(|_, group| group.len() > 0);
    }
    let mut gone = Vec::new();
    model.retain(|who, group| {
        let is_there = is_there(cache, *who, group);
        if !is_there {
            gone.push((*who, group.clone()));
        }
        is_there
    });
    let largest = gone.iter().map(|(_, group)| group.len()).max();
    let left = len(model);
    prop_assert!(
        largest.is_none_or(|largest| left + largest > limit),
        "too much went"
    );
    let may_go = model.iter().filter(|(who, _)| Some(**who) != spared);
    let coldest = may_go.map(|(_, group)| group.used()).min();
    prop_assert!(left <= limit || coldest.is_none(), "too little went");
    for (who, group) in gone {
        prop_assert_ne!(Some(who), spared);
        prop_assert!(
            coldest.is_none_or(|coldest| group.used() <= coldest),
            "{:?} was used later",
            who
        );
    }
    Ok(())
}

/// Whether all of a group is there, and not only a part.
fn is_there(cache: &TokenCache, who: Who, group: &Group) -> bool {
    let tokens = cache.candidates(&app_lookup("t", "client", &["s"]));
    let tokens = tokens.iter().filter(|one| match who {
        Who::App(app) => {
            one.token.home_account_id().is_none() && **one.token.realm() == *app.to_string()
        }
        Who::User(user) => one
            .token
            .home_account_id()
            .is_some_and(|own| **own == id(user)),
    });
    let tokens = tokens.count();
    let held = match who {
        Who::App(_) => 0,
        Who::User(user) => {
            let id = id(user);
            let users = cache.users(CLOUD, UserFilter::HomeAccountId(&id));
            users.iter().map(|user| user.len()).sum()
        }
    };
    if tokens + held == 0 {
        return false;
    }
    assert_eq!(
        tokens + held,
        group.len(),
        "{who:?} is there in part: {group:?}"
    );
    true
}

fn look(cache: &TokenCache, who: Who, now: u64) -> bool {
    let now = Timestamp::from_secs(now);
    match who {
        Who::App(app) => {
            found_at(cache, &app_lookup(&app.to_string(), "client", &["s"]), now).is_some()
        }
        Who::User(user) => {
            let id = id(user);
            found_at(cache, &SignIn::of(&id, "user").lookup(&["s"]), now).is_some()
        }
    }
}

fn access_token(id: &str, now: u64, life: u64) -> Entity {
    let key = msal_core::store::TokenKey {
        owner: msal_core::store::Owner::Account(id.into()),
        ..app_key("t", "client")
    };
    token(key, "s", "s", common::lifetime(now, now + life))
}

fn id(user: u8) -> String {
    format!("u{user}.t")
}

const START: u64 = 1_750_000_100;
