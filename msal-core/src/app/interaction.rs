use std::fmt::Debug;
use std::time::Duration;

use super::AuthCodeFlow;
use crate::Error;

/// Takes a user's browser to a sign-in and waits for what it brings back.
///
/// One is made for each sign-in, and is ready to receive the response before its redirect URI is asked for.
pub trait Interaction: Debug + Send + Sync {
    /// Where the browser will come back to.
    fn redirect_uri(&self) -> &str;

    /// Opens the flow's URL, and waits for the response that it [recognizes](AuthCodeFlow::recognizes), no longer than
    /// `limit`. Blocks: the driver runs it where that is harmless.
    fn interact(&self, flow: &AuthCodeFlow, limit: Duration) -> Result<String, Error>;

    /// Ends a wait that nobody waits for any more, from another thread.
    fn cancel(&self);
}
