//! Refusals that are remembered for a while, so that an identity provider which asked for a pause gets it, and a
//! request that it has just refused is not sent again and again.

use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Uri};
use sha2::{Digest, Sha256};

use crate::flights::TokenFlight;
use crate::{Error, Request};

/// The pauses now in force. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Throttle(Arc<Mutex<HashMap<Fingerprint, Pause>>>);

struct Pause {
    until: Duration,
    error: Error,
}

impl Throttle {
    /// Whether no pause is in force.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// The refusal that still stands for this request, with the time that is left of it.
    pub(crate) fn standing(
        &self,
        request: &Fingerprint,
        uptime: Duration,
    ) -> Option<(Error, Duration)> {
        let mut pauses = self.lock();
        let left = pauses.get(request)?.until.saturating_sub(uptime);
        if left.is_zero() {
            pauses.remove(request);
            return None;
        }
        pauses.get(request).map(|pause| (pause.error.clone(), left))
    }

    /// Lets `error` stand for this request until then.
    pub(crate) fn remember(&self, request: Fingerprint, error: Error, until: Duration) {
        let mut pauses = self.lock();
        if pauses.len() >= MOST_PAUSES && !pauses.contains_key(&request) {
            let first_over = pauses.iter().min_by_key(|(_, pause)| pause.until);
            if let Some(first_over) = first_over.map(|(key, _)| *key) {
                pauses.remove(&first_over);
            }
        }
        pauses.insert(request, Pause { until, error });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Fingerprint, Pause>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Throttle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Throttle({} standing)", self.lock().len())
    }
}

/// What a request is known by later, when it has been sent. Shares everything with it.
pub(crate) struct Asked {
    method: Method,
    uri: Uri,
    body: Bytes,
}

impl From<&Request> for Asked {
    fn from(request: &Request) -> Self {
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            body: request.body().clone(),
        }
    }
}

/// SHA-256 of what makes two requests the same to the server.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The whole request. An assertion is another each time: the credential behind it counts in its stead.
    pub(crate) fn whole(asked: &Asked, credential: &[u8; 32]) -> Self {
        Self::of(asked, credential, |name| name != b"client_assertion")
    }

    /// Who asks for which token: a server that asks for a pause means these.
    pub(crate) fn asker(asked: &Asked) -> Self {
        Self::of(asked, &[0; 32], |name| ASKER.contains(&name))
    }

    /// What a renewal in the background is after.
    pub(crate) fn renewal(token: &TokenFlight) -> Self {
        let mut hash = HashInto(Sha256::new());
        token.hash(&mut hash);
        Self(hash.0.finalize().into())
    }

    fn of(asked: &Asked, credential: &[u8; 32], counts: impl Fn(&[u8]) -> bool) -> Self {
        let mut hash = Sha256::new_with_prefix(credential);
        let mut add = |part: &[u8]| {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        };
        add(asked.method.as_str().as_bytes());
        add(asked.uri.to_string().as_bytes());
        for pair in asked.body.split(|byte| *byte == b'&') {
            let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default();
            if counts(name) {
                add(pair);
            }
        }
        Self(hash.finalize().into())
    }
}

/// Lets a key be hashed by something that does not collide.
struct HashInto(Sha256);

impl Hasher for HashInto {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        // Only ever written to.
        0
    }
}

/// The parameters that tell one asker from another.
const ASKER: &[&[u8]] = &[
    b"assertion",
    b"client_id",
    b"code",
    b"device_code",
    b"grant_type",
    b"refresh_token",
    b"scope",
    b"user_id",
    b"username",
];
const MOST_PAUSES: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn request(body: &'static str) -> Asked {
        Asked {
            method: Method::POST,
            uri: Uri::from_static("https://login.test/token"),
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_fresh_assertion_does_not_make_another_request() {
        let first = Fingerprint::whole(&request("client_id=a&client_assertion=1"), &[1; 32]);
        assert!(first == Fingerprint::whole(&request("client_id=a&client_assertion=2"), &[1; 32]));
        assert!(first != Fingerprint::whole(&request("client_id=b&client_assertion=1"), &[1; 32]));
    }

    #[test]
    fn a_pause_is_for_the_asker_whatever_the_credential() {
        let asker = Fingerprint::asker(&request("client_id=a&scope=s&client_secret=x"));
        assert!(asker == Fingerprint::asker(&request("client_id=a&scope=s&client_secret=y")));
        assert!(asker != Fingerprint::asker(&request("client_id=a&scope=t&client_secret=x")));
    }

    #[test]
    fn a_refusal_stands_until_its_time_is_over() {
        let throttle = Throttle::default();
        let key = Fingerprint::whole(&request("a=1"), &[1; 32]);
        throttle.remember(key, Error::new(ErrorKind::Throttled), seconds(10));
        assert_eq!(throttle.standing(&key, seconds(4)).unwrap().1, seconds(6));
        assert!(throttle.standing(&key, seconds(10)).is_none());
        assert_eq!(throttle.lock().len(), 0);
    }

    #[test]
    fn the_memory_is_bounded_and_gives_up_what_ends_first() {
        let throttle = Throttle::default();
        for n in 0..MOST_PAUSES as u64 + 10 {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&n.to_le_bytes());
            throttle.remember(
                Fingerprint(key),
                Error::new(ErrorKind::Throttled),
                seconds(100 + n),
            );
        }
        assert_eq!(throttle.lock().len(), MOST_PAUSES);
        assert!(
            throttle
                .standing(&Fingerprint([0; 32]), seconds(0))
                .is_none()
        );
    }
}
