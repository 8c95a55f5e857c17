//! What `Debug` shows of a step: where a request goes, but neither query, headers nor body, which hold secrets, nor the
//! name of a user.

use std::fmt;

use super::{Ask, Step};
use crate::Request;
use crate::transport::NamesUser;

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
        let path = match self.0.extensions().get::<NamesUser>() {
            Some(NamesUser) => uri.path().rsplit_once('/').map_or("", |(path, _)| path),
            None => uri.path(),
        };
        write!(f, "{method} {host}{path}")
    }
}

#[cfg(test)]
mod tests {
    use super::Destination;
    use crate::CorrelationId;
    use crate::protocol::user_realm;

    #[test]
    fn the_user_whose_realm_is_asked_for_is_not_shown() {
        let url = "https://login.microsoftonline.com/common/userrealm";
        let id: CorrelationId = "0f8fad5b-d9cb-469f-a165-70867728950e".parse().unwrap();
        let url = url.parse().unwrap();
        let request = user_realm::request(&url, "alice@contoso.com", id).unwrap();
        assert_eq!(
            format!("{:?}", Destination(&request)),
            "GET login.microsoftonline.com/common/userrealm"
        );
    }
}
