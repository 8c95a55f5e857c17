//! What `Debug` shows of a step: where a request goes, but neither query, headers nor body, which hold secrets.

use std::fmt;

use super::{Ask, Step};
use crate::Request;

impl<T: fmt::Debug> fmt::Debug for Step<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(request, flow) => {
                let request = Destination(request);
                f.debug_tuple("Send").field(&request).field(flow).finish()
            }
            Self::Wait(delay, flow) => f.debug_tuple("Wait").field(delay).field(flow).finish(),
            Self::Ask(question) => f.debug_tuple("Ask").field(question).finish(),
            Self::Done(outcome) => f.debug_tuple("Done").field(outcome).finish(),
        }
    }
}

impl<T> fmt::Debug for Ask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Background(task, flow) => {
                let mut out = f.debug_tuple("Background");
                out.field(task).field(flow).finish()
            }
            Self::Call(callback, limit, flow) => {
                let mut out = f.debug_tuple("Call");
                out.field(callback).field(limit).field(flow).finish()
            }
            Self::Join(landing, limit, flow) => {
                let mut out = f.debug_tuple("Join");
                out.field(landing).field(limit).field(flow).finish()
            }
            Self::SendOnTerms(request, flow) => {
                let mut out = f.debug_tuple("SendOnTerms");
                out.field(&Destination(request)).field(flow).finish()
            }
        }
    }
}

struct Destination<'a>(&'a Request);

impl fmt::Debug for Destination<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (method, uri) = (self.0.method(), self.0.uri());
        let host = uri.host().unwrap_or_default();
        write!(f, "{method} {host}{}", uri.path())
    }
}
