//! What the provider has seen: every request in the order of arrival.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::{Endpoint, Request};

#[derive(Debug)]
pub(crate) struct Journal {
    entries: Mutex<Entries>,
    arrivals: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Entries {
    requests: Vec<Arc<Request>>,
    counts: [u64; Endpoint::ALL.len()],
}

impl Journal {
    pub(crate) fn new() -> Self {
        Self {
            entries: Mutex::default(),
            arrivals: watch::Sender::new(0),
        }
    }

    pub(crate) fn record(&self, request: Arc<Request>) {
        {
            let mut entries = self.lock();
            entries.counts[request.endpoint as usize] += 1;
            entries.requests.push(request);
        }
        self.arrivals.send_modify(|arrivals| *arrivals += 1);
    }

    pub(crate) fn requests(&self) -> Vec<Arc<Request>> {
        self.lock().requests.clone()
    }

    pub(crate) fn count(&self, endpoint: Endpoint) -> u64 {
        self.lock().counts[endpoint as usize]
    }

    pub(crate) fn clear(&self) {
        *self.lock() = Entries::default();
    }

    /// Waits until `n` requests of a kind are there, and gives the `n`-th.
    pub(crate) async fn nth(
        &self,
        endpoint: Endpoint,
        n: usize,
        limit: Duration,
    ) -> io::Result<Arc<Request>> {
        let mut arrivals = self.arrivals.subscribe();
        let arrival = async {
            loop {
                if let Some(request) = self.find(endpoint, n) {
                    return request;
                }
                // The sender is a field of `self`, so it outlives this call.
                let _ = arrivals.changed().await;
            }
        };
        tokio::time::timeout(limit, arrival)
            .await
            .map_err(|_elapsed| {
                let seen = self.count(endpoint);
                let reason = format!(
                    "after {limit:?} the provider had seen {seen} of {n} {endpoint} requests"
                );
                io::Error::new(io::ErrorKind::TimedOut, reason)
            })
    }

    fn find(&self, endpoint: Endpoint, n: usize) -> Option<Arc<Request>> {
        let entries = self.lock();
        if entries.counts[endpoint as usize] < n as u64 {
            return None;
        }
        entries
            .requests
            .iter()
            .filter(|request| request.endpoint == endpoint)
            .nth(n.checked_sub(1)?)
            .cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
