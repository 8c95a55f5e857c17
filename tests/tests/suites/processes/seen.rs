//! What one process does, as the others see it.

use std::time::Duration;

use super::*;

/// How long what is in memory may be given out before the file is looked at.
const A_SECOND: Duration = Duration::from_millis(1_050);

#[test]
fn a_user_who_signs_in_in_one_process_is_seen_by_the_next_look_of_another() {
    for kind in Kind::BOTH {
        let stage = Stage::new();
        let mut long_running = stage.process(kind);
        long_running.says("silent", "nobody");
        stage.process(kind).says("sign-in", "signed in");
        stage.provider.clear_journal();
        long_running.says("accounts", "accounts 1");
        long_running.token("silent");
        assert_eq!(stage.token_requests(), 0, "it was there");
    }
}

#[test]
fn what_one_process_obtains_is_seen_by_the_next_miss_of_another() {
    for kind in Kind::BOTH {
        let stage = Stage::expired();
        let mut long_running = stage.process(kind);
        long_running.says("accounts", "accounts 1");
        let token = stage.process(kind).token("silent");
        assert_eq!(long_running.token("silent"), token);
        assert_eq!(stage.token_requests(), 1);
    }
}

#[test]
fn what_one_process_renews_or_ends_is_seen_by_the_hits_of_another_within_a_second() {
    let stage = Stage::new();
    let mut processes = stage.processes(&Kind::BOTH, 2);
    let mut other = stage.process(Kind::Blocking);
    other.says("sign-in", "signed in");
    let old = tokens(&mut processes, "silent");
    all_one(&old);
    let new = other.token("forced");
    std::thread::sleep(A_SECOND);
    for token in tokens(&mut processes, "silent") {
        assert_eq!(token, new);
    }
    other.says("sign-out", "signed out true");
    std::thread::sleep(A_SECOND);
    for process in &mut processes {
        process.says("silent", SIGNED_OUT);
    }
}

#[test]
fn a_user_who_signs_out_while_another_process_refreshes_stays_signed_out() {
    for kind in Kind::BOTH {
        let stage = Stage::expired();
        let (mut refreshing, mut other) = (stage.process(kind), stage.process(kind));
        let hold = stage.provider.hold(Endpoint::Token);
        refreshing.order("silent");
        stage.arrived(1);
        other.says("sign-out", "signed out true");
        hold.release();
        refreshing.given();
        for process in [&mut refreshing, &mut other] {
            process.says("accounts", "accounts 0");
            process.says("silent", SIGNED_OUT);
        }
        stage.process(kind).says("silent", "nobody");
        let kept = stage.kept();
        for left in ["AccessToken\"", "RefreshToken\"", "\"IdToken\""] {
            assert!(
                !kept.contains(&format!("\"credential_type\":\"{left}")),
                "{left}"
            );
        }
        assert_eq!(stage.token_requests(), 1);
    }
}

#[test]
fn a_long_running_process_that_is_stopped_while_another_refreshes_its_token_stays_stopped() {
    for kind in Kind::BOTH {
        let mut stage = Stage::new();
        stage.process(kind).token("begin");
        stage.let_tokens_expire();
        let (mut refreshing, mut other) = (stage.process(kind), stage.process(kind));
        let hold = stage.provider.hold(Endpoint::Token);
        refreshing.order("go-on");
        stage.arrived(1);
        other.says("stop", "stopped");
        hold.release();
        refreshing.given();
        for process in [&mut refreshing, &mut other, &mut stage.process(kind)] {
            process.says("go-on", "error not_cached -");
        }
        assert_eq!(stage.token_requests(), 1);
    }
}

#[test]
fn a_long_running_process_goes_on_in_whichever_process() {
    let mut stage = Stage::new();
    stage.process(Kind::Async).token("begin");
    stage.let_tokens_expire();
    let mut processes = stage.processes(&Kind::BOTH, MANY);
    stage.provider.set_latency(Duration::from_millis(300));
    all_one(&tokens(&mut processes, "go-on"));
    assert_eq!(stage.token_requests(), 1);
}

const SIGNED_OUT: &str = "error interaction_required -";
