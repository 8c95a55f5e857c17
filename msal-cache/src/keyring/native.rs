//! What the Keychain and the Credential Manager have in common: an entry for an account at a service.

use keyring_core::{Entry, Error};
use zeroize::Zeroizing;

use super::KeyringReason;

pub(super) fn read(entry: &Entry) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringReason> {
    match entry.get_secret() {
        Ok(secret) => Ok(Some(Zeroizing::new(secret))),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(told(&error)),
    }
}

pub(super) fn write(entry: &Entry, secret: &[u8]) -> Result<(), KeyringReason> {
    entry.set_secret(secret).map_err(|error| told(&error))
}

pub(super) fn remove(entry: &Entry) -> Result<bool, KeyringReason> {
    match entry.delete_credential() {
        Ok(()) => Ok(true),
        Err(Error::NoEntry) => Ok(false),
        Err(error) => Err(told(&error)),
    }
}

/// Why it failed. Not all that an error of theirs holds: some hold the secret.
pub(super) fn told(error: &Error) -> KeyringReason {
    match error {
        Error::NoStorageAccess(_) => KeyringReason::Locked,
        Error::PlatformFailure(cause) => KeyringReason::Failed(cause.to_string()),
        Error::NoDefaultStore | Error::NotSupportedByStore(_) => KeyringReason::Unsupported,
        Error::BadEncoding(_) | Error::BadDataFormat(..) => {
            KeyringReason::Failed("it holds what cannot be read".into())
        }
        error => KeyringReason::Failed(error.to_string()),
    }
}
