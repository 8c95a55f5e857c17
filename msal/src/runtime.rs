use std::pin::Pin;
use std::time::Duration;

use msal_core::Error;

/// What the async API needs of an executor. On tokio, by the default feature of that name, nothing is to be done.
///
/// ```
/// use std::time::Duration;
///
/// use msal::{BoxFuture, Runtime};
///
/// /// A thread for everything: simple, and enough for a program that makes few calls.
/// struct Threads;
///
/// impl Runtime for Threads {
///     fn sleep(&self, time: Duration) -> BoxFuture<()> {
///         let (done, waiting) = flag();
///         std::thread::spawn(move || {
///             std::thread::sleep(time);
///             done();
///         });
///         waiting
///     }
///
///     fn spawn(&self, task: BoxFuture<()>) {
///         std::thread::spawn(move || block_on(task));
///     }
///
///     fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
///         std::thread::spawn(work);
///     }
/// }
/// # use std::sync::{Arc, Mutex};
/// # use std::task::{Context, Poll, Wake, Waker};
/// # fn flag() -> (impl FnOnce() + Send, BoxFuture<()>) {
/// #     let state = Arc::new(Mutex::new((false, None::<Waker>)));
/// #     let theirs = state.clone();
/// #     let done = move || {
/// #         let mut state = theirs.lock().unwrap();
/// #         state.0 = true;
/// #         if let Some(waker) = state.1.take() { waker.wake() }
/// #     };
/// #     let waiting = Box::pin(std::future::poll_fn(move |context| {
/// #         let mut state = state.lock().unwrap();
/// #         if state.0 { return Poll::Ready(()) }
/// #         state.1 = Some(context.waker().clone());
/// #         Poll::Pending
/// #     }));
/// #     (done, waiting)
/// # }
/// # struct Unpark(std::thread::Thread);
/// # impl Wake for Unpark { fn wake(self: Arc<Self>) { self.0.unpark() } }
/// # fn block_on(mut task: BoxFuture<()>) {
/// #     let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
/// #     while task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() { std::thread::park() }
/// # }
/// # block_on(Threads.sleep(Duration::ZERO));
/// ```
pub trait Runtime: Send + Sync {
    /// A future that is ready after this time.
    fn sleep(&self, time: Duration) -> BoxFuture<()>;

    /// Runs a task that nobody waits for.
    fn spawn(&self, task: BoxFuture<()>);

    /// Runs work that blocks, on a thread where it may.
    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>);

    /// Tells whether this runtime can be used where the caller is; asked before anything else of it.
    fn check(&self) -> Result<(), Error> {
        Ok(())
    }
}

/// A boxed future that can be sent to another thread.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The tokio runtime that the caller is in.
#[cfg(feature = "tokio")]
#[derive(Debug)]
pub(crate) struct Tokio;

#[cfg(feature = "tokio")]
impl Runtime for Tokio {
    fn sleep(&self, time: Duration) -> BoxFuture<()> {
        Box::pin(tokio::time::sleep(time))
    }

    fn spawn(&self, task: BoxFuture<()>) {
        tokio::spawn(task);
    }

    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        tokio::task::spawn_blocking(work);
    }

    fn check(&self) -> Result<(), Error> {
        match tokio::runtime::Handle::try_current() {
            Ok(_) => Ok(()),
            Err(_) => Err(Error::new(msal_core::ErrorKind::Unsupported("a call outside tokio"))
                .because("await it inside a tokio runtime, give the application another `Runtime`, or use `msal::blocking`")),
        }
    }
}
