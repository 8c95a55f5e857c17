//! Reading the little of HTTP/1.1 that a browser says to a loopback listener, strictly: what a second reader could
//! understand in another way is refused. Pure functions of bytes.

mod door;
mod head;
mod refusal;

pub use door::{Admitted, Door, form_text};
pub use head::Head;
pub use refusal::Refusal;

/// The most bytes of a request line and headers together, the empty line included.
pub const MAX_HEAD: usize = 16 * 1024;

/// The most bytes of a body.
pub const MAX_BODY: usize = 64 * 1024;
