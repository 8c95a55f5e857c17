use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use msal_core::{
    Callback, Error, ErrorKind, Flow, Host, Request, Response, Transport, TransportError, run,
};

/// Drives flows on the caller's thread. Cheap to clone.
#[derive(Clone)]
pub(crate) struct BlockingDriver {
    transport: Arc<dyn Transport>,
}

impl BlockingDriver {
    pub(crate) fn new(transport: Arc<dyn Transport>) -> Self {
        Self { transport }
    }
}

impl Host for BlockingDriver {
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.transport.send(request)
    }

    fn send_on_terms(&self, request: Request) -> Result<Response, TransportError> {
        self.transport.send_on_terms(request)
    }

    fn wait(&self, delay: Duration) {
        thread::sleep(delay);
    }

    fn background(&self, flow: Flow<()>) -> Result<(), Error> {
        let driver = self.clone();
        // How it ended is in the log; nobody waits for it.
        spawn("msal-renewal", move || drop(run(flow, &driver)))
    }

    /// On a thread of its own, which the call stops waiting for when its time is over.
    fn call(&self, callback: Callback, limit: Duration) -> Result<(), Error> {
        let name = callback.name();
        let (done, outcome) = mpsc::sync_channel(1);
        spawn("msal-callback", move || drop(done.send(callback.run())))?;
        outcome.recv_timeout(limit).unwrap_or_else(|_| {
            let why = format!("the {name} took too long");
            Err(Error::new(ErrorKind::Timeout).because(why))
        })
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(work);
    thread
        .map(drop)
        .map_err(|error| Error::new(ErrorKind::Declined("thread")).with_source(error))
}
