//! What the server keeps about browsers. An app that runs more than once keeps it in a database, and its token cache too.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use msal::AuthCodeFlow;

#[derive(Default)]
pub(crate) struct Sessions {
    signing_in: Mutex<HashMap<String, (Instant, String)>>,
    /// Who is signed in: home account ids, by which the token cache finds the user.
    signed_in: Mutex<HashMap<String, String>>,
}

impl Sessions {
    /// Keeps a sign-in that has begun, with the secrets that its response is checked against.
    pub(crate) fn keep_sign_in(&self, flow: AuthCodeFlow) -> String {
        let key = new_key();
        let now = Instant::now();
        let mut signing_in = lock(&self.signing_in);
        signing_in.retain(|_, (began, _)| now.duration_since(*began) < PATIENCE);
        signing_in.insert(key.clone(), (now, flow.into_secret_json().to_string()));
        key
    }

    /// Takes the sign-in that this is the response to. One that some other response was sent for goes on.
    pub(crate) fn take_sign_in(&self, key: &str, response: &str) -> Option<AuthCodeFlow> {
        let mut signing_in = lock(&self.signing_in);
        let (began, flow) = signing_in.get(key)?;
        let flow = AuthCodeFlow::from_secret_json(flow).ok()?;
        if began.elapsed() >= PATIENCE || !flow.recognizes(response) {
            return None;
        }
        signing_in.remove(key);
        Some(flow)
    }

    pub(crate) fn open(&self, home_account_id: &str) -> String {
        let key = new_key();
        lock(&self.signed_in).insert(key.clone(), home_account_id.to_owned());
        key
    }

    pub(crate) fn home_account_id(&self, key: &str) -> Option<String> {
        lock(&self.signed_in).get(key).cloned()
    }

    pub(crate) fn close(&self, key: &str) {
        lock(&self.signed_in).remove(key);
    }
}

/// 128 bits that nobody can guess.
fn new_key() -> String {
    format!("{:032x}", rand::random::<u128>())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long a user may take to sign in.
const PATIENCE: Duration = Duration::from_secs(600);
