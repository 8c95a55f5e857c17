//! Where entries are found: sharded hash tables, each look-up one probe.

pub(crate) mod holder;
pub(crate) mod holdings;
pub(crate) mod key;
pub(crate) mod names;
pub(crate) mod postings;
pub(crate) mod scopes;
mod search;
pub(crate) mod spot;
pub(crate) mod users;
