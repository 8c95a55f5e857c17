//! The Keychain of macOS: a generic password in the person's default keychain. Untested: it was never compiled for macOS.

use apple_native_keyring_store::keychain::Store;
use keyring_core::Entry;
use keyring_core::api::CredentialStoreApi;
use zeroize::Zeroizing;

use super::KeyringReason;
use super::native;
use super::place::{Access, Place};

pub(super) fn read(place: &Place, _: Access) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringReason> {
    native::read(&entry(place)?)
}

pub(super) fn write(place: &Place, secret: &[u8], _: Access) -> Result<(), KeyringReason> {
    native::write(&entry(place)?, secret)
}

pub(super) fn remove(place: &Place, _: Access) -> Result<bool, KeyringReason> {
    native::remove(&entry(place)?)
}

/// Whether the system asks the person is for the system to say; the call is not waited for longer than its limit.
fn entry(place: &Place) -> Result<Entry, KeyringReason> {
    let store = Store::new().map_err(|error| native::told(&error))?;
    let entry = store.build(&place.service, &place.account, None);
    entry.map_err(|error| native::told(&error))
}
