use std::fmt;
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use msal_core::app::{AuthCodeFlow, Interaction};
use msal_core::{Error, ErrorKind};
use url::Url;

use super::{
    Browser, CancelHandle, Expectation, ListenError, LoopbackListener, Pages, SystemBrowser,
    Verdict,
};

/// How a sign-in in the browser is to go.
pub(crate) struct Setup {
    pub(crate) browser: Arc<dyn Browser>,
    pub(crate) pages: Pages,
    pub(crate) path: String,
    /// 0 for any.
    pub(crate) port: u16,
    pub(crate) show: Option<Show>,
}

/// What is told the URL.
pub(crate) type Show = Arc<dyn Fn(&Url) + Send + Sync>;

impl Default for Setup {
    fn default() -> Self {
        Self {
            browser: Arc::new(SystemBrowser::new()),
            pages: Pages::new(),
            path: String::new(),
            port: 0,
            show: None,
        }
    }
}

/// One sign-in: it listens from its making on.
pub(crate) struct BrowserSignIn {
    listener: Mutex<Option<LoopbackListener>>,
    redirect_uri: String,
    cancel: CancelHandle,
    setup: Setup,
}

impl BrowserSignIn {
    pub(crate) fn new(setup: Setup) -> Result<Self, Error> {
        let listener = LoopbackListener::bind(setup.port).map_err(failed)?;
        let listener = match &*setup.path {
            "" => listener,
            path => listener.with_path(path).map_err(failed)?,
        };
        Ok(Self {
            redirect_uri: listener.redirect_uri(),
            listener: Mutex::new(Some(listener)),
            cancel: CancelHandle::new(),
            setup,
        })
    }

    /// A browser that does not open is no reason to give up: the user can open one.
    fn open(&self, url: &Url) {
        if let Some(show) = &self.setup.show {
            show(url);
        }
        let Err(error) = self.setup.browser.open(url) else {
            return;
        };
        tracing::warn!(target: "msal", %error, "no browser was opened");
        if self.setup.show.is_none() {
            // There may be nobody to read it.
            let _unread = writeln!(
                io::stderr(),
                "To sign in, open this address in a browser: {url}"
            );
        }
    }
}

impl Interaction for BrowserSignIn {
    fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    fn interact(&self, flow: &AuthCodeFlow, limit: Duration) -> Result<String, Error> {
        let listener = self
            .listener
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(listener) = listener else {
            return Err(Error::new(ErrorKind::Internal("interactive")));
        };
        let is_ours = flow.recognizer();
        let expectation = Expectation::new(flow.response_mode(), move |response| {
            match is_ours(response) {
                true => Verdict::Ours,
                false => Verdict::NotOurs,
            }
        });
        let now = Instant::now();
        let deadline = now.checked_add(limit).unwrap_or(now + LONGEST);
        self.open(flow.auth_uri());
        let response = listener.wait(expectation, &self.setup.pages, deadline, &self.cancel);
        Ok(response.map_err(failed)?.expose().to_owned())
    }

    fn cancel(&self) {
        self.cancel.cancel();
    }
}

impl fmt::Debug for BrowserSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrowserSignIn")
            .field("redirect_uri", &self.redirect_uri)
            .finish_non_exhaustive()
    }
}

fn failed(error: ListenError) -> Error {
    let kind = match &error {
        ListenError::Cancelled => ErrorKind::Cancelled,
        ListenError::Panicked => ErrorKind::CallbackPanicked("browser"),
        ListenError::Path => ErrorKind::InvalidArgument("redirect path"),
        ListenError::TimedOut => ErrorKind::Timeout,
        _ => ErrorKind::Browser,
    };
    Error::new(kind).with_source(error)
}

/// Nobody takes longer.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
