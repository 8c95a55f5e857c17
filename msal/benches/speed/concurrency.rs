//! Many at once on an empty cache: one request a key, and nobody waits for longer than its round trip.

use std::error::Error;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use msal::{ConfidentialClientApplication, TokenCache};
use tokio::runtime::{Builder, Runtime};

use crate::support::network::Network;
use crate::support::race::median;
use crate::support::report::{row, time};
use crate::support::{async_app, blocking_app, cache_of, scopes};

/// Everybody asks for the same, while somebody else hits another key.
pub(crate) fn flights() -> Result<(), Box<dyn Error>> {
    for (tasks, spare) in [(64, 5), (10_000, 50)] {
        let rounds: Result<Vec<_>, _> = (0..ROUNDS).map(|_| of_tasks(tasks, 1)).collect();
        report(
            &format!("{tasks} tasks at once on an empty cache"),
            1,
            spare,
            &rounds?,
        );
    }
    let rounds: Result<Vec<_>, _> = (0..ROUNDS).map(|_| of_threads(64)).collect();
    report("64 threads at once on an empty cache", 1, 5, &rounds?);
    Ok(())
}

/// A hundred keys at once, each wanted by a hundred.
pub(crate) fn keys() -> Result<(), Box<dyn Error>> {
    let rounds: Result<Vec<_>, _> = (0..ROUNDS).map(|_| of_tasks(100, 100)).collect();
    report("100 keys × 100 tasks on an empty cache", 100, 50, &rounds?);
    Ok(())
}

struct Round {
    requests: u64,
    /// How long after the round trip all were done, in nanoseconds.
    late: f64,
    /// The 99th of a hundred hits on another key meanwhile.
    slow_hit: f64,
}

fn report(work: &str, requests: u64, spare: u32, rounds: &[Round]) {
    let counts: Vec<_> = rounds.iter().map(|round| round.requests).collect();
    let late = median(rounds.iter().map(|round| round.late).collect());
    let worst = rounds.iter().map(|round| round.late).fold(0.0, f64::max);
    row(
        work,
        &format!("{requests} requests; one round trip + {spare} ms"),
        &format!(
            "{counts:?} requests; + {}, at worst {}",
            time(late),
            time(worst)
        ),
        counts.iter().all(|count| *count == requests) && late <= f64::from(spare) * 1e6,
    );
    let slow = median(rounds.iter().map(|round| round.slow_hit).collect());
    let measured = format!("p99 {}", time(slow));
    row(
        "meanwhile a hit on another key",
        "p99 < 10 µs",
        &measured,
        slow < 10e3,
    );
}

fn of_tasks(tasks: usize, keys: usize) -> Result<Round, Box<dyn Error>> {
    let (cache, other) = cache_with_another_key();
    let network = Network::new(ROUND_TRIP);
    let app = async_app(&cache, &network);
    let scopes = scopes(keys + 1).split_off(1);
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()?;
    let hit = || {
        black_box(
            app.acquire_token_for_client([&other])
                .into_flow()
                .try_ready(),
        )
        .is_ok()
    };
    let (late, slow_hit) = beside_hits(hit, || all_at_once(&runtime, &app, &scopes, tasks));
    Ok(Round {
        requests: network.requests(),
        late: late?,
        slow_hit,
    })
}

fn all_at_once(
    runtime: &Runtime,
    app: &ConfidentialClientApplication,
    scopes: &[String],
    tasks: usize,
) -> Result<f64, Box<dyn Error>> {
    let start = Instant::now();
    let mut running = Vec::with_capacity(tasks * scopes.len());
    for _ in 0..tasks {
        for scope in scopes {
            let call = app.acquire_token_for_client([scope]).into_future();
            running.push(runtime.spawn(call));
        }
    }
    runtime.block_on(async {
        for task in running {
            task.await??;
        }
        Ok(late(start))
    })
}

fn of_threads(threads: usize) -> Result<Round, Box<dyn Error>> {
    let (cache, other) = cache_with_another_key();
    let network = Network::new(ROUND_TRIP);
    let app = blocking_app(&cache, &network);
    let wanted = scopes(2).split_off(1);
    let hit = || {
        black_box(
            app.acquire_token_for_client([&other])
                .into_flow()
                .try_ready(),
        )
        .is_ok()
    };
    let (late, slow_hit) = beside_hits(hit, || {
        let start = Instant::now();
        thread::scope(|scope| {
            let call = || app.acquire_token_for_client([&wanted[0]]).send().map(drop);
            let running: Vec<_> = (0..threads).map(|_| scope.spawn(call)).collect();
            for thread in running {
                thread.join().map_err(|_| "a call panicked")??;
            }
            Ok::<_, Box<dyn Error>>(late(start))
        })
    });
    Ok(Round {
        requests: network.requests(),
        late: late?,
        slow_hit,
    })
}

/// Does some work while another thread hits the cache, and gives the time that only one hit of a hundred exceeded.
fn beside_hits<T>(hit: impl Fn() -> bool + Sync, work: impl FnOnce() -> T) -> (T, f64) {
    let over = AtomicBool::new(false);
    thread::scope(|threads| {
        let hits = threads.spawn(|| {
            let mut times = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let start = Instant::now();
                assert!(hit(), "it is in the cache");
                times.push(start.elapsed().as_nanos() as f64);
                // Leaves a processor to those who wait.
                thread::sleep(PAUSE);
            }
            times.sort_unstable_by(f64::total_cmp);
            times[times.len() * 99 / 100]
        });
        let done = work();
        over.store(true, Ordering::Relaxed);
        (done, hits.join().unwrap_or(f64::INFINITY))
    })
}

fn cache_with_another_key() -> (TokenCache, String) {
    let scopes = scopes(1);
    (cache_of(&scopes, 16), scopes[0].clone())
}

fn late(start: Instant) -> f64 {
    start.elapsed().saturating_sub(ROUND_TRIP).as_nanos() as f64
}

const ROUND_TRIP: Duration = Duration::from_millis(200);
const PAUSE: Duration = Duration::from_micros(50);
const ROUNDS: usize = 5;
