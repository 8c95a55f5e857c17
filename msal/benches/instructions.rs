//! Counts the instructions of a call, which no other load of the machine changes: runs itself under valgrind.
//!
//! There the clock is read by a system call, of which next to nothing is counted; elsewhere it is half of the limit.
//! So these are figures to be compared with those of another version, not with the reach.
//!
//! `cargo bench -p msal --bench instructions`. To see where they go:
//! `valgrind --tool=callgrind target/release/deps/instructions-… hit 1000`, and `--tool=dhat` for allocations.

mod support;

use std::env;
use std::error::Error;
use std::hint::black_box;
use std::process::Command;

use msal::AuthenticationResult;

use support::limit::Limit;
use support::network::Network;
use support::{async_app, blocking_app, cache_of, report, scopes, token};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match &arguments[..] {
        [job, calls] => work(job, calls.parse()?),
        // `cargo test` runs benches without it.
        [flag] if flag == "--bench" => table(),
        _ => Ok(()),
    }
}

fn table() -> Result<(), Box<dyn Error>> {
    report::head("Instructions a call, by callgrind");
    if Command::new("valgrind").arg("--version").output().is_err() {
        report::note("none is counted", "valgrind is not installed");
        return Ok(());
    }
    let limit = instructions("limit")?;
    report::note("limit", &limit.to_string());
    for (job, work) in [
        ("hit", "cached app token, synchronous path, 100 entries"),
        ("async-hit", "the same through the async call"),
        ("acquire", "acquisition in memory, secret"),
        ("async-acquire", "the same through the async call"),
    ] {
        let count = instructions(job)?;
        let measured = format!("{count} = {:.2} × limit", count as f64 / limit as f64);
        report::note(work, &measured);
    }
    Ok(())
}

/// What a further call takes.
fn instructions(job: &str) -> Result<u64, Box<dyn Error>> {
    Ok((collected(job, FEW + MORE)? - collected(job, FEW)?) / MORE)
}

/// All instructions of a process that makes so many calls.
fn collected(job: &str, calls: u64) -> Result<u64, Box<dyn Error>> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .args([job, &calls.to_string()])
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let total = text.lines().find_map(|line| line.split_once("Collected :"));
    let (_, total) = total.ok_or_else(|| text.clone().into_owned())?;
    Ok(total.trim().parse()?)
}

fn work(job: &str, calls: u64) -> Result<(), Box<dyn Error>> {
    let scopes = scopes(100);
    let scope = [&scopes[42]];
    let (cache, network) = (cache_of(&scopes, 16), Network::instant());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    match job {
        "limit" => {
            let tokens = scopes
                .iter()
                .map(|scope| token(support::TENANT.into(), scope, 16));
            let limit = Limit::of(tokens);
            repeat(calls, || {
                black_box(limit.find(black_box(&scopes[42]))).is_some()
            });
        }
        "hit" => {
            let app = blocking_app(&cache, &network);
            repeat(calls, || {
                is_good(app.acquire_token_for_client(black_box(scope)).send())
            });
        }
        "async-hit" => {
            let app = async_app(&cache, &network);
            runtime.block_on(async {
                for _ in 0..calls {
                    is_good(app.acquire_token_for_client(black_box(scope)).await);
                }
            });
        }
        "acquire" => {
            let app = blocking_app(&cache, &network);
            let acquire = || app.acquire_token_for_client(scope).force_refresh().send();
            repeat(calls, || is_good(acquire()));
        }
        "async-acquire" => {
            let app = async_app(&cache, &network);
            runtime.block_on(async {
                for _ in 0..calls {
                    is_good(app.acquire_token_for_client(scope).force_refresh().await);
                }
            });
        }
        _ => return Err(format!("no job {job}").into()),
    }
    Ok(())
}

fn repeat(calls: u64, call: impl Fn() -> bool) {
    for _ in 0..calls {
        assert!(call(), "every call succeeds");
    }
}

fn is_good(outcome: Result<AuthenticationResult, msal::Error>) -> bool {
    black_box(outcome).is_ok()
}

const FEW: u64 = 100;
const MORE: u64 = 1_000;
