use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use msal_core::{
    AsyncHost, AsyncTransport, Callback, Error, ErrorKind, Flow, Request, Response, SendOptions,
    TransportError, run_async,
};

use super::later::later;
use crate::{BoxFuture, Runtime};

/// Drives flows on an executor. Cheap to clone.
#[derive(Clone)]
pub(crate) struct AsyncDriver {
    transport: Arc<dyn AsyncTransport>,
    runtime: Arc<dyn Runtime>,
}

impl AsyncDriver {
    pub(crate) fn new(transport: Arc<dyn AsyncTransport>, runtime: Arc<dyn Runtime>) -> Self {
        Self { transport, runtime }
    }

    /// Runs a flow to its end. The future borrows nothing, so that it can be spawned.
    pub(crate) fn drive<T: Send + 'static>(&self, flow: Flow<T>) -> BoxFuture<Result<T, Error>> {
        let driver = self.clone();
        Box::pin(async move {
            if let Err(error) = driver.runtime.check() {
                return Err(match flow.correlation_id() {
                    Some(id) => error.with_correlation_id(id),
                    None => error,
                });
            }
            run_async(flow, &driver).await
        })
    }

    /// A transport of the program's own may not keep to its time: the call does.
    async fn timed(
        &self,
        answer: impl Future<Output = Result<Response, TransportError>>,
        time_left: Duration,
    ) -> Result<Response, TransportError> {
        let mut answer = pin!(answer);
        let mut timeout = pin!(self.runtime.sleep(time_left));
        std::future::poll_fn(|context| match answer.as_mut().poll(context) {
            Poll::Ready(answer) => Poll::Ready(answer),
            Poll::Pending => timeout
                .as_mut()
                .poll(context)
                .map(|()| Err(TransportError::timeout())),
        })
        .await
    }
}

impl AsyncHost for AsyncDriver {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let time_left = SendOptions::of(&request).time_left;
        self.timed(self.transport.send(request), time_left).await
    }

    async fn send_on_terms(&self, request: Request) -> Result<Response, TransportError> {
        let time_left = SendOptions::of(&request).time_left;
        self.timed(self.transport.send_on_terms(request), time_left)
            .await
    }

    async fn wait(&self, delay: Duration) {
        self.runtime.sleep(delay).await;
    }

    fn background(&self, flow: Flow<()>) -> Result<(), Error> {
        let task = self.drive(flow);
        // How it ended is in the log; nobody waits for it.
        self.runtime
            .spawn(Box::pin(async move { drop(task.await) }));
        Ok(())
    }

    async fn call(&self, callback: Callback, limit: Duration) -> Result<(), Error> {
        if callback.is_async() {
            return callback.run_or_timeout(self.wait(limit)).await;
        }
        let name = callback.name();
        let (supplier, outcome) = later();
        self.runtime
            .spawn_blocking(Box::new(move || supplier.supply(callback.run())));
        let mut outcome = pin!(outcome);
        let mut timeout = pin!(self.wait(limit));
        std::future::poll_fn(|context| {
            if let Poll::Ready(outcome) = outcome.as_mut().poll(context) {
                let lost = || Err(Error::new(ErrorKind::Declined(name)));
                return Poll::Ready(outcome.unwrap_or_else(lost));
            }
            timeout.as_mut().poll(context).map(|()| {
                let why = format!("the {name} took too long");
                Err(Error::new(ErrorKind::Timeout).because(why))
            })
        })
        .await
    }
}
