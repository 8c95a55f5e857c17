use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use msal_core::{Error, ErrorKind};

/// Who is told of something by a function of the program's. Called without any lock, and a panic of it ends there.
pub(crate) struct Hook<E>(Option<Arc<Listen<E>>>);

type Listen<E> = dyn Fn(&E) + Send + Sync;

impl<E> Hook<E> {
    pub(crate) fn new(listen: impl Fn(&E) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listen)))
    }

    pub(crate) fn tell(&self, event: &E) {
        let Some(listen) = &self.0 else {
            return;
        };
        if catch_unwind(AssertUnwindSafe(|| listen(event))).is_err() {
            let error = Error::new(ErrorKind::CallbackPanicked("hook of the token cache"));
            tracing::error!(target: "msal", %error, "whoever is told of the token cache panicked");
        }
    }
}

impl<E> Clone for Hook<E> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<E> Default for Hook<E> {
    fn default() -> Self {
        Self(None)
    }
}

impl<E> fmt::Debug for Hook<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hook({})", self.0.is_some())
    }
}
