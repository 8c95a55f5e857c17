//! WS-Trust at AD FS: a user name and a password for an assertion that Entra ID believes.
//!
//! Its endpoints are Windows Communication Foundation's, whose faults these are.

mod description;
mod envelope;
mod fault;
mod issue;
mod names;
mod request;
pub(crate) mod saml;

pub(crate) use self::description::describe;
pub(crate) use self::issue::{answer, immutable_id};
