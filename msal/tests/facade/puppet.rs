//! A store of the program's own that works, hangs or panics as the test wants it.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use msal::Error;
use msal::cache::{
    AsyncCacheStore, CacheStore, Content, Found, Layout, Loaded, Make, Next, Updated, Version,
};
use msal::store::Lease;

/// A store over a map. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Puppet(Arc<Strings>);

#[derive(Debug, Default)]
struct Strings {
    values: Mutex<HashMap<String, (u64, Vec<u8>)>>,
    mood: Mutex<Mood>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Mood {
    /// Blocks until its mood is another.
    Hangs,
    Panics,
    #[default]
    Works,
}

impl Puppet {
    pub(crate) fn is(&self, mood: Mood) {
        // A panic with the lock in hand is no concern of this test's.
        *self.0.mood.lock().unwrap() = mood;
        self.0.changed.notify_all();
    }

    /// How many values it holds.
    pub(crate) fn values(&self) -> usize {
        let values = self.0.values.lock().unwrap();
        values
            .values()
            .filter(|(_, bytes)| !bytes.is_empty())
            .count()
    }

    fn meets(&self) {
        let mood = self.0.mood.lock().unwrap();
        let is_hanging = |mood: &mut Mood| *mood == Mood::Hangs;
        let mood = *self.0.changed.wait_while(mood, is_hanging).unwrap();
        assert!(mood != Mood::Panics, "the store's own mistake");
    }

    fn loaded(&self, name: &str, seen: Option<&Version>) -> Loaded {
        let values = self.0.values.lock().unwrap();
        let found = found(values.get(name));
        match seen == Some(&found.version) {
            true => Loaded::Unchanged,
            false => Loaded::Found(found),
        }
    }

    fn updated(&self, name: &str, make: &mut Make<'_>) -> Result<Updated, Error> {
        let mut values = self.0.values.lock().unwrap();
        let before = found(values.get(name));
        let number = values.get(name).map_or(0, |(number, _)| *number) + 1;
        match make(&before)? {
            Next::Put(Content { bytes, .. }) => {
                values.insert(name.to_owned(), (number, bytes.to_vec()));
            }
            Next::Remove => drop(values.insert(name.to_owned(), (number, Vec::new()))),
            _ => {}
        }
        Ok(Updated {
            before: before.version,
            after: found(values.get(name)).version,
        })
    }
}

impl CacheStore for Puppet {
    fn load(&self, name: &str, seen: Option<&Version>) -> Result<Loaded, Error> {
        self.meets();
        Ok(self.loaded(name, seen))
    }

    fn update(&self, name: &str, make: &mut Make<'_>) -> Result<Updated, Error> {
        self.meets();
        self.updated(name, make)
    }

    fn lease(&self, _: &str, _: &[u8; 32], _: Duration) -> Result<Lease, Error> {
        self.meets();
        Ok(Lease::none())
    }
}

/// The same for async applications: hanging, it holds up no thread.
#[derive(Clone, Debug, Default)]
pub(crate) struct AsyncPuppet(pub(crate) Puppet);

impl AsyncPuppet {
    async fn meets(&self) {
        let mood = *self.0.0.mood.lock().unwrap();
        match mood {
            Mood::Hangs => std::future::pending().await,
            _ => self.0.meets(),
        }
    }
}

#[async_trait::async_trait]
impl AsyncCacheStore for AsyncPuppet {
    fn layout(&self) -> Layout {
        Layout::ByOwner
    }

    async fn load(&self, name: &str, seen: Option<&Version>) -> Result<Loaded, Error> {
        self.meets().await;
        Ok(self.0.loaded(name, seen))
    }

    async fn update(&self, name: &str, make: &mut Make<'_>) -> Result<Updated, Error> {
        self.meets().await;
        self.0.updated(name, make)
    }
}

fn found(value: Option<&(u64, Vec<u8>)>) -> Found {
    let (number, bytes) = value.map_or((0, &[][..]), |(number, bytes)| (*number, bytes));
    Found {
        bytes: (!bytes.is_empty()).then(|| bytes.to_vec().into()),
        version: Version::from(number),
    }
}
