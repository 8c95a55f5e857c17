use std::fmt;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use tracing::Span;

use super::{CallContext, Flow};
use crate::callback::{Callback, Task};
use crate::flights::{Flight, Joined, Landing, Progress};
use crate::slot::Slot;
use crate::{
    CorrelationId, Env, Error, ErrorKind, Request, Response, SendOptions, Timestamp, TransportError,
};

/// A flow's only window on the outside.
///
/// Methods that wait take `&mut self`, so a flow cannot need two things at once: the borrow checker rejects it.
#[derive(Debug)]
pub(crate) struct Io {
    need: Slot<Need>,
    env: Env,
    call: CallContext,
    span: Span,
    /// Of each flight that this flow has led: leading one, it may lead another.
    progress: Vec<Progress>,
    /// How the store failed that does not answer.
    stuck: Option<Error>,
}

impl Io {
    pub(super) fn new(need: Slot<Need>, env: Env, call: CallContext, span: Span) -> Self {
        Self {
            need,
            env,
            call,
            span,
            progress: Vec::new(),
            stuck: None,
        }
    }

    /// Sends one request, once. For `exchange` alone: it owns retry, throttling and redirects.
    pub(crate) async fn send(&mut self, request: Request) -> Result<Response, TransportError> {
        let options = SendOptions::of(&request);
        self.moving(options.time_left);
        if options.demands().is_empty() {
            self.ask(|reply| Need::Send(request, reply)).await
        } else {
            self.ask(|reply| Need::SendOnTerms(request, reply)).await
        }
    }

    /// Lets time pass.
    pub(crate) async fn wait(&mut self, delay: Duration) {
        self.moving(delay);
        self.ask(|reply| Need::Wait(delay, reply)).await
    }

    /// Waits for another flow that is already doing this work.
    pub(crate) async fn join(&mut self, landing: Landing, limit: Duration) -> Joined {
        self.moving(limit);
        self.ask(|reply| Need::Join(landing, limit, reply)).await
    }

    /// Has another flow run beside this one.
    pub(crate) async fn background(&mut self, flow: Flow<()>) -> Result<(), Error> {
        self.moving(Duration::ZERO);
        self.ask(|reply| Need::Background(flow, reply)).await
    }

    /// Has a callback of the program's run, and hands over what it returned.
    pub(crate) async fn call<R: Send + 'static>(&mut self, task: Task<R>) -> Result<R, Error> {
        let limit = self.time_left();
        self.call_within(limit, task).await
    }

    /// The same, but waits no longer than `limit`.
    pub(crate) async fn call_within<R: Send + 'static>(
        &mut self,
        limit: Duration,
        task: Task<R>,
    ) -> Result<R, Error> {
        let (callback, returned) = task.split();
        let name = callback.name();
        let limit = limit.min(self.time_left());
        self.moving(limit);
        self.ask(|reply| Need::Call(callback, limit, reply)).await?;
        // A loop that resumes without having run the callback has declined.
        returned
            .take()
            .ok_or_else(|| Error::new(ErrorKind::Declined(name)))
    }

    /// Tells those who wait for `flight` that this flow is still at work, whenever it moves.
    pub(crate) fn leads(&mut self, flight: &Flight) {
        self.progress.push(flight.progress());
        self.moving(Duration::ZERO);
    }

    /// The clock and the randomness.
    pub(crate) fn env(&self) -> &Env {
        &self.env
    }

    /// The current wall-clock time.
    pub(crate) fn now(&self) -> Timestamp {
        self.env.now()
    }

    /// How long this call may still take.
    pub(crate) fn time_left(&self) -> Duration {
        self.call.deadline.saturating_sub(self.env.uptime())
    }

    /// The id that all of this call's requests carry.
    pub(crate) fn correlation_id(&self) -> CorrelationId {
        self.call.correlation_id
    }

    /// Notes that what keeps the cache does not answer, so that this call waits for it but once.
    pub(crate) fn store_is_stuck(&mut self, error: &Error) {
        self.stuck = Some(error.clone());
    }

    /// What has been noted.
    pub(crate) fn stuck(&self) -> Option<&Error> {
        self.stuck.as_ref()
    }

    /// Has fields that are known late go to another span. Gives the one that they went to before.
    pub(crate) fn change_span(&mut self, span: Span) -> Span {
        std::mem::replace(&mut self.span, span)
    }

    /// The span of this call, for fields that are known late.
    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    fn moving(&self, busy_for: Duration) {
        for progress in &self.progress {
            progress.moved(self.env.uptime().saturating_add(busy_for));
        }
    }

    async fn ask<R>(&mut self, need: impl FnOnce(Slot<R>) -> Need) -> R {
        let reply = Slot::default();
        self.need.put(need(reply.clone()));
        poll_fn(|_| reply.take().map_or(Poll::Pending, Poll::Ready)).await
    }
}

/// What a flow has asked for, and where it will look for the reply.
pub(super) enum Need {
    Background(Flow<()>, Slot<Result<(), Error>>),
    Call(Callback, Duration, Slot<Result<(), Error>>),
    Join(Landing, Duration, Slot<Joined>),
    Send(Request, Slot<Result<Response, TransportError>>),
    SendOnTerms(Request, Slot<Result<Response, TransportError>>),
    Wait(Duration, Slot<()>),
}

impl fmt::Debug for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A request's body holds secrets.
        f.write_str("Need")
    }
}
