//! Processes that are killed while they hold the lease.

use std::time::{Duration, Instant};

use super::*;

#[test]
fn a_process_that_is_killed_while_its_request_waits_leaves_the_turn_to_the_next() {
    for kind in Kind::BOTH {
        let stage = Stage::expired();
        let mut first = stage.process(kind);
        let mut others = stage.processes(&Kind::BOTH, MANY - 1);
        let hold = stage.provider.hold(Endpoint::Token);
        first.order("silent");
        stage.arrived(1);
        for process in &mut others {
            process.order("silent");
        }
        std::thread::sleep(Duration::from_millis(100));
        assert_eq!(stage.token_requests(), 1, "the others wait");
        first.kill();
        let killed = Instant::now();
        stage.arrived(2);
        eprintln!("the next asked {:?} after the kill", killed.elapsed());
        hold.release();
        let tokens: Vec<_> = others.iter_mut().map(Process::given).collect();
        all_one(&tokens);
        assert_eq!(stage.token_requests(), 2, "that of the dead, and one");
    }
}

#[test]
fn a_process_that_is_killed_before_its_request_leaves_the_turn_to_the_next() {
    for kind in Kind::BOTH {
        let stage = Stage::expired();
        let mut first = stage.process_that(kind, "before KILL");
        let mut others = stage.processes(&Kind::BOTH, MANY - 1);
        first.order("silent");
        first.is_dead();
        assert_eq!(stage.token_requests(), 0);
        let tokens = tokens(&mut others, "silent");
        all_one(&tokens);
        assert_eq!(stage.token_requests(), 1);
    }
}

/// The provider has changed the refresh token, and the new one died with its process: nobody can have it. What can be
/// had is that the old one is used once more, by one process alone, and never again.
#[test]
fn a_process_that_is_killed_with_the_answer_in_hand_costs_one_request_and_no_more() {
    for kind in Kind::BOTH {
        let stage = Stage::expired();
        let mut first = stage.process_that(kind, "after KILL");
        let mut others = stage.processes(&Kind::BOTH, MANY - 1);
        first.order("silent");
        first.is_dead();
        for process in &mut others {
            process.order("silent");
        }
        let mut answers: Vec<_> = others.iter_mut().map(Process::answer).collect();
        assert_eq!(stage.token_requests(), 2);
        answers.sort_unstable();
        let (refused, rest) = answers.split_last().unwrap();
        assert_eq!(refused, "error interaction_required invalid_grant");
        for answer in rest {
            assert_eq!(answer, "error interaction_required -");
        }
        assert!(
            !stage
                .kept()
                .contains("\"credential_type\":\"RefreshToken\"")
        );
    }
}

/// Where old refresh tokens go on working, as those of Entra ID do, nobody notices.
#[test]
fn a_process_that_is_killed_with_the_answer_in_hand_is_made_up_for() {
    let stage = Stage::expired();
    stage.provider.set_rotating_refresh_tokens(false);
    let mut first = stage.process_that(Kind::Blocking, "after KILL");
    let mut others = stage.processes(&Kind::BOTH, MANY - 1);
    first.order("silent");
    first.is_dead();
    let tokens = tokens(&mut others, "silent");
    all_one(&tokens);
    assert_eq!(stage.token_requests(), 2);
}
