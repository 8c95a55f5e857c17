//! The boundary between a flow and whoever drives it.
//!
//! A flow is an ordinary `async fn` whose only awaits are on its [`Io`]. From outside it is a value that says what it
//! needs next and is resumed with the answer; it is polled with a waker that does nothing.

mod io;
mod shown;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tracing::Span;

pub(crate) use io::Io;
use io::Need;

use crate::flights::{Joined, Landing};
use crate::slot::Slot;
use crate::{
    Callback, CorrelationId, Env, Error, ErrorKind, Request, Response, SendOptions, TransportError,
};

/// A piece of work that has not begun, or that needed no work at all.
#[must_use = "a flow does nothing until it is started"]
pub struct Flow<T>(State<T>);

enum State<T> {
    Ready(Result<T, Error>),
    Suspended(Suspended<T>),
}

impl<T> Flow<T> {
    /// A flow that failed before it began, for want of something outside.
    pub fn failed(error: Error) -> Self {
        Self::ready(Err(error))
    }

    /// A flow that is over before it starts, such as a cache hit. Allocates nothing.
    pub(crate) fn ready(outcome: Result<T, Error>) -> Self {
        Self(State::Ready(outcome))
    }

    /// A flow that runs `body`. It ends with an internal error if it awaits anything but its [`Io`].
    pub(crate) fn new<F>(call: CallContext, env: Env, body: impl FnOnce(Io) -> F) -> Self
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let need = Slot::default();
        let span = tracing::info_span!(
            target: "msal",
            "flow",
            flow = call.flow,
            correlation_id = %call.correlation_id,
            authority_host = tracing::field::Empty,
            cache = tracing::field::Empty,
        );
        let io = Io::new(need.clone(), env, call, span.clone());
        let body = Box::pin(body(io));
        Self(State::Suspended(Suspended {
            call,
            span,
            need,
            body,
        }))
    }

    /// The id that the requests of this flow will carry; none where no work is needed.
    pub fn correlation_id(&self) -> Option<CorrelationId> {
        match &self.0 {
            State::Ready(_) => None,
            State::Suspended(flow) => Some(flow.call.correlation_id),
        }
    }

    /// The outcome, if no work is needed; the flow itself otherwise.
    pub fn try_ready(self) -> Result<Result<T, Error>, Self> {
        match self.0 {
            State::Ready(outcome) => Ok(outcome),
            State::Suspended(_) => Err(self),
        }
    }

    /// Runs to the first thing the flow needs.
    pub fn start(self) -> Step<T> {
        match self.0 {
            State::Ready(outcome) => Step::Done(outcome),
            State::Suspended(flow) => flow.run(),
        }
    }
}

impl<T> fmt::Debug for Flow<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match &self.0 {
            State::Ready(_) => "ready",
            State::Suspended(flow) => flow.call.flow,
        };
        f.debug_tuple("Flow").field(&name).finish()
    }
}

/// What is the same for all of one call: its name, its id, and when it must be over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallContext {
    pub(crate) flow: &'static str,
    pub(crate) correlation_id: CorrelationId,
    /// On the clock of [`Env::uptime`].
    pub(crate) deadline: Duration,
}

/// What a flow needs next, and the only way to go on.
///
/// Answering with the wrong type, answering twice and resuming a finished flow do not compile:
///
/// ```compile_fail
/// # use msal_core::{Resume, Step};
/// fn twice(flow: Resume<(), u8>) -> Step<u8> {
///     flow.resume(());
///     flow.resume(())
/// }
/// ```
///
/// `Debug` shows where a request goes and nothing that is in it.
pub enum Step<T> {
    /// Send this request and resume with what came back.
    Send(Request, Resume<Result<Response, TransportError>, T>),
    /// Let this much time pass, then resume.
    Wait(Duration, Resume<(), T>),
    /// Do something less common, or decline to.
    Ask(Ask<T>),
    /// Nothing, the flow is over.
    Done(Result<T, Error>),
}

/// The needs that many drivers never meet. Each can be [declined](Self::decline).
#[non_exhaustive]
pub enum Ask<T> {
    /// Run this flow beside the others, for nobody to wait for; resume at once.
    Background(Flow<()>, Resume<Result<(), Error>, T>),
    /// Run this callback of the program's, waiting no longer than this, then resume.
    Call(Callback, Duration, Resume<Result<(), Error>, T>),
    /// Wait until another flow that already does this work has landed, but no longer than this.
    Join(Landing, Duration, Resume<Joined, T>),
    /// Send this request as its [`SendOptions`] demand, or refuse before any byte is sent.
    SendOnTerms(Request, Resume<Result<Response, TransportError>, T>),
}

impl<T> Ask<T> {
    /// Goes on without. The flow decides whether that is fatal.
    pub fn decline(self) -> Step<T> {
        let declined = |what| Error::new(ErrorKind::Declined(what));
        match self {
            Self::Background(_, flow) => flow.resume(Err(declined("background flow"))),
            Self::Call(callback, _, flow) => flow.resume(Err(declined(callback.name()))),
            Self::Join(_, _, flow) => flow.resume(Joined::declined()),
            Self::SendOnTerms(request, flow) => {
                let demands = SendOptions::of(&request).demands();
                flow.resume(Err(TransportError::unsupported(demands)))
            }
        }
    }
}

/// A flow that waits for an `R`. Dropping it cancels the flow.
#[must_use = "dropping this cancels the flow"]
pub struct Resume<R, T> {
    flow: Suspended<T>,
    reply: Slot<R>,
}

impl<R, T> Resume<R, T> {
    /// Hands over what was asked for and runs to the next step.
    pub fn resume(self, reply: R) -> Step<T> {
        self.reply.put(reply);
        self.flow.run()
    }
}

impl<R, T> fmt::Debug for Resume<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Resume").field(&self.flow.call.flow).finish()
    }
}

struct Suspended<T> {
    call: CallContext,
    span: Span,
    need: Slot<Need>,
    body: Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>,
}

impl<T> Suspended<T> {
    fn run(mut self) -> Step<T> {
        let polled = {
            let _entered = self.span.enter();
            let mut context = Context::from_waker(Waker::noop());
            self.body.as_mut().poll(&mut context)
        };
        if let Poll::Ready(outcome) = polled {
            let id = self.call.correlation_id;
            return Step::Done(outcome.map_err(|error| error.with_correlation_id(id)));
        }
        match self.need.take() {
            Some(Need::Background(flow, reply)) => {
                Step::Ask(Ask::Background(flow, self.then(reply)))
            }
            Some(Need::Call(callback, limit, reply)) => {
                Step::Ask(Ask::Call(callback, limit, self.then(reply)))
            }
            Some(Need::Join(landing, limit, reply)) => {
                Step::Ask(Ask::Join(landing, limit, self.then(reply)))
            }
            Some(Need::Send(request, reply)) => Step::Send(request, self.then(reply)),
            Some(Need::SendOnTerms(request, reply)) => {
                Step::Ask(Ask::SendOnTerms(request, self.then(reply)))
            }
            Some(Need::Wait(delay, reply)) => Step::Wait(delay, self.then(reply)),
            None => Step::Done(Err(Error::new(ErrorKind::Internal(self.call.flow))
                .because("it awaited something other than its io")
                .with_correlation_id(self.call.correlation_id))),
        }
    }

    fn then<R>(self, reply: Slot<R>) -> Resume<R, T> {
        Resume { flow: self, reply }
    }
}
