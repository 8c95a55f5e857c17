//! The bytes of an encrypted value.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | magic |
//! | 1 | format: 1 |
//! | 8 | id of the key |
//! | 24 | nonce, random for each write |
//! | n | the value, encrypted with XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) |
//! | 16 | tag, which covers the first 17 bytes and the value's name too |

use std::iter;

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};
use msal_core::{Error, ErrorKind};
use zeroize::Zeroizing;

use super::key::random;
use super::{EncryptionError, EncryptionKey, KeyId};
use crate::persist::MAGIC;

/// Why bytes were not opened.
#[derive(Debug)]
pub(super) enum Unopened {
    Damaged(Mishap),
    Refused(EncryptionError),
}

/// What has happened to bytes that once were an encrypted value.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum Mishap {
    #[error("its end is missing")]
    Cut,
    #[error("its bytes have been changed, or belong under another name")]
    Forged,
}

/// Encrypts a value, for one that goes by this name.
pub(super) fn seal(
    plain: &[u8],
    name: &str,
    key: &EncryptionKey,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut nonce = [0; NONCE];
    random(&mut nonce)?;
    let header = header(key.id());
    let length = plain.len().saturating_add(HEADER + NONCE + TAG);
    // Of the right length from the start: it holds what is not encrypted yet, and growing would leave a copy.
    let mut sealed = Zeroizing::new(Vec::with_capacity(length));
    sealed.extend_from_slice(&header);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plain);
    let Some(body) = sealed.get_mut(HEADER + NONCE..) else {
        return Err(Error::new(ErrorKind::Internal("encryption")));
    };
    let tag = cipher(key)
        .encrypt_inout_detached(
            &XNonce::from(nonce),
            &associated(&header, name),
            body.into(),
        )
        .map_err(|_| Error::new(ErrorKind::Cache).because("it is too large to be encrypted"))?;
    sealed.extend_from_slice(&tag);
    Ok(sealed)
}

/// Decrypts a value, of this name.
pub(super) fn open(
    sealed: &[u8],
    name: &str,
    key: &EncryptionKey,
    old_keys: &[EncryptionKey],
) -> Result<Zeroizing<Vec<u8>>, Unopened> {
    let parts = Parts::of(sealed, name)?;
    let ours = key.id();
    let mut keys = iter::once(key).chain(old_keys);
    let Some(key) = keys.find(|key| key.id() == parts.key) else {
        return Err(Unopened::Refused(EncryptionError::WrongKey {
            name: name.to_owned(),
            theirs: parts.key,
            ours,
        }));
    };
    let mut plain = Zeroizing::new(parts.body.to_vec());
    cipher(key)
        .decrypt_inout_detached(
            &XNonce::from(parts.nonce),
            &associated(&header(parts.key), name),
            plain.as_mut_slice().into(),
            &Tag::from(parts.tag),
        )
        .map_err(|_| Unopened::Damaged(Mishap::Forged))?;
    Ok(plain)
}

struct Parts<'s> {
    key: KeyId,
    nonce: [u8; NONCE],
    body: &'s [u8],
    tag: [u8; TAG],
}

impl<'s> Parts<'s> {
    fn of(sealed: &'s [u8], name: &str) -> Result<Self, Unopened> {
        const CUT: Unopened = Unopened::Damaged(Mishap::Cut);

        let Some(rest) = sealed.strip_prefix(&MAGIC) else {
            // A file system may leave nothing, or zeros, of what was written when the machine stopped.
            let is_left_over = MAGIC.starts_with(sealed) || sealed.iter().all(|byte| *byte == 0);
            return Err(match is_left_over {
                true => CUT,
                false => Unopened::Refused(EncryptionError::NotEncrypted {
                    name: name.to_owned(),
                }),
            });
        };
        let (&[format], rest) = rest.split_first_chunk().ok_or(CUT)?;
        if format != FORMAT {
            return Err(Unopened::Refused(EncryptionError::UnknownFormat {
                name: name.to_owned(),
                format,
            }));
        }
        let (key, rest) = rest.split_first_chunk().ok_or(CUT)?;
        let (nonce, rest) = rest.split_first_chunk().ok_or(CUT)?;
        let (body, tag) = rest.split_last_chunk().ok_or(CUT)?;
        Ok(Self {
            key: KeyId(*key),
            nonce: *nonce,
            body,
            tag: *tag,
        })
    }
}

fn cipher(key: &EncryptionKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.expose().into())
}

fn header(key: KeyId) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    let parts = MAGIC.iter().chain(&[FORMAT]).chain(&key.0);
    header
        .iter_mut()
        .zip(parts)
        .for_each(|(to, from)| *to = *from);
    header
}

/// What the tag covers besides the value: the name, so that one user's tokens are not taken for another's.
fn associated(header: &[u8; HEADER], name: &str) -> Vec<u8> {
    [header, name.as_bytes()].concat()
}

const FORMAT: u8 = 1;

const HEADER: usize = MAGIC.len() + 1 + KeyId::LENGTH;

const NONCE: usize = 24;

const TAG: usize = 16;
