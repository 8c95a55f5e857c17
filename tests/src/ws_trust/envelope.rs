//! What stands around every answer: addressing headers, and a timestamp.

use http::StatusCode;
use http::header::CONTENT_TYPE;
use time::format_description::FormatItem;
use time::macros::format_description;
use time::{Duration, OffsetDateTime};

use super::names::{ADDRESSING, SECURITY_EXTENSION, SECURITY_UTILITY, SOAP};
use crate::context::Context;
use crate::reply::Reply;

/// Puts a SOAP 1.2 envelope around a body, and answers with it.
pub(super) fn reply(
    context: &Context,
    status: StatusCode,
    action: &str,
    relates_to: Option<&str>,
    body: &str,
) -> Reply {
    let now = context.clock.now();
    let (created, expires) = (instant(now), instant(now + LIFETIME));
    let relates_to = relates_to.map_or_else(String::new, |id| {
        format!("<a:RelatesTo>{}</a:RelatesTo>", escape(id))
    });
    let envelope = format!(
        "<s:Envelope xmlns:s=\"{SOAP}\" xmlns:a=\"{ADDRESSING}\" xmlns:u=\"{SECURITY_UTILITY}\"><s:Header>\
         <a:Action s:mustUnderstand=\"1\">{action}</a:Action>{relates_to}\
         <o:Security s:mustUnderstand=\"1\" xmlns:o=\"{SECURITY_EXTENSION}\"><u:Timestamp u:Id=\"_0\">\
         <u:Created>{created}</u:Created><u:Expires>{expires}</u:Expires></u:Timestamp></o:Security></s:Header>\
         <s:Body>{body}</s:Body></s:Envelope>"
    );
    let mut reply = Reply::new(status, envelope);
    reply.set(CONTENT_TYPE.as_str(), "application/soap+xml; charset=utf-8");
    reply.set("server", "Microsoft-HTTPAPI/2.0");
    reply
}

/// Writes a time as XML Schema's `dateTime` in UTC, to the millisecond.
pub(super) fn instant(time: OffsetDateTime) -> String {
    time.format(INSTANT).unwrap_or_default()
}

/// Escapes text for an element as canonical XML does.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\r' => escaped.push_str("&#xD;"),
            character => escaped.push(character),
        }
    }
    escaped
}

const INSTANT: &[FormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

const LIFETIME: Duration = Duration::minutes(5);
