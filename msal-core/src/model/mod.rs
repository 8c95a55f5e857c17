//! Parsed values: no IO, no clock.

mod challenge;
mod claims;
pub(crate) mod client_info;
mod id_token;
mod scopes;
pub(crate) mod tenant;

pub use challenge::ClaimsChallenge;
pub use claims::{Claims, merged_claims};
pub(crate) use client_info::ClientInfo;
pub use id_token::IdTokenClaims;
pub use scopes::{ScopeCase, Scopes};
pub use tenant::Tenant;
