//! The two cookies, each with a key to what the server keeps.
//!
//! Browsers treat http://localhost as if it were https, which `Secure` asks for everywhere else. There, give the names
//! the prefix `__Host-` too, so that no neighbouring host can set them.

use axum::http::HeaderMap;
use axum::http::header::{COOKIE, HeaderName, SET_COOKIE};
use axum::response::AppendHeaders;

/// A sign-in that this browser began.
pub(crate) const SIGN_IN: &str = "sign-in";

/// The session of who has signed in.
pub(crate) const SESSION: &str = "session";

pub(crate) fn find<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find_map(|(found, value)| (found == name).then_some(value))
}

/// `SameSite=None`, since a page of the identity provider posts the response: with `Lax` this cookie would be missing.
pub(crate) fn set_sign_in(key: &str) -> String {
    format!("{SIGN_IN}={key}; Path=/; Max-Age=600; HttpOnly; Secure; SameSite=None")
}

pub(crate) fn clear_sign_in() -> String {
    format!("{SIGN_IN}=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=None")
}

/// `SameSite=Lax`: no other site's form is sent with it.
pub(crate) fn set_session(key: &str) -> String {
    format!("{SESSION}={key}; Path=/; HttpOnly; Secure; SameSite=Lax")
}

pub(crate) fn clear_session() -> String {
    format!("{SESSION}=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax")
}

pub(crate) fn headers<const N: usize>(
    cookies: [String; N],
) -> AppendHeaders<[(HeaderName, String); N]> {
    AppendHeaders(cookies.map(|cookie| (SET_COOKIE, cookie)))
}
