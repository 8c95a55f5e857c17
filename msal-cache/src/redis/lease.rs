use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::time::timeout;

use super::engine::Engine;

/// A lease that is ours until it ends or expires.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) key: String,
    /// Tells us from other holders.
    pub(super) token: [u8; 16],
}

/// Ends a lease when it is dropped, without holding up whoever drops it: on the runtime that is there, or else, and where
/// the runtime ends before that, on a thread.
pub(super) struct Guard {
    pub(super) engine: Arc<Engine>,
    /// None once it is over.
    pub(super) taken: Option<Taken>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let Some(taken) = self.taken.take() else {
            return;
        };
        let ending = Ending {
            engine: Arc::clone(&self.engine),
            taken: Some(taken),
        };
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(ending.finish());
        }
    }
}

/// A lease that is to be ended, even when the task that does it is never run again.
struct Ending {
    engine: Arc<Engine>,
    taken: Option<Taken>,
}

impl Ending {
    async fn finish(mut self) {
        let Some(taken) = &self.taken else {
            return;
        };
        tell(self.engine.release(taken).await.err());
        self.taken = None;
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        let Some(taken) = self.taken.take() else {
            return;
        };
        let engine = Arc::clone(&self.engine);
        let thread = thread::Builder::new().name("msal-redis".into());
        let spawned = thread.spawn(move || end_alone(&engine, &taken));
        // The process may be about to end, and whoever comes next would wait for the lease to expire.
        if let Ok(thread) = spawned {
            let _ = thread.join();
        }
    }
}

/// On this thread, with a runtime and a connection of its own.
fn end_alone(engine: &Engine, taken: &Taken) {
    let Ok(runtime) = Builder::new_current_thread().enable_all().build() else {
        return;
    };
    let released = runtime.block_on(async { timeout(LONGEST, engine.release_alone(taken)).await });
    if let Ok(released) = released {
        tell(released.err());
    }
    // A name look-up may still be under way.
    runtime.shutdown_background();
}

pub(super) fn tell(error: Option<super::RedisError>) {
    if let Some(error) = error {
        tracing::debug!(target: "msal", %error, "a lease was left to expire");
    }
}

const LONGEST: Duration = Duration::from_secs(1);
