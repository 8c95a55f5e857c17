//! Reads an answer's body, never more than allowed.

use std::io::{self, Read};

use bytes::Bytes;
use ureq::Body;
use zeroize::Zeroizing;

use msal_core::TransportError;

use crate::collected::Collected;
use crate::failure::transport_error;

/// Reads the whole body.
pub(crate) fn read(body: Body, max: usize) -> Result<Bytes, TransportError> {
    let mut collected = Collected::begin(body.content_length(), max)?;
    let mut reader = body.into_reader();
    let mut piece = Zeroizing::new([0; PIECE]);
    loop {
        match reader.read(&mut *piece) {
            Ok(0) => return Ok(collected.into_bytes()),
            Ok(length) => collected.append(&piece[..length])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(transport_error(error.into())),
        }
    }
}

const PIECE: usize = 4 * 1024;
