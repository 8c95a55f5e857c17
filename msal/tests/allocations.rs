//! What does not depend on how fast the machine is: how often a call allocates, and what a kept token takes.
//!
//! In a test binary of its own, since counting replaces the allocator.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../benches/support/mod.rs"]
mod support;

use allocation_counter::{AllocationInfo, measure};
use msal::{AuthenticationResult, Error, TokenSource};

use support::network::Network;
use support::users::{GRANTED, async_public, blocking_public, cache_of_users, home_account_id};
use support::{
    TOKEN_LENGTH, async_app, blocking_app, cache_of, keep, ready, scopes, token, unlimited,
};

#[test]
fn a_cached_token_costs_no_allocation() {
    let scopes = scopes(100);
    let (cache, network) = (cache_of(&scopes, TOKEN_LENGTH), Network::instant());
    let app = blocking_app(&cache, &network);
    let scope = [&scopes[42]];
    let cost = cost(
        || app.acquire_token_for_client(scope).send(),
        TokenSource::Cache,
    );
    assert_eq!(cost.count_total, 0);
    assert_eq!(network.requests(), 0);
}

#[test]
fn awaiting_a_cached_token_costs_two_allocations_at_most() {
    let scopes = scopes(100);
    let (cache, network) = (cache_of(&scopes, TOKEN_LENGTH), Network::instant());
    let app = async_app(&cache, &network);
    let scope = [&scopes[42]];
    let cost = cost(
        || ready(app.acquire_token_for_client(scope)),
        TokenSource::Cache,
    );
    assert!(cost.count_total <= 2, "{cost:?}");
    assert_eq!(network.requests(), 0);
}

#[test]
fn a_cached_token_of_a_user_costs_no_allocation() {
    let (cache, _) = cache_of_users(100, GRANTED);
    let network = Network::instant();
    let app = blocking_public(&cache, &network);
    let id = home_account_id(42);
    let accounts = app.accounts().home_account_id(&id).send().unwrap();
    let silent = || app.acquire_token_silent(["User.Read"], &accounts[0]).send();
    assert_eq!(cost(silent, TokenSource::Cache).count_total, 0);

    let app = async_public(&cache, &network);
    let silent = || ready(app.acquire_token_silent(["User.Read"], &accounts[0]));
    assert_eq!(cost(silent, TokenSource::Cache).count_total, 0);
    assert_eq!(network.requests(), 0);
}

#[test]
fn a_new_token_costs_forty_allocations_at_most() {
    let scopes = scopes(2);
    let (cache, network) = (unlimited(), Network::instant());
    let app = blocking_app(&cache, &network);
    let acquire = |scope: &String| app.acquire_token_for_client([scope]).send();
    acquire(&scopes[0]).unwrap();
    let cost = cost(|| acquire(&scopes[1]), TokenSource::IdentityProvider);
    assert!(cost.count_total <= 40, "{cost:?}");
    assert_eq!(network.requests(), 2);
}

#[test]
fn a_kept_token_takes_1350_bytes_at_most() {
    let realms: Vec<_> = (0..COUNT)
        .map(|n| format!("3d4f8a3c-0a52-4d1e-9a0c-{n:012}"))
        .collect();
    let cache = unlimited();
    let held = measure(|| {
        for realm in &realms {
            let graph = "https://graph.microsoft.com/.default";
            keep(&cache, token(realm.as_str().into(), graph, TOKEN_LENGTH));
        }
    });
    let bytes = held.bytes_current / COUNT as i64;
    assert!(
        (TOKEN_LENGTH as i64..=1_350).contains(&bytes),
        "{bytes} bytes a token"
    );
}

/// What a call allocates that has been made before.
fn cost(
    call: impl Fn() -> Result<AuthenticationResult, Error>,
    source: TokenSource,
) -> AllocationInfo {
    let mut outcome = None;
    let cost = measure(|| outcome = Some(call()));
    assert_eq!(outcome.unwrap().unwrap().token_source(), source);
    cost
}

const COUNT: usize = 20_000;
