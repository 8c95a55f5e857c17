use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::KeyringReason;

/// Has another thread ask the key store, and stops waiting for it when the time is up.
///
/// Always another one: whoever calls may be on a thread that belongs to a runtime, and what speaks to the store may never
/// come back from it.
pub(super) fn bounded<T: Send + 'static>(
    limit: Duration,
    ask: impl FnOnce() -> Result<T, KeyringReason> + Send + 'static,
) -> Result<T, KeyringReason> {
    let (sender, answer) = mpsc::sync_channel(1);
    let work = move || {
        // Whoever asked may have gone.
        let _ = sender.send(ask());
    };
    let thread = thread::Builder::new().name("msal-keyring".into());
    thread
        .spawn(work)
        .map_err(|error| KeyringReason::Failed(error.to_string()))?;
    match answer.recv_timeout(limit.saturating_add(GRACE)) {
        Ok(answer) => answer,
        Err(RecvTimeoutError::Timeout) => Err(KeyringReason::NoAnswer(limit)),
        // It panicked, which no answer of the store should make it.
        Err(RecvTimeoutError::Disconnected) => Err(KeyringReason::Gone),
    }
}

/// What can stop by itself when the time is up is let do so: it knows better why.
const GRACE: Duration = Duration::from_millis(100);
