//! Hits: how long one takes, whatever the size of the cache, and how many there are a second.

use std::error::Error;
use std::hint::{black_box, spin_loop};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use msal::{ConfidentialClientApplication, blocking};
use tokio::runtime::Runtime;

use crate::support::limit::Limit;
use crate::support::network::Network;
use crate::support::race::Race;
use crate::support::report::{note, row, time};
use crate::support::{TENANT, async_app, blocking_app, keep, scopes, token, unlimited};

/// One key again and again, and keys at random, at each size.
pub(crate) fn sizes() -> Result<(), Box<dyn Error>> {
    let cases: Vec<Case> = SIZES.iter().map(|size| Case::new(*size)).collect();
    let runtime = runtime(1)?;
    for (work, at_random) in [("one key", false), ("random keys", true)] {
        for case in &cases {
            let keys = if at_random {
                &case.order[..]
            } else {
                &case.order[..1]
            };
            let race = Race::run(
                ROUNDS,
                CALLS,
                [
                    &mut |calls| look_up(&case.limit, keys, &case.scopes, calls),
                    &mut |calls| send(&case.blocking, keys, &case.scopes, calls),
                    &mut |calls| {
                        runtime.block_on(wait(&case.asynchronous, keys, &case.scopes, calls))
                    },
                ],
            );
            let size = case.scopes.len();
            note(&format!("limit, {work} of {size}"), &time(race.time(0)));
            for (way, one, most) in [("synchronous", 1, 2.0), ("async", 2, 4.0)] {
                let ratio = race.ratio(one, 0);
                row(
                    &format!("cached app token, {way}, {work} of {size}"),
                    &format!("≤ {most} × limit"),
                    &format!("{} = {ratio:.2} × limit", time(race.time(one))),
                    ratio <= most,
                );
            }
        }
    }
    flatness(&cases);
    Ok(())
}

/// The largest usual cache against the smallest, in turns.
fn flatness(cases: &[Case]) {
    let [one, .., large, _] = cases else { return };
    let race = Race::run(
        ROUNDS,
        CALLS,
        [
            &mut |calls| send(&one.blocking, &one.order[..1], &one.scopes, calls),
            &mut |calls| send(&large.blocking, &large.order[..1], &large.scopes, calls),
        ],
    );
    let ratio = race.ratio(1, 0);
    let measured = format!("{ratio:.2} × 1 entry");
    row(
        "cached app token, synchronous, 100k entries",
        "≤ 1.5 × 1 entry",
        &measured,
        ratio <= 1.5,
    );
}

/// Hits a second of two threads and of many tasks. The limit's own tell what the machine has to give at the moment.
pub(crate) fn threads() -> Result<(), Box<dyn Error>> {
    let case = Arc::new(Case::new(10_000));
    let (front, back) = case.order.split_at(case.order.len() / 2);
    for (keys, ours, theirs) in [
        ("other keys", front, back),
        ("one key", &front[..1], &front[..1]),
    ] {
        let limit = two_threads(
            || look_up(&case.limit, ours, &case.scopes, THREAD_CALLS),
            || look_up(&case.limit, theirs, &case.scopes, THREAD_CALLS),
        );
        let hits = two_threads(
            || send(&case.blocking, ours, &case.scopes, THREAD_CALLS),
            || send(&case.blocking, theirs, &case.scopes, THREAD_CALLS),
        );
        note(
            &format!("limit, 2 threads on {keys}"),
            &format!("{limit:.2} × one thread"),
        );
        let name = format!("hits a second, 2 threads on {keys}");
        let measured = format!("{hits:.2} × one thread");
        match keys {
            "one key" => note(&name, &measured),
            _ => row(&name, "≥ 1.6 × one thread", &measured, hits >= 1.6),
        }
    }
    let runtime = runtime(2)?;
    for (keys, apart) in [("other keys", true), ("one key", false)] {
        let rounds =
            (0..ROUNDS).map(|_| [1, TASKS].map(|tasks| of_tasks(&runtime, &case, tasks, apart)));
        // The best of many short rounds of each: what other programs take away is not counted.
        let best = rounds.fold([0.0, 0.0], |[one, many], round| {
            [f64::max(one, round[0]), f64::max(many, round[1])]
        });
        let ratio = best[1] / best[0];
        let name = format!("hits a second, {TASKS} tasks on {keys}");
        row(
            &name,
            "≥ 1 × one task",
            &format!("{ratio:.2} × one task"),
            ratio >= 1.0,
        );
    }
    Ok(())
}

/// How many times as much two threads do in the same time as one, in the best of many short rounds of each.
fn two_threads(ours: impl Fn(), theirs: impl Fn() + Sync) -> f64 {
    let (turn, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let reaches = |counter: &AtomicUsize, round| {
        // Wide awake, since a thread that is woken may begin late and beside the other on one processor.
        while counter.load(Ordering::Acquire) < round {
            spin_loop();
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            for round in 1..=ROUNDS {
                reaches(&turn, round);
                theirs();
                done.store(round, Ordering::Release);
            }
        });
        let mut best = [Duration::MAX; 2];
        for round in 1..=ROUNDS {
            let start = Instant::now();
            ours();
            best[0] = best[0].min(start.elapsed());
            let start = Instant::now();
            turn.store(round, Ordering::Release);
            ours();
            reaches(&done, round);
            best[1] = best[1].min(start.elapsed());
        }
        2.0 * best[0].as_secs_f64() / best[1].as_secs_f64()
    })
}

/// Hits a second of so many tasks, each with keys of its own or all with the same one.
fn of_tasks(runtime: &Runtime, case: &Arc<Case>, tasks: usize, apart: bool) -> f64 {
    let each = TASK_CALLS / tasks as u64;
    let start = Instant::now();
    let running: Vec<_> = (0..tasks)
        .map(|task| {
            let case = case.clone();
            let keys = if apart {
                task * APART..(task + 1) * APART
            } else {
                0..1
            };
            runtime.spawn(async move {
                wait(&case.asynchronous, &case.order[keys], &case.scopes, each).await;
            })
        })
        .collect();
    for task in running {
        runtime.block_on(task).expect("every call hits");
    }
    TASK_CALLS as f64 / start.elapsed().as_secs_f64()
}

/// A cache of one size, what looks into it, and the limit for that size.
struct Case {
    scopes: Vec<String>,
    order: Vec<u32>,
    limit: Limit,
    blocking: blocking::ConfidentialClientApplication,
    asynchronous: ConfidentialClientApplication,
}

impl Case {
    fn new(size: usize) -> Self {
        let scopes = scopes(size);
        // Short, since a hit does not look at the token's text, and a million long ones take more than a gigabyte.
        let tokens: Vec<_> = scopes
            .iter()
            .map(|scope| token(TENANT.into(), scope, 16))
            .collect();
        let (cache, network) = (unlimited(), Network::instant());
        for token in &tokens {
            keep(&cache, token.clone());
        }
        Self {
            order: shuffled(size),
            limit: Limit::of(tokens),
            blocking: blocking_app(&cache, &network),
            asynchronous: async_app(&cache, &network),
            scopes,
        }
    }
}

/// All places, in an order that no processor foresees.
pub(crate) fn shuffled(size: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..size as u32).collect();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for place in (1..order.len()).rev() {
        // Xorshift.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        order.swap(place, (state % (place as u64 + 1)) as usize);
    }
    order
}

fn look_up(limit: &Limit, keys: &[u32], scopes: &[String], calls: u64) {
    for key in keys.iter().cycle().take(calls as usize) {
        let token = limit.find(black_box(&scopes[*key as usize]));
        assert!(black_box(token).is_some(), "every call hits");
    }
}

fn send(
    app: &blocking::ConfidentialClientApplication,
    keys: &[u32],
    scopes: &[String],
    calls: u64,
) {
    for key in keys.iter().cycle().take(calls as usize) {
        let scope = black_box(&scopes[*key as usize]);
        let outcome = app.acquire_token_for_client([scope]).send();
        assert!(black_box(outcome).is_ok(), "every call hits");
    }
}

async fn wait(app: &ConfidentialClientApplication, keys: &[u32], scopes: &[String], calls: u64) {
    for key in keys.iter().cycle().take(calls as usize) {
        let scope = black_box(&scopes[*key as usize]);
        let outcome = app.acquire_token_for_client([scope]).await;
        assert!(black_box(outcome).is_ok(), "every call hits");
    }
}

fn runtime(threads: usize) -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_time()
        .build()
}

const SIZES: [usize; 5] = [1, 100, 10_000, 100_000, 1_000_000];
const ROUNDS: usize = 200;
const CALLS: u64 = 5_000;
const THREAD_CALLS: u64 = 20_000;
const TASK_CALLS: u64 = 64_000;
/// How many keys a task has for itself.
const APART: usize = 100;
const TASKS: usize = 64;
