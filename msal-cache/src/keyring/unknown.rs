//! Where no key store is known.

use zeroize::Zeroizing;

use super::KeyringReason;
use super::place::{Access, Place};

pub(super) fn read(_: &Place, _: Access) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringReason> {
    Err(KeyringReason::Unsupported)
}

pub(super) fn write(_: &Place, _: &[u8], _: Access) -> Result<(), KeyringReason> {
    Err(KeyringReason::Unsupported)
}

pub(super) fn remove(_: &Place, _: Access) -> Result<bool, KeyringReason> {
    Err(KeyringReason::Unsupported)
}
