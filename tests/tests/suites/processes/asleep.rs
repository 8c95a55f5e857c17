//! A process that is stopped while it holds the lease. It takes long, so it comes first.

use std::time::{Duration, Instant};

use super::*;

#[test]
fn a_process_that_is_stopped_with_the_lease_is_waited_for_and_then_left_behind() {
    let stage = Stage::expired();
    let mut first = stage.process_that(Kind::Blocking, "before STOP");
    first.order("silent");
    first.is_stopped();
    let mut others = stage.processes(&Kind::BOTH, MANY - 1);
    let begun = Instant::now();
    let tokens = tokens(&mut others, "silent");
    let waited = begun.elapsed();
    let limit = Duration::from_secs(35);
    assert!(waited >= limit, "{waited:?}");
    assert!(waited < limit + Duration::from_secs(3), "{waited:?}");
    all_one(&tokens);
    assert_eq!(stage.token_requests(), 1);
}
