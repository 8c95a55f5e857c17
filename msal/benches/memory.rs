//! Counts what calls allocate and what a kept token takes. `tests/allocations.rs` holds the gates.
//!
//! `cargo bench -p msal --bench memory`

mod support;

use std::error::Error;

use allocation_counter::{AllocationInfo, measure};
use msal::store::TokenStore as _;
use msal::{ClientCredential, blocking};

use support::network::Network;
use support::signed_in::{SECRETS, signed_in};
use support::{
    TOKEN_LENGTH, async_app, blocking_app, cache_of, keep, report, scopes, token, unlimited,
};

fn main() -> Result<(), Box<dyn Error>> {
    // `cargo test` runs benches without it.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    report::head("Allocations of a call, and memory");
    hits()?;
    acquisitions()?;
    for (count, realms_differ) in [(100_000, true), (100_000, false), (10_000, true)] {
        kept(count, realms_differ);
    }
    for count in [10_000, 100_000] {
        users(count, false);
        users(count, true);
    }
    Ok(())
}

fn hits() -> Result<(), Box<dyn Error>> {
    let scopes = scopes(100_000);
    let scope = [&scopes[42]];
    let (cache, network) = (cache_of(&scopes, 16), Network::instant());
    let app = blocking_app(&cache, &network);
    let cost = allocations(|| app.acquire_token_for_client(scope).send().map(drop))?;
    row("cached app token, synchronous path, 100k entries", 0, cost);
    let app = async_app(&cache, &network);
    let cost = awaited(async || app.acquire_token_for_client(scope).await.map(drop))?;
    row("the same through the async call", 2, cost);
    Ok(())
}

fn acquisitions() -> Result<(), Box<dyn Error>> {
    let scopes = scopes(2);
    let (cache, network) = (unlimited(), Network::instant());
    let app = blocking_app(&cache, &network);
    let acquire = |scope: &String| app.acquire_token_for_client([scope]).send().map(drop);
    acquire(&scopes[0])?;
    let cost = allocations(|| acquire(&scopes[1]))?;
    row("acquisition in memory, secret, a new key", 40, cost);
    let again = || {
        app.acquire_token_for_client([&scopes[0]])
            .force_refresh()
            .send()
            .map(drop)
    };
    row("the same, replacing a token", 40, allocations(again)?);

    let app = async_app(&unlimited(), &network);
    let acquire = async |scope: &String| app.acquire_token_for_client([scope]).await.map(drop);
    awaited(async || acquire(&scopes[0]).await)?;
    let cost = awaited(async || acquire(&scopes[1]).await)?;
    row("the same through the async call, a new key", 40, cost);

    let app = blocking::ConfidentialClientApplication::builder(support::CLIENT)
        .authority(support::authority())
        .credential(ClientCredential::from_certificate(support::certificate()?))
        .transport(network)
        .build()?;
    let acquire = |scope: &String| app.acquire_token_for_client([scope]).send().map(drop);
    acquire(&scopes[0])?;
    let cost = allocations(|| acquire(&scopes[1]))?;
    let text = format!(
        "{} allocations, {} bytes",
        cost.count_total, cost.bytes_total
    );
    report::note("acquisition in memory, certificate, a new key", &text);
    Ok(())
}

fn kept(count: usize, realms_differ: bool) {
    let realm = |n| {
        format!(
            "3d4f8a3c-0a52-4d1e-9a0c-{:012}",
            if realms_differ { n } else { 0 }
        )
    };
    let realms: Vec<_> = (0..count).map(realm).collect();
    let scopes = if realms_differ {
        vec!["https://graph.microsoft.com/.default".to_owned(); count]
    } else {
        scopes(count)
    };
    let cache = unlimited();
    let held = measure(|| {
        for (realm, scope) in realms.iter().zip(&scopes) {
            keep(&cache, token(realm.as_str().into(), scope, TOKEN_LENGTH));
        }
    });
    let bytes = held.bytes_current / count as i64;
    let apart = if realms_differ {
        "tenants"
    } else {
        "resources"
    };
    let work = format!("memory per cached app token of 1,100 characters, {count} {apart}");
    report::row(
        &work,
        "≤ 1,350 bytes",
        &format!("{bytes} bytes"),
        bytes <= 1_350,
    );
}

/// What a user takes who has signed in: access, refresh and id token and account.
fn users(count: usize, has_profile: bool) {
    let cache = unlimited();
    let held = measure(|| {
        for user in 0..count {
            cache.apply(&signed_in(user, has_profile));
        }
    });
    let bytes = held.bytes_current / count as i64;
    let secrets: usize = SECRETS.into_iter().sum();
    let profile = match has_profile {
        true => ", with all that a sign-in writes",
        false => "",
    };
    report::row(
        &format!("memory per user of {count}, {secrets} bytes of secrets{profile}"),
        "≤ 3,600 bytes",
        &format!("{bytes} bytes"),
        bytes <= 3_600,
    );
}

/// What a call allocates, of this thread.
fn allocations(
    call: impl FnOnce() -> Result<(), msal::Error>,
) -> Result<AllocationInfo, msal::Error> {
    let mut outcome = Ok(());
    let cost = measure(|| outcome = call());
    outcome.map(|()| cost)
}

/// What a call allocates that is awaited. Polling it once on a runtime that is there already costs nothing more.
fn awaited(
    call: impl AsyncFnOnce() -> Result<(), msal::Error>,
) -> Result<AllocationInfo, Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    Ok(allocations(|| runtime.block_on(call()))?)
}

fn row(work: &str, most: u64, cost: AllocationInfo) {
    let reach = format!("≤ {most} allocations");
    let measured = format!(
        "{} allocations, {} bytes",
        cost.count_total, cost.bytes_total
    );
    report::row(work, &reach, &measured, cost.count_total <= most);
}
