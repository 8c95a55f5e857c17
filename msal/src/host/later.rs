use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};

/// A value that another thread will supply. Supplying nothing ends the wait too.
pub(super) fn later<T: Send>() -> (Supplier<T>, impl Future<Output = Option<T>> + Send) {
    let state = Arc::new(Mutex::new(State {
        value: None,
        over: false,
        waker: None,
    }));
    let theirs = Supplier(state.clone());
    let value = poll_fn(move |context| {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.over {
            return Poll::Ready(state.value.take());
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    });
    (theirs, value)
}

pub(super) struct Supplier<T>(Arc<Mutex<State<T>>>);

impl<T> Supplier<T> {
    pub(super) fn supply(self, value: T) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).value = Some(value);
    }
}

impl<T> Drop for Supplier<T> {
    fn drop(&mut self) {
        let waker = {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            state.over = true;
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

struct State<T> {
    value: Option<T>,
    over: bool,
    waker: Option<Waker>,
}
