use std::fmt;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::Poll;

use crate::slot::Slot;
use crate::{Error, ErrorKind};

/// A callback of the program's, ready to be run once by whoever drives the flow. The flow itself picks up what the
/// callback returned.
///
/// A panic inside becomes [`ErrorKind::CallbackPanicked`]; no lock is held while it runs.
#[must_use = "the flow waits for what the callback returns"]
pub struct Callback {
    name: &'static str,
    work: Work<()>,
}

impl Callback {
    /// What it is, as in "assertion callback".
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether it returns a future, which [`run`](Self::run) cannot wait for.
    pub fn is_async(&self) -> bool {
        matches!(self.work, Work::Future(_))
    }

    /// Runs it on this thread. One that returns a future ends with [`ErrorKind::Unsupported`].
    pub fn run(self) -> Result<(), Error> {
        let Work::Blocking(work) = self.work else {
            let why = format!(
                "a blocking call cannot wait for the {}: give one that blocks, or use the async API",
                self.name
            );
            return Err(Error::new(ErrorKind::Unsupported("an async callback")).because(why));
        };
        catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(panicked(self.name)))
    }

    /// Runs it, awaiting the future it returns, if it does.
    pub async fn run_async(self) -> Result<(), Error> {
        let name = self.name;
        let work = match self.work {
            Work::Blocking(_) => return self.run(),
            Work::Future(work) => work,
        };
        let Ok(mut future) = catch_unwind(AssertUnwindSafe(work)) else {
            return Err(panicked(name));
        };
        let poll = poll_fn(|context| {
            catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)))
                .unwrap_or_else(|_| Err(panicked(name)).into())
        });
        poll.await
    }
}

impl Callback {
    /// [`run_async`](Self::run_async), or an error once `timeout` is over.
    pub async fn run_or_timeout(self, timeout: impl Future<Output = ()>) -> Result<(), Error> {
        let name = self.name;
        let (mut work, mut timeout) = (pin!(self.run_async()), pin!(timeout));
        poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(outcome) => Poll::Ready(outcome),
            Poll::Pending => timeout.as_mut().poll(context).map(|()| Err(too_slow(name))),
        })
        .await
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Callback").field(&self.name).finish()
    }
}

/// Work of the program's that gives an `R`, to be done once: a [`Callback`] while it is still known what it returns.
#[must_use = "work that is described is not done yet"]
pub struct Task<R> {
    name: &'static str,
    work: Work<R>,
}

impl<R: Send + 'static> Task<R> {
    /// Work that is over when it returns. `name` tells what it is, as in "token cache load".
    pub fn blocking(
        name: &'static str,
        work: impl FnOnce() -> Result<R, Error> + Send + 'static,
    ) -> Self {
        Self {
            name,
            work: Work::Blocking(Box::new(work)),
        }
    }

    /// Work that is a future, which only an async driver can wait for.
    pub fn future(
        name: &'static str,
        work: impl FnOnce() -> BoxFuture<R> + Send + 'static,
    ) -> Self {
        Self {
            name,
            work: Work::Future(Box::new(work)),
        }
    }

    /// Does it on this thread. Work that is a future ends with [`ErrorKind::Unsupported`].
    pub fn run(self) -> Result<R, Error> {
        let name = self.name;
        let (callback, returned) = self.split();
        callback.run()?;
        returned.take().ok_or_else(|| panicked(name))
    }

    /// Does it, awaiting the future where it is one.
    pub async fn run_async(self) -> Result<R, Error> {
        let name = self.name;
        let (callback, returned) = self.split();
        callback.run_async().await?;
        returned.take().ok_or_else(|| panicked(name))
    }

    /// The callback for the driver, and the place where what it returns will be found.
    pub(crate) fn split(self) -> (Callback, Slot<R>) {
        let returned = Slot::default();
        let place = returned.clone();
        let work = match self.work {
            Work::Blocking(work) => {
                Work::Blocking(Box::new(move || work().map(|value| place.put(value))))
            }
            Work::Future(work) => Work::Future(Box::new(move || {
                let future = work();
                Box::pin(async move { future.await.map(|value| place.put(value)) })
            })),
        };
        (
            Callback {
                name: self.name,
                work,
            },
            returned,
        )
    }
}

impl<R> fmt::Debug for Task<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Task").field(&self.name).finish()
    }
}

type BoxFuture<R> = Pin<Box<dyn Future<Output = Result<R, Error>> + Send>>;

enum Work<R> {
    Blocking(Box<dyn FnOnce() -> Result<R, Error> + Send>),
    Future(Box<dyn FnOnce() -> BoxFuture<R> + Send>),
}

fn too_slow(name: &'static str) -> Error {
    Error::new(ErrorKind::Timeout).because(format!("the {name} took too long"))
}

/// Calls what the program supplied and what does not wait, so that a panic of it is an error.
pub(crate) fn guarded<R>(name: &'static str, call: impl FnOnce() -> R) -> Result<R, Error> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|_| panicked(name))
}

fn panicked(name: &'static str) -> Error {
    Error::new(ErrorKind::CallbackPanicked(name))
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use super::*;

    fn finish<R: Send + 'static>(call: Task<R>) -> Result<R, Error> {
        let (callback, returned) = call.split();
        let mut future = pin!(callback.run_async());
        loop {
            let mut context = Context::from_waker(Waker::noop());
            if let Poll::Ready(outcome) = future.as_mut().poll(&mut context) {
                return outcome.map(|()| returned.take().unwrap());
            }
        }
    }

    #[test]
    fn work_can_be_done_without_a_flow() {
        assert_eq!(Task::blocking("callback", || Ok(1)).run().unwrap(), 1);
        let panics = Task::<()>::blocking("callback", || panic!("oops"));
        let kind = ErrorKind::CallbackPanicked("callback");
        assert_eq!(panics.run().unwrap_err().kind(), &kind);
    }

    #[test]
    fn both_kinds_hand_back_what_they_made() {
        let (callback, returned) = Task::blocking("callback", || Ok(1)).split();
        callback.run().unwrap();
        assert_eq!(returned.take(), Some(1));
        assert_eq!(finish(Task::blocking("callback", || Ok(2))).unwrap(), 2);
        assert_eq!(
            finish(Task::future("callback", || Box::pin(async { Ok(3) }))).unwrap(),
            3
        );
    }

    #[test]
    fn a_panic_becomes_an_error() {
        let kind = ErrorKind::CallbackPanicked("callback");
        let early = Task::<()>::future("callback", || panic!("oops"));
        assert_eq!(finish(early).unwrap_err().kind(), &kind);
        let late = Task::<()>::future("callback", || Box::pin(async { panic!("oops") }));
        assert_eq!(finish(late).unwrap_err().kind(), &kind);
        let blocking = Task::<()>::blocking("callback", || panic!("oops"));
        assert_eq!(blocking.split().0.run().unwrap_err().kind(), &kind);
    }

    #[test]
    fn a_future_needs_an_async_driver() {
        let call = Task::future("assertion callback", || Box::pin(async { Ok(()) }));
        let error = call.split().0.run().unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Unsupported("an async callback"));
    }
}
