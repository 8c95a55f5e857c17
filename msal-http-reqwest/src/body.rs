//! Reads an answer's body, never more than allowed.

use bytes::Bytes;
use reqwest::Response;

use msal_core::TransportError;

use crate::collected::Collected;
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
    let mut body = Collected::begin(announced, max)?;
    body.append(&first)?;
    body.append(&second)?;
    while let Some(piece) = next(response).await? {
        body.append(&piece)?;
    }
    Ok(body.into_bytes())
}

async fn next(response: &mut Response) -> Result<Option<Bytes>, TransportError> {
    response.chunk().await.map_err(transport_error)
}
