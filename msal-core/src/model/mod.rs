//! Parsed values: no IO, no clock.

mod claims;
mod scopes;
pub(crate) mod tenant;

pub use claims::{Claims, merged_claims};
pub use scopes::{ScopeCase, Scopes};
pub use tenant::Tenant;
