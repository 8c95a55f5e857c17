//! Many processes that want the same token at the same time.

use std::time::Duration;

use super::*;

/// So that all of them are there before the first is served.
const LATENCY: Duration = Duration::from_millis(300);

fn one_request_for(kinds: &[Kind]) {
    let stage = Stage::expired();
    let mut processes = stage.processes(kinds, MANY);
    stage.provider.set_latency(LATENCY);
    let tokens = tokens(&mut processes, "silent");
    all_one(&tokens);
    assert_eq!(stage.token_requests(), 1);
}

#[test]
fn sixteen_processes_make_one_refresh_with_both_apis() {
    one_request_for(&Kind::BOTH);
}

#[test]
fn sixteen_async_processes_make_one_refresh() {
    one_request_for(&[Kind::Async]);
}

#[test]
fn sixteen_blocking_processes_make_one_refresh() {
    one_request_for(&[Kind::Blocking]);
}

#[test]
fn sixteen_processes_use_up_one_refresh_token_after_the_other_when_all_insist() {
    let stage = Stage::expired();
    let mut processes = stage.processes(&Kind::BOTH, MANY);
    let mut tokens = tokens(&mut processes, "forced");
    assert_eq!(stage.token_requests(), MANY as u64);
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), MANY);
    let last = processes[0].token("forced");
    assert!(!tokens.contains(&last), "the sign-in lives on");
}

#[test]
fn sixteen_processes_ask_for_one_app_token() {
    let stage = Stage::new();
    let mut processes = stage.processes(&Kind::BOTH, MANY);
    stage.provider.set_latency(LATENCY);
    let tokens = tokens(&mut processes, "app-token");
    all_one(&tokens);
    assert_eq!(stage.token_requests(), 1);
}
