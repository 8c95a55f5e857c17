use http::StatusCode;

use super::{escape, page};
use crate::reply::Reply;

/// Says that nothing can be done, and why: what nobody may be redirected for.
pub(crate) fn refuse(description: &str) -> Reply {
    let body = format!(
        "<h1>Sign in</h1>\n<p>Sorry, but we're having trouble signing you in.</p>\n<p \
         id=\"exceptionMessage\">{}</p>\n",
        escape(description)
    );
    page(StatusCode::BAD_REQUEST, "Sign in to your account", &body)
}

/// Says that nobody is signed in any more.
pub(crate) fn signed_out() -> Reply {
    let body = "<h1>You signed out of your account</h1>\n<p id=\"done\">It's a good idea to close all browser \
                windows.</p>\n";
    page(StatusCode::OK, "Sign out", body)
}

/// The page that apps with a browser of their own wait for.
pub(crate) fn native_client() -> Reply {
    page(StatusCode::OK, "Sign in to your account", "")
}
