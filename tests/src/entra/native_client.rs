//! The page at the redirect URI of apps with a browser of their own, which read the answer from its address.

use super::pages;
use crate::Request;
use crate::context::Context;
use crate::realm::Realm;
use crate::reply::Reply;

pub(crate) fn answer(_: &Context, _: &Request, _: &Realm) -> Reply {
    pages::native_client()
}
