//! What signing in through a browser needs of the machine: a listener on the loopback address that the browser is sent
//! back to, the pages it shows there, a way to open the browser, and a way to give up. It knows nothing of tokens.

mod cancel;
#[doc(hidden)]
pub mod http;
mod listener;
#[doc(hidden)]
pub mod opener;
mod pages;
mod sign_in;

pub use cancel::{CancelHandle, Watch};
pub use listener::{Expectation, ListenError, LoopbackListener, ResponseText, Verdict};
pub use opener::{Browser, NoBrowser, OpenWith, SystemBrowser};
pub use pages::Pages;
pub(crate) use sign_in::{BrowserSignIn, Setup};
