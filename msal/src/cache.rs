//! What a cache holds: its counts, and what is in a cache file, without the secrets.
//!
//! The cache itself is [`TokenCache`](crate::TokenCache).

pub use msal_cache::{
    Collision, Damage, InspectedEntry, Inspection, Kind, Report, Statistics, TokenCacheBuilder,
    inspect,
};
