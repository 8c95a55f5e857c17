//! HTML, as little as will do.

use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use axum::response::{Html, IntoResponse};

/// A page of this title; the body is HTML.
pub(crate) fn page(title: &str, body: &str) -> impl IntoResponse + use<> {
    let title = escaped(title);
    let html = format!("<!doctype html><title>{title}</title><h1>{title}</h1>{body}");
    let headers = [
        (CACHE_CONTROL, "no-store"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
    ];
    (headers, Html(html))
}

/// Text as it may stand in HTML: names are what their owners like.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
