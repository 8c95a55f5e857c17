use std::collections::HashMap;

use uuid::Uuid;

use super::SignIn;
use crate::realm::Realm;

/// The devices that wait, or have waited, for someone to sign in elsewhere.
#[derive(Default)]
pub(crate) struct Devices {
    devices: HashMap<String, Device>,
}

/// A device authorization (RFC 8628), by its device code.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) client_id: String,
    pub(crate) decision: Decision,
    /// Seconds since the Unix epoch.
    pub(crate) expires: i64,
    /// Seconds between two polls.
    pub(crate) interval: i64,
    pub(crate) last_poll: Option<i64>,
    pub(crate) realm: Realm,
    pub(crate) scope: String,
    pub(crate) user_code: String,
}

/// What the user has decided.
#[derive(Clone, Debug)]
pub(crate) enum Decision {
    Approved(Box<SignIn>),
    Declined,
    Pending,
    /// Approved, and the tokens have been fetched.
    Redeemed,
}

impl Devices {
    pub(crate) fn put(&mut self, device_code: String, device: Device) {
        self.devices.insert(device_code, device);
    }

    pub(crate) fn find(&self, device_code: &str) -> Option<Device> {
        self.devices.get(device_code).cloned()
    }

    /// Finds the device code of a user code, however it is written.
    pub(crate) fn device_code(&self, user_code: &str) -> Option<String> {
        let typed: String = user_code
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        self.devices
            .iter()
            .find(|(_, device)| device.user_code.eq_ignore_ascii_case(&typed))
            .map(|(device_code, _)| device_code.clone())
    }

    /// Remembers a poll, and says whether it came too soon.
    pub(crate) fn poll(&mut self, device_code: &str, now: i64) -> bool {
        let Some(device) = self.devices.get_mut(device_code) else {
            return false;
        };
        let last = device.last_poll.replace(now);
        let is_too_soon = last.is_some_and(|last| now - last < device.interval);
        if is_too_soon {
            // RFC 8628 section 3.5.
            device.interval += 5;
        }
        is_too_soon
    }

    /// Decides for a device that waits, and says whether it did wait.
    pub(crate) fn decide(&mut self, device_code: &str, decision: Decision) -> bool {
        match self.devices.get_mut(device_code) {
            Some(device) if matches!(device.decision, Decision::Pending) => {
                device.decision = decision;
                true
            }
            _ => false,
        }
    }

    /// Marks an approved device's tokens as fetched, and says whether they had not been.
    pub(crate) fn redeem(&mut self, device_code: &str) -> bool {
        match self.devices.get_mut(device_code) {
            Some(device) if matches!(device.decision, Decision::Approved(_)) => {
                device.decision = Decision::Redeemed;
                true
            }
            _ => false,
        }
    }
}

/// A code for people to type: nine letters and digits, none that looks like another.
pub(crate) fn new_user_code() -> String {
    let mut number = Uuid::new_v4().as_u128();
    let mut code = String::new();
    for _ in 0..9 {
        let alphabet = ALPHABET.len() as u128;
        let index = usize::try_from(number % alphabet).unwrap_or_default();
        code.extend(ALPHABET.get(index).copied().map(char::from));
        number /= alphabet;
    }
    code
}

const ALPHABET: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
