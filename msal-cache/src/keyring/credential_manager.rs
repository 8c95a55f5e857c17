//! The Credential Manager of Windows: a generic credential of this machine. It takes 2,560 bytes at most, which is enough
//! for a key and not for a cache. Untested: it was never compiled for Windows.

use std::collections::HashMap;

use keyring_core::Entry;
use keyring_core::api::CredentialStoreApi;
use windows_native_keyring_store::Store;
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

fn entry(place: &Place) -> Result<Entry, KeyringReason> {
    let store = Store::new().map_err(|error| native::told(&error))?;
    // The file that the key is for does not follow the person to other machines.
    let here = HashMap::from([("persistence", "Local")]);
    let entry = store.build(&place.service, &place.account, Some(&here));
    entry.map_err(|error| native::told(&error))
}
