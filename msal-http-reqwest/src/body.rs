//! Reads an answer's body, never more than allowed.

use bytes::Bytes;
use reqwest::Response;
use zeroize::Zeroizing;

use msal_core::TransportError;

use crate::failure::transport_error;

/// Reads the whole body. Most arrive in one piece, which is handed on as it is.
pub(crate) async fn read(response: &mut Response, max: usize) -> Result<Bytes, TransportError> {
    let announced = response.content_length();
    if announced.is_some_and(|length| length > max as u64) {
        return Err(TransportError::too_large());
    }
    let Some(first) = next(response).await? else {
        return Ok(Bytes::new());
    };
    if first.len() > max {
        return Err(TransportError::too_large());
    }
    let Some(second) = next(response).await? else {
        return Ok(first);
    };

    // Sized at once where the length is known: growing would leave copies of tokens behind.
    let capacity = announced.map_or(first.len() + second.len(), |length| length as usize);
    let mut body = Zeroizing::new(Vec::with_capacity(capacity.min(max)));
    body.extend_from_slice(&first);
    let mut piece = Some(second);
    while let Some(bytes) = piece {
        if bytes.len() > max - body.len() {
            return Err(TransportError::too_large());
        }
        body.extend_from_slice(&bytes);
        piece = next(response).await?;
    }
    Ok(Bytes::from_owner(body))
}

async fn next(response: &mut Response) -> Result<Option<Bytes>, TransportError> {
    response.chunk().await.map_err(transport_error)
}
