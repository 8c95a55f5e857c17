//! What the two APIs are driven by, as far as the program has said.

mod asynchronous;
mod blocking;

pub use asynchronous::AsyncMeans;
pub use blocking::BlockingMeans;
