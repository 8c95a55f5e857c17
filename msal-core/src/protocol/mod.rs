//! Wire formats: each grant as a pure function that builds the request, and one that reads the answer.
//!
//! For somebody who wants nothing but these: no flow, no cache and no retry is involved.

pub mod client_credentials;
mod post;
pub mod token;

pub use post::Post;
pub(crate) use post::identify;

/// How many cases the property tests try: a million in a soak (`MSAL_SOAK=1`).
#[cfg(test)]
fn cases() -> proptest::test_runner::Config {
    let cases = if std::env::var_os("MSAL_SOAK").is_some() {
        1_000_000
    } else {
        10_000
    };
    proptest::test_runner::Config {
        cases,
        failure_persistence: None,
        ..Default::default()
    }
}
