use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// A value that another thread will supply. Supplying nothing ends the wait too.
pub(crate) fn later<T: Send>() -> (Supplier<T>, Later<T>) {
    let state = Arc::new(Mutex::new(State {
        value: None,
        over: false,
        waker: None,
    }));
    (Supplier(state.clone()), Later(state))
}

/// The future of what [`later`] promises.
pub(crate) struct Later<T>(Arc<Mutex<State<T>>>);

impl<T> Future for Later<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.over {
            return Poll::Ready(state.value.take());
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

pub(crate) struct Supplier<T>(Arc<Mutex<State<T>>>);

impl<T> Supplier<T> {
    pub(crate) fn supply(self, value: T) {
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
