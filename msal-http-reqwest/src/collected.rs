//! A body as it arrives in pieces. The two transport crates hold this file in the same words; a test compares them.

use bytes::Bytes;
use zeroize::Zeroizing;

use msal_core::TransportError;

/// The bytes of a body so far, never more than allowed. They hold tokens: what is freed, is wiped before.
pub(crate) struct Collected {
    bytes: Zeroizing<Vec<u8>>,
    max: usize,
}

impl Collected {
    /// Begins a body of the announced length, or refuses it at once.
    pub(crate) fn begin(announced: Option<u64>, max: usize) -> Result<Self, TransportError> {
        let capacity = match announced {
            Some(length) => usize::try_from(length)
                .ok()
                .filter(|length| *length <= max)
                .ok_or_else(TransportError::too_large)?,
            None => FIRST_CAPACITY.min(max),
        };
        Ok(Self {
            bytes: Zeroizing::new(Vec::with_capacity(capacity)),
            max,
        })
    }

    /// Appends a piece, unless that were too much.
    pub(crate) fn append(&mut self, piece: &[u8]) -> Result<(), TransportError> {
        if piece.len() > self.max - self.bytes.len() {
            return Err(TransportError::too_large());
        }
        let needed = self.bytes.len() + piece.len();
        if needed > self.bytes.capacity() {
            self.grow(needed);
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }

    /// The whole body, wiped when its last clone is dropped.
    pub(crate) fn into_bytes(self) -> Bytes {
        Bytes::from_owner(self.bytes)
    }

    // `Vec` would free the old bytes as they are.
    fn grow(&mut self, needed: usize) {
        let capacity = needed.max(self.bytes.capacity() * 2);
        let mut larger = Zeroizing::new(Vec::with_capacity(capacity));
        larger.extend_from_slice(&self.bytes);
        self.bytes = larger;
    }
}

const FIRST_CAPACITY: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use msal_core::TransportErrorKind::TooLarge;

    #[test]
    fn a_body_may_have_as_many_bytes_as_allowed_and_not_one_more() {
        let mut body = Collected::begin(None, 10).unwrap();
        body.append(b"01234").unwrap();
        body.append(b"56789").unwrap();
        assert_eq!(body.append(b"x").unwrap_err().kind(), TooLarge);
        assert_eq!(body.into_bytes(), "0123456789");
    }

    #[test]
    fn a_body_announced_too_large_is_refused_before_it_comes() {
        let refused = Collected::begin(Some(11), 10).err().unwrap();
        assert_eq!(refused.kind(), TooLarge);
        let refused = Collected::begin(Some(u64::MAX), usize::MAX - 1)
            .err()
            .unwrap();
        assert_eq!(refused.kind(), TooLarge);
    }

    #[test]
    fn a_body_of_unknown_length_grows() {
        let mut body = Collected::begin(None, 1_000_000).unwrap();
        for _ in 0..1000 {
            body.append(&[7; 1000]).unwrap();
        }
        assert_eq!(body.into_bytes(), vec![7; 1_000_000]);
    }
}
