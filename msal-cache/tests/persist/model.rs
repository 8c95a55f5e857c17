//! Several caches over one store, compared with plain maps: no update is lost, and nothing comes back.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use msal_cache::TokenCache;
use msal_cache::persist::{Layout, PersistentCache};
use msal_core::Error;
use msal_core::store::{Partition, Persistence, TokenStore};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::common::NOW;
use crate::items::{self, Deed, Items, Kind, Who, change_items, everybody, items_of};
use crate::map::{Blocking, Did, Fault, Map, Pending};

const CACHES: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    Change(usize, Who, What),
    /// Whoever waits for a load or a save goes away.
    Drop(Index),
    Poll(Index),
    Start(usize, Who, Work, Option<Fault>),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum What {
    Refused,
    Renewed,
    SignedIn,
    SignedOut,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Work {
    Load,
    Save,
}

fn step() -> impl Strategy<Value = Step> {
    let who = || select(everybody().collect::<Vec<_>>());
    let fault = proptest::option::weighted(0.3, select(&[Fault::After, Fault::Before][..]));
    let work = select(&[Work::Load, Work::Save, Work::Save][..]);
    prop_oneof![
        8 => (0..CACHES, who(), select(&WHATS[..])).prop_map(|(at, who, what)| Step::Change(at, who, what)),
        1 => any::<Index>().prop_map(Step::Drop),
        8 => any::<Index>().prop_map(Step::Poll),
        6 => (0..CACHES, who(), work, fault).prop_map(|(at, who, work, fault)| Step::Start(at, who, work, fault)),
    ]
}

/// Rounds of the usual size; with `MSAL_SOAK` more, and longer ones.
fn rounds() -> (ProptestConfig, usize) {
    let is_soak = std::env::var_os("MSAL_SOAK").is_some();
    let (cases, steps) = if is_soak { (2_000, 200) } else { (120, 80) };
    (ProptestConfig::with_cases(cases), steps)
}

proptest! {
    #![proptest_config(rounds().0)]

    #[test]
    fn caches_over_a_blocking_store_lose_nothing(
        layout in select(&[Layout::ByOwner, Layout::Whole][..]),
        steps in proptest::collection::vec(step(), 1..rounds().1),
    ) {
        World::new(layout, false).play(steps)?;
    }

    #[test]
    fn caches_over_an_async_store_lose_nothing_whoever_goes_away(
        layout in select(&[Layout::ByOwner, Layout::Whole][..]),
        steps in proptest::collection::vec(step(), 1..rounds().1),
    ) {
        World::new(layout, true).play(steps)?;
    }
}

const WHATS: [What; 5] = [
    What::SignedIn,
    What::Renewed,
    What::Renewed,
    What::Refused,
    What::SignedOut,
];

/// What a value is called.
type Name = String;

struct World {
    layout: Layout,
    is_async: bool,
    map: Map,
    caches: Vec<PersistentCache>,
    on_the_way: Vec<OnTheWay>,
    number: u32,
    /// What the store should hold.
    stored: BTreeMap<Name, Items>,
    /// What each cache should have in memory.
    memory: Vec<BTreeMap<Name, Items>>,
    /// What each should have yet to save.
    unsaved: Vec<BTreeMap<Name, Vec<Unsaved>>>,
}

#[derive(Clone, Debug)]
struct Unsaved {
    number: u32,
    who: Who,
    deed: Deed,
    is_late: bool,
}

/// A load or a save that is not over.
struct OnTheWay {
    cache: usize,
    name: Name,
    work: Work,
    future: Pin<Box<dyn Future<Output = Result<(), Error>>>>,
    has_begun: bool,
    batch: Vec<Unsaved>,
    /// What the store holds once it is over, or held when it was read.
    made: Option<Items>,
}

impl World {
    fn new(layout: Layout, is_async: bool) -> Self {
        let map = Map::new(layout);
        let first = Who::User(0);
        let name = name(layout, first);
        map.set(&name, PEERS);
        let caches = (0..CACHES).map(|at| match is_async {
            true => PersistentCache::new_async(Pending(map.clone(), at)),
            false => PersistentCache::new(Blocking(map.clone(), at)),
        });
        Self {
            layout,
            is_async,
            caches: caches.collect(),
            map,
            on_the_way: Vec::new(),
            number: 0,
            stored: BTreeMap::new(),
            memory: vec![BTreeMap::new(); CACHES],
            unsaved: vec![BTreeMap::new(); CACHES],
        }
    }

    fn play(mut self, steps: Vec<Step>) -> Result<(), TestCaseError> {
        // Whether the first user is signed in is known to who has read what the peer wrote.
        for at in 0..CACHES {
            self.start(at, Who::User(0), Work::Load, None);
            self.finish();
        }
        for step in steps {
            match step {
                Step::Change(at, who, what) => self.change(at, who, what),
                Step::Drop(at) => self.drop_one(at),
                Step::Poll(at) if !self.on_the_way.is_empty() => {
                    self.poll(at.index(self.on_the_way.len()));
                }
                Step::Poll(_) => {}
                Step::Start(at, who, work, fault) => self.start(at, who, work, fault),
            }
            self.compare()?;
        }
        self.finish();
        self.map.heal();
        for work in [Work::Save, Work::Load] {
            for (at, who) in (0..CACHES).flat_map(|at| everybody().map(move |who| (at, who))) {
                self.start(at, who, work, None);
                self.finish();
            }
        }
        self.compare()?;
        for (at, cache) in self.caches.iter().enumerate() {
            prop_assert_eq!(cache.unsaved(), 0);
            prop_assert_eq!(
                items_of(cache, everybody()),
                self.all(&self.stored),
                "of {}",
                at
            );
        }
        // What a store that keeps owners apart has of nobody is not there.
        let held = self.stored.iter().filter(|(_, items)| !items.is_empty());
        let mut names: Vec<_> = held.map(|(name, _)| name.clone()).collect();
        names.push(name(self.layout, Who::User(0)));
        names.sort();
        names.dedup();
        prop_assert_eq!(self.map.names(), names);
        let text = self.map.text(&name(self.layout, Who::User(0))).unwrap();
        for kept in [FUTURE, ODD, MEMBER] {
            prop_assert!(text.contains(kept), "{} is gone from {}", kept, text);
        }
        Ok(())
    }

    fn change(&mut self, at: usize, who: Who, what: What) {
        self.number += 1;
        let name = name(self.layout, who);
        let memory = self.memory[at].entry(name.clone()).or_default();
        let deed = match what {
            What::Refused => match memory.get(&(who, Kind::Refresh)) {
                Some(number) => Deed::Refused(*number),
                None => return,
            },
            What::Renewed => Deed::Renewed(self.number),
            What::SignedIn => Deed::SignedIn(self.number),
            What::SignedOut => Deed::SignedOut,
        };
        let change = items::change(who, deed);
        if change.is_empty() {
            return;
        }
        self.caches[at].apply(&change);
        change_items(memory, who, deed, false);
        self.unsaved[at].entry(name).or_default().push(Unsaved {
            number: self.number,
            who,
            deed,
            is_late: false,
        });
    }

    fn start(&mut self, cache: usize, who: Who, work: Work, fault: Option<Fault>) {
        let name = name(self.layout, who);
        let is_busy = |other: &OnTheWay| other.cache == cache && other.name == name;
        if self.on_the_way.iter().any(is_busy) {
            return;
        }
        if let Some(fault) = fault {
            let fault = if work == Work::Load {
                Fault::Before
            } else {
                fault
            };
            self.map.fail(cache, &name, fault);
        }
        let partition = match self.layout {
            Layout::Whole => Partition::Everything,
            _ => who.partition(),
        };
        let persistence: &dyn Persistence = &self.caches[cache];
        let task = match work {
            Work::Load => persistence.load(&partition, NOW),
            Work::Save => persistence.save(&partition, NOW),
        };
        let future: Pin<Box<dyn Future<Output = _>>> = match self.is_async {
            true => Box::pin(task.run_async()),
            false => Box::pin(async move { task.run() }),
        };
        self.on_the_way.push(OnTheWay {
            cache,
            name,
            work,
            future,
            has_begun: false,
            batch: Vec::new(),
            made: None,
        });
        if !self.is_async {
            self.finish();
        }
    }

    fn finish(&mut self) {
        while !self.on_the_way.is_empty() {
            self.poll(self.on_the_way.len() - 1);
        }
    }

    fn poll(&mut self, at: usize) {
        let mut one = self.on_the_way.swap_remove(at);
        let unsaved = self.unsaved[one.cache].entry(one.name.clone()).or_default();
        if !one.has_begun && one.work == Work::Save {
            one.batch = unsaved.clone();
            unsaved.iter_mut().for_each(|one| one.is_late = true);
        }
        one.has_begun = true;
        let polled = one
            .future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        let stored = self.stored.entry(one.name.clone()).or_default();
        for (cache, name, did) in self.map.log() {
            assert_eq!((cache, &name), (one.cache, &one.name));
            match did {
                Did::FindUnchanged => {}
                Did::Make => {
                    let mut made = stored.clone();
                    replay(&mut made, &one.batch);
                    one.made = Some(made);
                }
                Did::Put | Did::Remove => stored.clone_from(one.made.as_ref().unwrap()),
                Did::Read => one.made = Some(stored.clone()),
            }
        }
        match polled {
            Poll::Pending => self.on_the_way.push(one),
            Poll::Ready(Ok(())) => {
                if one.work == Work::Save {
                    let last = one.batch.last().map_or(0, |one| one.number);
                    unsaved.retain(|one| one.number > last);
                }
                if let Some(mut made) = one.made {
                    replay(&mut made, unsaved);
                    self.memory[one.cache].insert(one.name, made);
                }
            }
            Poll::Ready(Err(error)) => {
                assert!(error.to_string().contains("out of order"), "{error}")
            }
        }
    }

    fn drop_one(&mut self, at: Index) {
        if !self.on_the_way.is_empty() {
            let at = at.index(self.on_the_way.len());
            self.on_the_way.swap_remove(at);
        }
    }

    fn compare(&self) -> Result<(), TestCaseError> {
        for at in 0..CACHES {
            prop_assert_eq!(
                items_of(&self.caches[at], everybody()),
                self.all(&self.memory[at]),
                "in the memory of {}",
                at
            );
            let unsaved: usize = self.unsaved[at].values().map(Vec::len).sum();
            prop_assert_eq!(self.caches[at].unsaved(), unsaved);
        }
        let held = TokenCache::new();
        for name in self.map.names() {
            held.merge(self.map.text(&name).unwrap().as_bytes())
                .unwrap();
        }
        prop_assert_eq!(
            items_of(&held, everybody()),
            self.all(&self.stored),
            "in the store"
        );
        Ok(())
    }

    fn all(&self, parts: &BTreeMap<Name, Items>) -> Items {
        parts
            .values()
            .flatten()
            .map(|(key, number)| (*key, *number))
            .collect()
    }
}

fn replay(items: &mut Items, unsaved: &[Unsaved]) {
    for one in unsaved {
        change_items(items, one.who, one.deed, one.is_late);
    }
}

fn name(layout: Layout, who: Who) -> Name {
    match layout {
        Layout::Whole => "cache".to_owned(),
        _ => who.name(),
    }
}

/// What another library has put there, of which we understand only a part.
const PEERS: &str = concat!(
    r#"{"Future":{"kept":1e400},"AccessToken":{"odd":{"secret":7,"more":[null]}},"RefreshToken":{"p":{"#,
    r#""home_account_id":"u0.t","environment":"login.microsoftonline.com","client_id":"peer","#,
    r#""credential_type":"RefreshToken","secret":"theirs","x-member":{"deep":[1e400]}}}}"#,
);

const FUTURE: &str = r#""Future":{"kept":1e400}"#;

const ODD: &str = r#""odd":{"secret":7,"more":[null]}"#;

const MEMBER: &str = r#""x-member":{"deep":[1e400]}"#;
