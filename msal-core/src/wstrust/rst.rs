//! The request for a token (`RequestSecurityToken`): a SOAP 1.2 message with the user name and the password in its
//! header, as WS-Security 1.0 has it.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use der::DateTime;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::Endpoint;
use super::xml::{self, Writer};
use crate::protocol::correlate;
use crate::{CorrelationId, Error, ErrorKind, Password, Request, SendOptions, Timestamp};

/// What the request says.
#[derive(Clone, Copy)]
pub struct TokenRequest<'a> {
    /// The user name, as the user's organisation knows it.
    pub username: &'a str,
    /// The password, which goes nowhere but to the federation server.
    pub password: &'a Password,
    /// For whom the assertion is: the `cloud_audience_urn` of the user's realm.
    pub audience: &'a str,
    /// A fresh id for the message.
    pub message_id: Uuid,
    /// A fresh id for the user name token in it.
    pub token_id: Uuid,
    /// The time now: the server takes the message for ten minutes.
    pub created: Timestamp,
}

impl fmt::Debug for TokenRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRequest")
            .field("audience", &self.audience)
            .field("message_id", &self.message_id)
            .field("created", &self.created)
            .finish_non_exhaustive()
    }
}

/// Builds the request. Its body is wiped when it is dropped.
///
/// Fails with [`ErrorKind::InvalidArgument`] where the user name or the password is empty, or has a character that
/// XML cannot express.
pub fn request(
    ask: &TokenRequest<'_>,
    endpoint: &Endpoint,
    correlation_id: CorrelationId,
) -> Result<Request, Error> {
    let body = envelope(ask, endpoint)?;
    let options = SendOptions {
        max_body: xml::LARGEST,
        ..SendOptions::default()
    };
    let mut request = http::Request::post(endpoint.url().as_str())
        .header(CONTENT_TYPE, "application/soap+xml; charset=utf-8")
        .header(
            SOAP_ACTION,
            HeaderValue::from_static(endpoint.version().action()),
        )
        .extension(options)
        .body(Bytes::from_owner(body))
        .map_err(|_| Error::new(ErrorKind::InvalidArgument("WS-Trust endpoint")))?;
    correlate(&mut request, correlation_id);
    Ok(request)
}

fn envelope(ask: &TokenRequest<'_>, endpoint: &Endpoint) -> Result<Zeroizing<Vec<u8>>, Error> {
    let version = endpoint.version();
    let to = endpoint.url().as_str();
    let password = ask.password.expose();
    for (text, name) in [(ask.username, USERNAME), (password, PASSWORD)] {
        if text.is_empty() {
            return Err(Error::new(ErrorKind::InvalidArgument(name)).because("it is empty"));
        }
    }
    let values = [ask.username, password, ask.audience, to];
    let room = values.into_iter().map(xml::most_escaped).sum::<usize>() + MARKUP;
    let mut out = Writer::with_room(room);
    out.markup(concat!(
        r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope""#,
        r#" xmlns:wsa="http://www.w3.org/2005/08/addressing""#,
        r#" xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">"#,
        r#"<s:Header><wsa:Action s:mustUnderstand="1">"#,
    ))
    .markup(version.action())
    .markup("</wsa:Action><wsa:MessageID>urn:uuid:")
    .value(&ask.message_id.to_string(), "message id")?
    .markup(concat!(
        "</wsa:MessageID><wsa:ReplyTo><wsa:Address>http://www.w3.org/2005/08/addressing/anonymous</wsa:Address>",
        r#"</wsa:ReplyTo><wsa:To s:mustUnderstand="1">"#,
    ))
    .value(to, "WS-Trust endpoint")?
    .markup(concat!(
        r#"</wsa:To><wsse:Security s:mustUnderstand="1" xmlns:wsse="#,
        r#""http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">"#,
        r#"<wsu:Timestamp wsu:Id="_0"><wsu:Created>"#,
    ))
    .value(&utc(ask.created)?, "time")?
    .markup("</wsu:Created><wsu:Expires>")
    .value(&utc(ask.created + LIFE)?, "time")?
    .markup(r#"</wsu:Expires></wsu:Timestamp><wsse:UsernameToken wsu:Id=""#)
    .markup(version.token_id())
    .value(&ask.token_id.to_string(), "token id")?
    .markup(r#""><wsse:Username>"#)
    .value(ask.username, USERNAME)?
    .markup("</wsse:Username><wsse:Password>")
    .value(password, PASSWORD)?
    .markup(r#"</wsse:Password></wsse:UsernameToken></wsse:Security></s:Header><s:Body><wst:RequestSecurityToken xmlns:wst=""#)
    .markup(version.namespace())
    .markup(concat!(
        r#""><wsp:AppliesTo xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy">"#,
        "<wsa:EndpointReference><wsa:Address>",
    ))
    .value(ask.audience, "audience")?
    .markup("</wsa:Address></wsa:EndpointReference></wsp:AppliesTo><wst:KeyType>")
    .markup(version.key_type())
    .markup("</wst:KeyType><wst:RequestType>")
    .markup(version.request_type())
    .markup("</wst:RequestType></wst:RequestSecurityToken></s:Body></s:Envelope>");
    Ok(out.finish())
}

/// A time as XML Schema has it.
fn utc(time: Timestamp) -> Result<String, Error> {
    let since = Duration::from_secs(time.as_secs());
    let date = DateTime::from_unix_duration(since).map_err(|_| {
        Error::new(ErrorKind::InvalidArgument("time")).because("it is after the year 9999")
    })?;
    Ok(date.to_string())
}

const SOAP_ACTION: HeaderName = HeaderName::from_static("soapaction");
const LIFE: Duration = Duration::from_secs(600);
/// More than all markup and ids take.
const MARKUP: usize = 4096;
const PASSWORD: &str = "password";
const USERNAME: &str = "user name";

#[cfg(test)]
mod tests;
