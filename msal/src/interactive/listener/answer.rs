use std::borrow::Cow;

use url::form_urlencoded;

use crate::interactive::Pages;
use crate::interactive::http::Refusal;

/// The bytes that refuse a request. They say nothing of it, and nothing of what is waited for.
pub(super) fn refusal(refusal: Refusal, with_body: bool) -> Vec<u8> {
    let status = refusal.status();
    let page =
        format!("<!doctype html><html lang=\"en\"><title>{status}</title><p>{status}</p></html>");
    let allow = match refusal {
        Refusal::MethodNotAllowed(method) => format!("Allow: {method}\r\n"),
        _ => String::new(),
    };
    let mut bytes = head(status, REFUSAL_POLICY, &allow, page.len());
    if with_body {
        bytes.extend_from_slice(page.as_bytes());
    }
    bytes
}

/// The bytes that end the sign-in in the browser, which was refused if there is an `error` or no `code`
/// (RFC 6749 section 4.1.2).
pub(super) fn last_page(pages: &Pages, response: &str) -> Vec<u8> {
    let first = |name: &str| {
        form_urlencoded::parse(response.as_bytes())
            .find_map(|(key, value)| (key == name).then_some(value))
    };
    let (page, policy) = match (first("error"), first("code")) {
        (None, Some(_)) => (Cow::Borrowed(pages.success_page()), pages.success_policy()),
        (error, _) => {
            let error = error.unwrap_or(Cow::Borrowed("invalid_response"));
            let description = first("error_description").unwrap_or_default();
            (
                Cow::Owned(pages.error_page(&error, &description)),
                pages.error_policy(),
            )
        }
    };
    let mut bytes = head("200 OK", policy, "", page.len());
    bytes.extend_from_slice(page.as_bytes());
    bytes
}

fn head(status: &str, policy: &str, more: &str, len: usize) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\n\
        Content-Type: text/html; charset=utf-8\r\n\
        Content-Length: {len}\r\n\
        Content-Security-Policy: {policy}\r\n\
        X-Content-Type-Options: nosniff\r\n\
        Referrer-Policy: no-referrer\r\n\
        Cache-Control: no-store\r\n\
        {more}\
        Connection: close\r\n\r\n"
    )
    .into_bytes()
}

const REFUSAL_POLICY: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
