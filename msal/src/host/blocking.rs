use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use msal_core::{
    Callback, Error, ErrorKind, Flow, Host, Request, Response, Transport, TransportError, run,
};

use crate::interactive::CancelHandle;

/// Drives flows on the caller's thread. Cheap to clone.
#[derive(Clone)]
pub(crate) struct BlockingDriver {
    transport: Arc<dyn Transport>,
}

impl BlockingDriver {
    pub(crate) fn new(transport: Arc<dyn Transport>) -> Self {
        Self { transport }
    }

    /// The same for one call that another thread can end.
    pub(crate) fn until_cancelled<'a>(&'a self, handle: &'a CancelHandle) -> UntilCancelled<'a> {
        UntilCancelled {
            driver: self,
            handle,
        }
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
        call(callback, limit, |_| ())
    }
}

/// The driver of one call that another thread can end.
pub(crate) struct UntilCancelled<'a> {
    driver: &'a BlockingDriver,
    handle: &'a CancelHandle,
}

impl Host for UntilCancelled<'_> {
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.driver.send(request)
    }

    fn send_on_terms(&self, request: Request) -> Result<Response, TransportError> {
        self.driver.send_on_terms(request)
    }

    fn wait(&self, delay: Duration) {
        self.handle.wait(delay);
    }

    fn is_cancelled(&self) -> bool {
        self.handle.is_cancelled()
    }

    fn background(&self, flow: Flow<()>) -> Result<(), Error> {
        self.driver.background(flow)
    }

    fn call(&self, callback: Callback, limit: Duration) -> Result<(), Error> {
        call(callback, limit, |done| {
            let cancelled = move || drop(done.try_send(Err(Error::new(ErrorKind::Cancelled))));
            self.handle.on_cancel(cancelled)
        })
    }
}

/// Runs a callback on a thread of its own. What `watch` gives is kept until the end: it may end the wait too.
fn call<W>(
    callback: Callback,
    limit: Duration,
    watch: impl FnOnce(mpsc::SyncSender<Result<(), Error>>) -> W,
) -> Result<(), Error> {
    let name = callback.name();
    let (done, outcome) = mpsc::sync_channel(1);
    let _watch = watch(done.clone());
    // Whoever was waiting may have been cancelled.
    spawn("msal-callback", move || drop(done.try_send(callback.run())))?;
    outcome.recv_timeout(limit).unwrap_or_else(|_| {
        let why = format!("the {name} took too long");
        Err(Error::new(ErrorKind::Timeout).because(why))
    })
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(work);
    thread
        .map(drop)
        .map_err(|error| Error::new(ErrorKind::Declined("thread")).with_source(error))
}
