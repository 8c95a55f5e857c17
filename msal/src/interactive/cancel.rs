use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Ends a call from another thread, at once. Cheap to clone: all clones are one.
///
/// ```
/// use std::time::Duration;
///
/// # use msal::interactive::CancelHandle;
/// let handle = CancelHandle::new();
/// let theirs = handle.clone();
/// let waiter = std::thread::spawn(move || theirs.wait(Duration::from_secs(600)));
/// handle.cancel();
/// assert!(waiter.join().unwrap());
/// ```
#[derive(Clone, Default)]
pub struct CancelHandle(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    cancelled: Condvar,
}

#[derive(Default)]
struct State {
    is_cancelled: bool,
    next: u64,
    watchers: Vec<(u64, Watcher)>,
}

type Watcher = Box<dyn FnOnce() + Send>;

impl CancelHandle {
    /// A handle that nothing has been cancelled by.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends every call that was given this handle, and those that will be. Cannot be taken back.
    pub fn cancel(&self) {
        let watchers = {
            let mut state = self.state();
            state.is_cancelled = true;
            std::mem::take(&mut state.watchers)
        };
        self.0.cancelled.notify_all();
        for (_, watcher) in watchers {
            watcher();
        }
    }

    /// Whether [`cancel`](Self::cancel) was called.
    pub fn is_cancelled(&self) -> bool {
        self.state().is_cancelled
    }

    /// Sleeps for this time, or until cancelled. Says whether it was cancelled.
    pub fn wait(&self, time: Duration) -> bool {
        let state = self.state();
        let (state, _) = self
            .0
            .cancelled
            .wait_timeout_while(state, time, |state| !state.is_cancelled)
            .unwrap_or_else(PoisonError::into_inner);
        state.is_cancelled
    }

    /// Calls back when cancelled, on the cancelling thread, and at once when that has been; not after the watch was
    /// dropped, unless it is being called then.
    #[must_use = "dropping the watch ends it"]
    pub fn on_cancel(&self, watcher: impl FnOnce() + Send + 'static) -> Watch {
        let mut state = self.state();
        if state.is_cancelled {
            drop(state);
            watcher();
            return Watch(None);
        }
        let id = state.next;
        state.next += 1;
        state.watchers.push((id, Box::new(watcher)));
        drop(state);
        Watch(Some((self.clone(), id)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for CancelHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelHandle")
            .field("is_cancelled", &self.is_cancelled())
            .finish()
    }
}

/// A promise to call back, taken back when dropped.
#[derive(Debug)]
pub struct Watch(Option<(CancelHandle, u64)>);

impl Drop for Watch {
    fn drop(&mut self) {
        let Some((handle, id)) = self.0.take() else {
            return;
        };
        let mut state = handle.state();
        let place = state
            .watchers
            .iter()
            .position(|(watcher, _)| *watcher == id);
        // What the watcher holds is dropped after the lock.
        let watcher = place.map(|place| state.watchers.swap_remove(place));
        drop(state);
        drop(watcher);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_watcher_is_called_once_and_not_after_its_watch_is_gone() {
        let handle = CancelHandle::new();
        let (calls, called) = mpsc::channel();
        let watch = |name| {
            let calls = calls.clone();
            handle.on_cancel(move || calls.send(name).unwrap())
        };
        let (_first, second, _third) = (watch("first"), watch("second"), watch("third"));
        drop(second);
        handle.clone().cancel();
        handle.cancel();
        let _late = watch("late");
        let mut names: Vec<_> = called.try_iter().collect();
        names.sort_unstable();
        assert_eq!(names, ["first", "late", "third"]);
    }

    #[test]
    fn a_watcher_may_use_the_handle() {
        let handle = CancelHandle::new();
        let theirs = handle.clone();
        let (calls, called) = mpsc::channel();
        let _watch = handle.on_cancel(move || calls.send(theirs.wait(Duration::MAX)).unwrap());
        handle.cancel();
        assert!(called.recv().unwrap());
    }

    #[test]
    fn waiting_ends_by_its_time_when_nobody_cancels() {
        assert!(!CancelHandle::new().wait(Duration::from_millis(1)));
    }
}
