//! What drives the flows: a transport, and the means to wait and to run work beside.

mod asynchronous;
mod blocking;
mod later;

pub(crate) use asynchronous::AsyncDriver;
pub(crate) use blocking::BlockingDriver;
