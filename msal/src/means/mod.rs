//! What the two APIs are driven by, as far as the program has said.

mod asynchronous;
mod blocking;

pub(crate) use asynchronous::AsyncMeans;
pub(crate) use blocking::BlockingMeans;
pub(crate) use takes::Takes;

mod takes {
    /// What a transport of the type `T` can drive.
    pub trait Takes<T> {
        fn take(&mut self, transport: T);
    }
}
