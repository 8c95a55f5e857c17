use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What was found out, for a while. Bounded: what is over first gives way.
pub(super) struct Memory<K, V>(Mutex<HashMap<K, Kept<V>>>);

struct Kept<V> {
    value: V,
    /// On the clock of [`Env::uptime`](crate::Env::uptime).
    until: Duration,
}

impl<K: Clone + Eq + Hash, V: Clone> Memory<K, V> {
    /// What is known, if its time is not over.
    pub(super) fn get(&self, key: &K, uptime: Duration) -> Option<V> {
        let kept = self.lock();
        let kept = kept.get(key).filter(|kept| kept.until > uptime)?;
        Some(kept.value.clone())
    }

    /// What was known last, even if its time is over.
    pub(super) fn last(&self, key: &K) -> Option<V> {
        self.lock().get(key).map(|kept| kept.value.clone())
    }

    /// Keeps `value` until then.
    pub(super) fn keep(&self, key: K, value: V, until: Duration) {
        let mut kept = self.lock();
        if kept.len() >= MOST && !kept.contains_key(&key) {
            let first_over = kept.iter().min_by_key(|(_, kept)| kept.until);
            if let Some(first_over) = first_over.map(|(key, _)| key.clone()) {
                kept.remove(&first_over);
            }
        }
        kept.insert(key, Kept { value, until });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Kept<V>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V> Default for Memory<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K, V> fmt::Debug for Memory<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory")
    }
}

const MOST: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn what_is_over_is_known_as_the_last_only() {
        let memory = Memory::default();
        memory.keep("a", 1, SECOND);
        assert_eq!(memory.get(&"a", Duration::ZERO), Some(1));
        assert_eq!(memory.get(&"a", SECOND), None);
        assert_eq!(memory.last(&"a"), Some(1));
    }

    #[test]
    fn it_is_bounded_and_gives_up_what_is_over_first() {
        let memory = Memory::default();
        for n in 0..MOST as u32 + 10 {
            memory.keep(n, (), SECOND * (n + 1));
        }
        assert_eq!(memory.lock().len(), MOST);
        assert_eq!((memory.last(&9), memory.last(&10)), (None, Some(())));
    }
}
