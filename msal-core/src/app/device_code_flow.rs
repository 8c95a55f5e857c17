use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroizing;

use super::begun::Begun;
use crate::protocol::device_code;
use crate::{DeviceCode, Error, ErrorKind, Timestamp, sanitized};

/// A sign-in that waits for its user to type a code on another device.
///
/// It holds a secret, so it can only be kept by name.
pub struct DeviceCodeFlow(pub(crate) Box<Parts>);

/// All of it, in the form that is kept.
#[derive(Deserialize, Serialize)]
pub(crate) struct Parts {
    #[serde(flatten)]
    pub(crate) begun: Begun,
    pub(crate) device_code: String,
    pub(crate) user_code: String,
    pub(crate) verification_uri: Url,
    pub(crate) verification_uri_complete: Option<Url>,
    pub(crate) message: Option<String>,
    pub(crate) expires_on: u64,
    /// How long the code works from the beginning, in seconds: no clock that is set back makes it longer.
    pub(crate) life: u64,
    pub(crate) interval: u64,
}

impl DeviceCodeFlow {
    /// What to show the user: where to go, and what to type. Made by this library of checked parts, so that it can be
    /// printed.
    pub fn prompt(&self) -> String {
        format!(
            "To sign in, open {} in a browser on any device and enter the code {}.",
            self.verification_uri(),
            self.user_code()
        )
    }

    /// What the user types: letters, digits and hyphens.
    pub fn user_code(&self) -> &str {
        &self.0.user_code
    }

    /// Where the user types it: an https address.
    pub fn verification_uri(&self) -> &Url {
        &self.0.verification_uri
    }

    /// The same address with the code in it, for a QR code, where the identity provider supports that.
    pub fn verification_uri_complete(&self) -> Option<&Url> {
        self.0.verification_uri_complete.as_ref()
    }

    /// The identity provider's own words, in the user's language, without what could take over a terminal.
    pub fn message(&self) -> Option<String> {
        self.0.message.as_deref().map(sanitized)
    }

    /// When the code stops working.
    pub fn expires_on(&self) -> Timestamp {
        Timestamp::from_secs(self.0.expires_on)
    }

    /// The whole as JSON, with its secret.
    pub fn into_secret_json(self) -> Zeroizing<String> {
        // Strings, numbers and lists of them always make JSON.
        Zeroizing::new(serde_json::to_string(&self.0).unwrap_or_default())
    }

    /// What [`into_secret_json`](Self::into_secret_json) gave.
    pub fn from_secret_json(json: &str) -> Result<Self, Error> {
        let malformed =
            |why| Error::new(ErrorKind::InvalidArgument("device code flow")).because(why);
        let parts: Parts = serde_json::from_str(json)
            .map_err(|_| malformed("it is not what `into_secret_json` gave"))?;
        parts.begun.check("device code flow")?;
        // Both are shown, and perhaps on a terminal.
        let is_safe = device_code::is_typeable(&parts.user_code)
            && device_code::safe(parts.verification_uri.as_str()).is_some();
        match is_safe {
            true => Ok(Self(Box::new(parts))),
            false => Err(malformed(
                "its code or its address is none that can be shown",
            )),
        }
    }

    /// How long the code still works.
    pub(crate) fn left(&self, now: Timestamp) -> Duration {
        let left = self.expires_on().since(now);
        left.min(Duration::from_secs(self.0.life))
    }

    pub(crate) fn device_code(&self) -> DeviceCode {
        DeviceCode::new(self.0.device_code.as_str())
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.device_code);
    }
}

impl fmt::Debug for DeviceCodeFlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceCodeFlow")
            .field("authority", &self.0.begun.authority())
            .field("verification_uri", &self.0.verification_uri.as_str())
            .field("expires_on", &self.0.expires_on)
            .finish_non_exhaustive()
    }
}
