//! A call that is about to be made: what it can be given beside what it is about.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use msal_core::app::CallOptions;
use msal_core::{CorrelationId, Error, ErrorKind, Flow, TokenScheme};

use crate::BoxFuture;
use crate::interactive::CancelHandle;

/// A call that is about to be made on the application `A`, of which `R` says what it asks for.
///
/// On an async application it is awaited; on a blocking one it ends in `.send()`. Whoever drives flows by hand takes
/// it [as a flow](Self::into_flow).
#[must_use = "a call does nothing until it is awaited or sent"]
pub struct Call<'a, A, R> {
    pub(crate) app: &'a A,
    pub(crate) request: R,
}

impl<'a, A, R> Call<'a, A, R> {
    pub(crate) fn new(app: &'a A, request: R) -> Self {
        Self { app, request }
    }
}

impl<A, R: AskFor> Call<'_, A, R> {
    /// Answers the claims challenge of an API: goes past the cached access token, and the answer replaces it.
    ///
    /// Takes the text of a JSON object, as [`Error::claims`] gives it.
    pub fn claims(mut self, challenge: impl Into<String>) -> Self {
        self.request.options().claims = Some(challenge.into());
        self
    }

    /// Adds claims of the client's own, the text of a JSON object. Tokens obtained with them are cached under them.
    pub fn client_claims(mut self, claims: impl Into<String>) -> Self {
        self.request.options().client_claims = Some(claims.into());
        self
    }

    /// Ties requests, logs and errors of the call to this id, rather than to a random one.
    pub fn correlation_id(mut self, id: CorrelationId) -> Self {
        self.request.options().correlation_id = Some(id);
        self
    }

    /// Adds a parameter to the body of the token request.
    ///
    /// Tokens that were obtained with it are cached apart, since it may change what is issued.
    pub fn extra_parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.request
            .options()
            .parameters
            .push((name.into(), value.into()));
        self
    }

    /// Asks for a token of another kind than a bearer token: one that is bound to a key of the program's.
    pub fn scheme(mut self, scheme: TokenScheme) -> Self {
        self.request.options().scheme = scheme;
        self
    }

    /// Asks another tenant than the application's, by id or by domain name.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.request.options().tenant = Some(tenant.into());
        self
    }

    /// Ends the call after this time, all requests, retries and waiting included.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.request.options().timeout = Some(timeout);
        self
    }

    /// Renews a token that still works in this call rather than beside it: for a program that is about to end.
    pub fn wait_for_refresh(mut self) -> Self {
        self.request.options().wait_for_refresh = true;
        self
    }
}

impl<A: Client, R: Ask<A::Core>> Call<'_, A, R> {
    /// The call as a flow, to be driven by [`run`](msal_core::run), [`run_async`](msal_core::run_async) or a loop of
    /// one's own.
    pub fn into_flow(self) -> Flow<R::Output> {
        self.request.flow(self.app.core())
    }
}

impl<A: AsyncClient, R: Ask<A::Core>> IntoFuture for Call<'_, A, R> {
    type Output = Result<R::Output, Error>;
    type IntoFuture = CallFuture<R::Output>;

    fn into_future(self) -> CallFuture<R::Output> {
        let app = self.app;
        CallFuture(match self.into_flow().try_ready() {
            Ok(outcome) => State::Ready(Some(outcome)),
            Err(flow) => State::Running(app.drive(flow)),
        })
    }
}

impl<A: BlockingClient, R: Ask<A::Core>> Call<'_, A, R> {
    /// Makes the call on this thread.
    pub fn send(self) -> Result<R::Output, Error> {
        let app = self.app;
        self.into_flow()
            .try_ready()
            .unwrap_or_else(|flow| app.drive(flow))
    }
}

impl<A: BlockingClient, R: Ask<A::Core>> Call<'_, A, R> {
    /// Makes the call on this thread, and ends it with an error of the kind [`ErrorKind::Cancelled`] as soon as another
    /// thread cancels it: a wait at once, a request when it has been answered.
    pub fn send_until_cancelled(self, handle: &CancelHandle) -> Result<R::Output, Error> {
        let app = self.app;
        self.into_flow()
            .try_ready()
            .unwrap_or_else(|flow| app.drive_until_cancelled(flow, handle))
    }
}

impl<A, R: fmt::Debug> fmt::Debug for Call<'_, A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Call").field(&self.request).finish()
    }
}

/// A call in progress. It borrows neither the application nor the scopes, so it can be spawned.
#[must_use = "a future does nothing until it is awaited"]
pub struct CallFuture<T>(State<T>);

enum State<T> {
    /// A cache hit: nothing was allocated for it.
    Ready(Option<Result<T, Error>>),
    Running(BoxFuture<Result<T, Error>>),
}

// What is ready is moved out, and never pinned.
impl<T> Unpin for CallFuture<T> {}

impl<T> Future for CallFuture<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Ready(outcome) => Poll::Ready(outcome.take().unwrap_or_else(|| {
                Err(Error::new(ErrorKind::Internal(
                    "polled again after its end",
                )))
            })),
            State::Running(future) => future.as_mut().poll(context),
        }
    }
}

impl<T> fmt::Debug for CallFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            State::Ready(_) => "CallFuture(ready)",
            State::Running(_) => "CallFuture(running)",
        })
    }
}

pub(crate) use sealed::{Ask, AskFor, AsyncClient, BlockingClient, Client};

mod sealed {
    use super::{BoxFuture, CallOptions, CancelHandle, Error, Flow};

    /// Something that can be asked for with the options that every token request has.
    pub trait AskFor {
        fn options(&mut self) -> &mut CallOptions;
    }

    /// Something that can be asked of the application `C`.
    pub trait Ask<C> {
        type Output: Send + 'static;

        fn flow(self, core: &C) -> Flow<Self::Output>;
    }

    /// An application of either API.
    pub trait Client {
        type Core;

        fn core(&self) -> &Self::Core;
    }

    /// An application of the async API.
    pub trait AsyncClient: Client {
        fn drive<T: Send + 'static>(&self, flow: Flow<T>) -> BoxFuture<Result<T, Error>>;
    }

    /// An application of the blocking API.
    pub trait BlockingClient: Client {
        fn drive<T>(&self, flow: Flow<T>) -> Result<T, Error>;

        fn drive_until_cancelled<T>(
            &self,
            flow: Flow<T>,
            handle: &CancelHandle,
        ) -> Result<T, Error>;
    }
}
