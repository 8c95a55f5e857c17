mod accept;
mod answer;
mod bind;
mod connection;
mod error;
mod reception;
mod response;

use std::net::TcpListener;
use std::sync::{Arc, mpsc};
use std::time::Instant;

use url::Url;

use accept::Acceptors;
pub use error::ListenError;
use reception::{Event, Reception};
pub use response::{Expectation, ResponseText, Verdict};

use super::http::Door;
use super::{CancelHandle, Pages};

/// Waits on the loopback address for the browser to come back from the identity provider.
///
/// It listens on 127.0.0.1 and, where there is one, on ::1, from its making on: make it first, open the browser then.
/// It stops when dropped. RFC 8252 section 7.3.
///
/// ```
/// # use msal::interactive::{ListenError, LoopbackListener};
/// # fn main() -> Result<(), ListenError> {
/// let listener = LoopbackListener::bind(0)?;
/// assert_eq!(
///     listener.redirect_uri(),
///     format!("http://localhost:{}", listener.port())
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct LoopbackListener {
    sockets: Vec<TcpListener>,
    port: u16,
    path: String,
}

impl LoopbackListener {
    /// Listens on this port, or on any free one for 0.
    ///
    /// # Errors
    ///
    /// [`ListenError::Busy`] when another program has the port: never does another take its place.
    pub fn bind(port: u16) -> Result<Self, ListenError> {
        let (sockets, port) = bind::bind(port)?;
        Ok(Self {
            sockets,
            port,
            path: String::new(),
        })
    }

    /// Takes the response at this path, `/auth/redirect` for instance, rather than at the root.
    ///
    /// # Errors
    ///
    /// [`ListenError::Path`] when a browser would ask for another path than this.
    pub fn with_path(mut self, path: &str) -> Result<Self, ListenError> {
        self.path = path.to_owned();
        let read = Url::parse(&self.redirect_uri()).map_err(|_| ListenError::Path)?;
        let is_kept = path.starts_with('/')
            && read.path() == path
            && read.query().is_none()
            && read.fragment().is_none();
        if !is_kept {
            return Err(ListenError::Path);
        }
        Ok(self)
    }

    /// The port that is listened on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The redirect URI to send and, without the port, to register: with the name `localhost`, since Entra ID knows
    /// loopback redirects by it.
    pub fn redirect_uri(&self) -> String {
        format!("http://localhost:{}{}", self.port, self.path)
    }

    /// Waits for the response, and gives it as it was received, after the browser was sent the page that ends the
    /// sign-in: the page of success for a `code`, the other for anything else.
    ///
    /// Whatever else comes, of a thousand connections at most, is refused and does not end the wait. The sockets are
    /// closed and the port is free when this returns.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](ListenError::TimedOut), [`Cancelled`](ListenError::Cancelled),
    /// [`TooManyRequests`](ListenError::TooManyRequests), or what the operating system says.
    pub fn wait(
        self,
        expectation: Expectation,
        pages: &Pages,
        deadline: Instant,
        cancel: &CancelHandle,
    ) -> Result<ResponseText, ListenError> {
        let (events, ends) = mpsc::channel();
        let path = match self.path.as_str() {
            "" => "/".to_owned(),
            path => path.to_owned(),
        };
        let door = Door {
            mode: expectation.mode,
            path,
            port: self.port,
        };
        let on_cancel = events.clone();
        let reception = Arc::new(Reception::new(
            door,
            expectation,
            pages.clone(),
            deadline,
            self.sockets,
            events,
        ));
        let _watch = {
            let reception = reception.clone();
            cancel.on_cancel(move || {
                // Whoever was waiting is gone, or is told.
                let _ = on_cancel.send(Event::Cancelled);
                reception.close();
            })
        };
        let acceptors = Acceptors::start(&reception)?;
        let time_left = deadline.saturating_duration_since(Instant::now());
        let event = ends.recv_timeout(time_left);
        if let Ok(Event::Answered) = event {
            reception.see_off();
        }
        drop(acceptors);
        reception.settle();
        // What was answered with the page counts, whatever happened meanwhile.
        match (event, reception.take_response()) {
            (Ok(Event::Cancelled), _) => Err(ListenError::Cancelled),
            (_, Some(response)) => Ok(response),
            (Ok(Event::Broken(error)), None) => Err(ListenError::Io(error)),
            (Ok(Event::Panicked), None) => Err(ListenError::Panicked),
            (Ok(Event::TooManyRequests), None) => Err(ListenError::TooManyRequests),
            (Ok(Event::Answered) | Err(_), None) => Err(ListenError::TimedOut),
        }
    }
}
