use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, HeaderValue};
use serde::de::DeserializeOwned;
use url::Url;

use crate::{Error, ErrorKind, Request, SendOptions};

/// A GET for a small JSON document: at most 256 KiB, within 10 seconds.
pub(crate) fn request(url: &Url) -> Result<Request, Error> {
    let options = SendOptions {
        max_body: LARGEST,
        time_left: LONGEST_WAIT,
        ..SendOptions::default()
    };
    http::Request::get(url.as_str())
        .header(ACCEPT, HeaderValue::from_static("application/json"))
        .extension(options)
        .body(Bytes::new())
        .map_err(|_| {
            Error::new(ErrorKind::InvalidArgument("authority"))
                .because("a request cannot be made of its URL")
        })
}

/// Reads a JSON document. What serde says of it could quote the input, so the error only names the document.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8], name: &'static str) -> Result<T, Error> {
    if body.len() > LARGEST {
        return Err(Error::new(ErrorKind::InvalidResponse(name)).because("it is over 256 KiB"));
    }
    serde_json::from_slice(body).map_err(|error| {
        let why = match error.classify() {
            serde_json::error::Category::Data => {
                "a member is missing, of the wrong type, or there twice"
            }
            _ => "it is no JSON",
        };
        Error::new(ErrorKind::InvalidResponse(name)).because(why)
    })
}

const LARGEST: usize = 256 * 1024;
const LONGEST_WAIT: Duration = Duration::from_secs(10);
