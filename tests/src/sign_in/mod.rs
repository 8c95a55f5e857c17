//! What users' sign-ins leave behind at the provider: sessions, codes, tokens, consent.

mod code;
mod consent;
mod device;
mod interaction;
mod lockout;
mod refresh_token;
mod session;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use uuid::Uuid;

pub(crate) use self::code::{Challenge, Code, Codes};
pub(crate) use self::consent::Consents;
pub(crate) use self::device::{Decision, Device, Devices, new_user_code};
pub(crate) use self::interaction::{Interaction, Interactions, Purpose};
pub(crate) use self::lockout::Lockouts;
pub(crate) use self::refresh_token::{RefreshToken, RefreshTokens, Standing};
pub(crate) use self::session::{Sessions, cookie_of, set_cookie};
use crate::context::Context;
use crate::registry::User;

/// How and when a user signed in: what stands behind codes and tokens.
#[derive(Clone, Debug)]
pub(crate) struct SignIn {
    pub(crate) username: String,
    /// Seconds since the Unix epoch.
    pub(crate) time: i64,
    /// RFC 8176: `pwd`, `mfa`, `rsa`, `wia`.
    pub(crate) methods: Vec<&'static str>,
    pub(crate) session_id: String,
    /// What the client sent along, for the id token alone.
    pub(crate) nonce: Option<String>,
    /// Whether the id token tells the time (`auth_time`).
    pub(crate) tells_time: bool,
    /// The claims that the client asked for when the user signed in.
    pub(crate) claims: Option<Value>,
}

impl SignIn {
    /// A sign-in of this moment.
    pub(crate) fn now(context: &Context, user: &User, methods: &[&'static str]) -> Self {
        Self {
            username: user.username().to_owned(),
            time: context.clock.unix(),
            methods: methods.to_vec(),
            session_id: Uuid::new_v4().to_string(),
            nonce: None,
            tells_time: false,
            claims: None,
        }
    }

    pub(crate) fn used(&self, method: &str) -> bool {
        self.methods.contains(&method)
    }
}

/// Everything of that kind at one provider.
#[derive(Default)]
pub(crate) struct SignIns {
    codes: Mutex<Codes>,
    consents: Mutex<Consents>,
    demands: Mutex<Vec<Demand>>,
    devices: Mutex<Devices>,
    interactions: Mutex<Interactions>,
    lockouts: Mutex<Lockouts>,
    refresh_tokens: Mutex<RefreshTokens>,
    sessions: Mutex<Sessions>,
    /// By the id that access tokens name them by (`sid`).
    by_session_id: Mutex<HashMap<String, SignIn>>,
}

/// Claims that a resource's policy demands of who asks for its tokens.
#[derive(Clone, Debug)]
pub(crate) struct Demand {
    pub(crate) resource: String,
    pub(crate) claims: Value,
}

impl SignIns {
    pub(crate) fn codes(&self) -> MutexGuard<'_, Codes> {
        lock(&self.codes)
    }

    pub(crate) fn consents(&self) -> MutexGuard<'_, Consents> {
        lock(&self.consents)
    }

    pub(crate) fn demands(&self) -> MutexGuard<'_, Vec<Demand>> {
        lock(&self.demands)
    }

    pub(crate) fn lockouts(&self) -> MutexGuard<'_, Lockouts> {
        lock(&self.lockouts)
    }

    /// The sign-in that an access token comes of, by the claim `sid`.
    pub(crate) fn of_session(&self, id: &str) -> Option<SignIn> {
        lock(&self.by_session_id).get(id).cloned()
    }

    /// Remembers a sign-in that tokens are issued for.
    pub(crate) fn remember(&self, sign_in: &SignIn) {
        lock(&self.by_session_id).insert(sign_in.session_id.clone(), sign_in.clone());
    }

    pub(crate) fn devices(&self) -> MutexGuard<'_, Devices> {
        lock(&self.devices)
    }

    pub(crate) fn interactions(&self) -> MutexGuard<'_, Interactions> {
        lock(&self.interactions)
    }

    pub(crate) fn refresh_tokens(&self) -> MutexGuard<'_, RefreshTokens> {
        lock(&self.refresh_tokens)
    }

    pub(crate) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        lock(&self.sessions)
    }

    /// Ends all refresh tokens and sessions of a user, and counts the tokens.
    pub(crate) fn revoke(&self, username: &str, now: i64) -> usize {
        self.sessions().remove_everywhere(username);
        self.refresh_tokens().revoke_user(username, now)
    }

    /// Demands claims of who asks for a resource's tokens, or nothing any more.
    pub(crate) fn demand(&self, resource: &str, claims: Option<Value>) {
        let mut demands = self.demands();
        demands.retain(|demand| demand.resource != resource);
        demands.extend(claims.map(|claims| Demand {
            resource: resource.to_owned(),
            claims,
        }));
    }
}

impl fmt::Debug for SignIns {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SignIns").finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
