//! The two drivers. Neither knows any flow.

use std::time::Duration;

use crate::flights::{Joined, Landing};
use crate::{
    Ask, Callback, Error, ErrorKind, Flow, Request, Response, SendOptions, Step, TransportError,
};

/// Whatever carries out a flow's needs on the caller's thread.
///
/// Only sending and waiting must be supplied. Of the rest, what needs nothing but this thread is done, and the others
/// are declined.
pub trait Host {
    /// Sends one request, once.
    fn send(&self, request: Request) -> Result<Response, TransportError>;

    /// Lets time pass.
    fn wait(&self, delay: Duration);

    /// Sends one request as its [`SendOptions`] demand, or refuses before any byte is sent.
    fn send_on_terms(&self, request: Request) -> Result<Response, TransportError> {
        Err(TransportError::unsupported(
            SendOptions::of(&request).demands(),
        ))
    }

    /// Whether the call has been cancelled: asked between two needs, it ends with an error of the kind
    /// [`Cancelled`](ErrorKind::Cancelled) then.
    fn is_cancelled(&self) -> bool {
        false
    }

    /// Runs a flow that nobody waits for; returns at once.
    fn background(&self, _flow: Flow<()>) -> Result<(), Error> {
        Err(Error::new(ErrorKind::Declined("background flow")))
    }

    /// Waits for another flow, but no longer than `limit`.
    fn join(&self, landing: Landing, limit: Duration) -> Joined {
        landing.block(limit)
    }

    /// Runs a callback of the program's. A host that can stop waiting for it does so after `limit`.
    fn call(&self, callback: Callback, _limit: Duration) -> Result<(), Error> {
        callback.run()
    }
}

/// Runs a flow to its end on this thread.
pub fn run<T>(flow: Flow<T>, host: &(impl Host + ?Sized)) -> Result<T, Error> {
    let id = flow.correlation_id();
    let mut step = flow.start();
    loop {
        if !matches!(step, Step::Done(_)) && host.is_cancelled() {
            return Err(match id {
                Some(id) => Error::new(ErrorKind::Cancelled).with_correlation_id(id),
                None => Error::new(ErrorKind::Cancelled),
            });
        }
        step = match step {
            Step::Send(request, flow) => flow.resume(host.send(request)),
            Step::Wait(delay, flow) => {
                host.wait(delay);
                flow.resume(())
            }
            Step::Ask(Ask::Background(task, flow)) => flow.resume(host.background(task)),
            Step::Ask(Ask::Call(callback, limit, flow)) => flow.resume(host.call(callback, limit)),
            Step::Ask(Ask::Join(landing, limit, flow)) => flow.resume(host.join(landing, limit)),
            Step::Ask(Ask::SendOnTerms(request, flow)) => flow.resume(host.send_on_terms(request)),
            Step::Done(outcome) => return outcome,
        };
    }
}

/// Whatever carries out a flow's needs without holding up a thread.
///
/// Only sending and waiting must be supplied. Of the rest, what needs nothing but polling is done, and the others are
/// declined.
pub trait AsyncHost: Sync {
    /// Sends one request, once.
    fn send(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<Response, TransportError>> + Send;

    /// Lets time pass.
    fn wait(&self, delay: Duration) -> impl Future<Output = ()> + Send;

    /// Sends one request as its [`SendOptions`] demand, or refuses before any byte is sent.
    fn send_on_terms(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<Response, TransportError>> + Send {
        let demands = SendOptions::of(&request).demands();
        std::future::ready(Err(TransportError::unsupported(demands)))
    }

    /// Runs a flow that nobody waits for; returns at once.
    fn background(&self, _flow: Flow<()>) -> Result<(), Error> {
        Err(Error::new(ErrorKind::Declined("background flow")))
    }

    /// Waits for another flow, but no longer than `limit`.
    fn join(&self, landing: Landing, limit: Duration) -> impl Future<Output = Joined> + Send {
        async move { landing.or_timeout(self.wait(limit)).await }
    }

    /// Runs a callback of the program's, waiting no longer than `limit`.
    fn call(
        &self,
        callback: Callback,
        limit: Duration,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        async move { callback.run_or_timeout(self.wait(limit)).await }
    }
}

/// Runs a flow to its end. Dropping the future cancels the flow.
pub async fn run_async<T>(flow: Flow<T>, host: &(impl AsyncHost + ?Sized)) -> Result<T, Error> {
    let mut step = flow.start();
    loop {
        step = match step {
            Step::Send(request, flow) => flow.resume(host.send(request).await),
            Step::Wait(delay, flow) => {
                host.wait(delay).await;
                flow.resume(())
            }
            Step::Ask(Ask::Background(task, flow)) => flow.resume(host.background(task)),
            Step::Ask(Ask::Call(callback, limit, flow)) => {
                flow.resume(host.call(callback, limit).await)
            }
            Step::Ask(Ask::Join(landing, limit, flow)) => {
                flow.resume(host.join(landing, limit).await)
            }
            Step::Ask(Ask::SendOnTerms(request, flow)) => {
                flow.resume(host.send_on_terms(request).await)
            }
            Step::Done(outcome) => return outcome,
        };
    }
}
