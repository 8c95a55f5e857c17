use std::fmt;

use msal_core::app::ResponseMode;
use zeroize::Zeroizing;

/// What to wait for.
pub struct Expectation {
    pub(super) mode: ResponseMode,
    pub(super) verdict: Box<dyn Fn(&str) -> Verdict + Send + Sync>,
}

impl Expectation {
    /// Waits for a response in this mode of which `verdict` says that it is ours.
    ///
    /// It is handed the form as it was received (the query, or the body), and looks at the `state` alone. It may be
    /// asked from several threads at once, and is not asked again after it said yes.
    pub fn new(
        mode: ResponseMode,
        verdict: impl Fn(&str) -> Verdict + Send + Sync + 'static,
    ) -> Self {
        Self {
            mode,
            verdict: Box::new(verdict),
        }
    }
}

impl fmt::Debug for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expectation")
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

/// Whose a response is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It has exactly one `state`, and that is ours.
    Ours,
    /// It is forged, or another sign-in's. The wait goes on.
    NotOurs,
}

/// The response as it was received: a form (`application/x-www-form-urlencoded`) that may hold an authorization code.
///
/// Wiped when dropped; `Debug` prints `[redacted]`.
#[derive(Clone, Eq, PartialEq)]
pub struct ResponseText(Zeroizing<Box<str>>);

impl ResponseText {
    pub(super) fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The form itself: for whoever redeems the code, never for a log.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ResponseText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseText([redacted])")
    }
}
