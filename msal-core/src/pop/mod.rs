//! Proof of possession by signed HTTP requests (draft-ietf-oauth-signed-http-request-03): a token that is bound to a key
//! of the program's, and the signature that each request presents it in.

mod jwk;
mod key;
mod request;

pub use key::{PopAlgorithm, PopKey};
pub use request::PopRequest;
