//! No token answers a call that would have been issued another one, whatever applications share a cache.

mod apps;
mod provider;
mod users;
