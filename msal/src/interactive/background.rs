use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;

use super::{CancelHandle, Watch};
use crate::host::{Later, later};

/// Runs work that blocks on a thread of its own, whatever the executor, and is ready with what it gives.
///
/// The work is handed a [`CancelHandle`] that is cancelled when `cancel` is, and when the future is dropped: it is
/// never left running for nobody. The future is ready with `None` if the work panicked.
///
/// # Errors
///
/// No thread can be had.
pub fn in_background<T: Send + 'static>(
    name: &str,
    cancel: &CancelHandle,
    work: impl FnOnce(&CancelHandle) -> T + Send + 'static,
) -> io::Result<Background<T>> {
    let own = CancelHandle::new();
    let watch = {
        let own = own.clone();
        cancel.on_cancel(move || own.cancel())
    };
    let (supplier, outcome) = later();
    let theirs = own.clone();
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || supplier.supply(work(&theirs)))?;
    Ok(Background {
        outcome,
        own,
        _watch: watch,
    })
}

/// Work on a thread of its own, which is told to stop when this is dropped.
#[must_use = "dropping it cancels the work"]
pub struct Background<T> {
    outcome: Later<T>,
    own: CancelHandle,
    _watch: Watch,
}

impl<T: Send> Future for Background<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.outcome).poll(context)
    }
}

impl<T> Drop for Background<T> {
    fn drop(&mut self) {
        self.own.cancel();
    }
}

impl<T> fmt::Debug for Background<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Background").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc;
    use std::task::{Wake, Waker};
    use std::time::Duration;

    use super::*;

    #[test]
    fn dropping_the_future_cancels_the_work_and_nothing_else() {
        let everything = CancelHandle::new();
        let (ended, end) = mpsc::channel();
        let work = in_background("test", &everything, move |cancel| {
            ended.send(cancel.wait(Duration::MAX)).unwrap();
        });
        drop(work.unwrap());
        assert!(end.recv().unwrap());
        assert!(!everything.is_cancelled());
    }

    #[test]
    fn work_is_cancelled_through_the_handle_it_was_started_with() {
        let cancel = CancelHandle::new();
        let work = in_background("test", &cancel, |cancel| cancel.wait(Duration::MAX));
        let work = work.unwrap();
        cancel.cancel();
        assert_eq!(block_on(work), Some(true));
    }

    #[test]
    fn work_that_panics_ends_in_nothing() {
        let work = in_background("test", &CancelHandle::new(), |_| {
            std::panic::resume_unwind(Box::new("on purpose"));
        });
        assert_eq!(block_on::<Option<()>>(work.unwrap()), None);
    }

    fn block_on<T>(task: impl Future<Output = T>) -> T {
        struct Unpark(thread::Thread);
        impl Wake for Unpark {
            fn wake(self: Arc<Self>) {
                self.0.unpark();
            }
        }
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut task = std::pin::pin!(task);
        loop {
            if let Poll::Ready(value) = task.as_mut().poll(&mut Context::from_waker(&waker)) {
                return value;
            }
            thread::park();
        }
    }
}
