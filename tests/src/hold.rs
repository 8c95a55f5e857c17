//! The gate at which requests wait until a test lets them through.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::Endpoint;

/// Requests of one kind wait while this lives: they are in the journal, and get no answer.
#[derive(Debug)]
#[must_use = "requests are let through when this is dropped"]
pub struct Hold {
    gates: Arc<Gates>,
    id: u64,
}

impl Hold {
    /// Lets them through, as dropping does.
    pub fn release(self) {}
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.gates.open(self.id);
    }
}

#[derive(Debug)]
pub(crate) struct Gates {
    closed: Mutex<Closed>,
    changes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Closed {
    gates: Vec<(u64, Endpoint)>,
    next_id: u64,
}

impl Gates {
    pub(crate) fn new() -> Self {
        Self {
            closed: Mutex::default(),
            changes: watch::Sender::new(0),
        }
    }

    pub(crate) fn close(self: &Arc<Self>, endpoint: Endpoint) -> Hold {
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        closed.next_id += 1;
        let id = closed.next_id;
        closed.gates.push((id, endpoint));
        Hold {
            gates: Arc::clone(self),
            id,
        }
    }

    /// Waits until nothing holds requests of that kind.
    pub(crate) async fn pass(&self, endpoint: Endpoint) {
        let mut changes = self.changes.subscribe();
        while self.holds(endpoint) {
            // The sender is a field of `self`, so it outlives this call.
            let _ = changes.changed().await;
        }
    }

    fn holds(&self, endpoint: Endpoint) -> bool {
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        closed.gates.iter().any(|(_, held)| *held == endpoint)
    }

    fn open(&self, id: u64) {
        self.closed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .gates
            .retain(|(held, _)| *held != id);
        self.changes.send_modify(|changes| *changes += 1);
    }
}
