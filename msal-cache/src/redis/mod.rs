//! A cache that machines share: one Redis value for each user, each on-behalf-of assertion, and each application in a
//! tenant.
//!
//! [`RedisStore`] is for who waits on a thread, [`AsyncRedisStore`] for who waits on tokio. Both are made from
//! [`RedisOptions`], connect when they are first used, and again when the connection was lost.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use msal_cache::redis::{RedisOptions, RedisStore};
//!
//! let options = RedisOptions::new("rediss://web:pa%20ss@redis.example.net/2")?
//!     .key_prefix("shop:tokens:")
//!     .life(Duration::from_secs(30 * 86_400));
//! let store = RedisStore::new(options)?;
//! # Ok::<(), msal_core::Error>(())
//! ```
//!
//! # Keys
//! | key | what | lives |
//! |---|---|---|
//! | `msal:{<name>}` | the JSON that all MSALs share, then 16 letters that tell one state of it from all others | as long as its tokens, or [`RedisOptions::life`] where a refresh token is among them |
//! | `msal:{<name>}:corrupt` | what could not be read, and was set aside; it holds tokens too | a week, or until the value is removed, as by a sign-out |
//! | `msal:{<name>}:lease:<digest>` | who refreshes a token just now | 35 seconds |
//! | `msal:{<name>}:turn` | who writes next, where several want to | 2 seconds |
//!
//! The name is the partition's, with `%`, braces, spaces and control characters as `%` and two digits. The braces keep all
//! keys of one name on one node of a cluster.
//!
//! # What it needs
//! Redis 5 or later, or what speaks as it does, and a user who may do this:
//! `+get +getrange +set +del +rename +pexpire +eval +evalsha`, and `+select` for another database than 0. A value is
//! changed by one script, which compares and sets; nothing blocks, and nothing is scanned.
//!
//! # Limits
//! - A write is as durable as the server is told to be (`appendfsync`, replicas). An eviction policy may take any value
//!   before its time: then its owner signs in again.
//! - The servers of a cluster are not found by these stores: give them a proxy that does, or one server.
//! - Where an answer to a write is lost, and somebody else writes before it is tried again, the same change is made twice.
//!   To changes of a token cache that makes no difference.

mod address;
mod asynchronous;
mod blocking;
mod engine;
mod error;
mod keys;
mod lease;
mod link;
mod options;
mod script;
mod tls;
mod wait;

pub use asynchronous::AsyncRedisStore;
pub use blocking::RedisStore;
pub use error::RedisError;
pub use options::RedisOptions;
