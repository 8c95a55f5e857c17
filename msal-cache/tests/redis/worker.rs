//! Another process: this same test binary, told by a variable what to do.

use std::process::{Command, Stdio};
use std::time::Duration;

use msal_cache::redis::RedisOptions;

use crate::server::Server;
use crate::stores::both;
use crate::writers::append;

/// A process that does a job with a Redis.
pub(crate) fn worker(server: &Server, job: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "--exact",
            "worker::works_for_the_other_tests",
            "--nocapture",
            "--test-threads=1",
            "--quiet",
        ])
        .env(JOB, job)
        .env(URL, server.url())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The test that is no test unless it is told what to do.
#[test]
#[expect(clippy::print_stdout, reason = "so it is told what happens")]
fn works_for_the_other_tests() {
    let (Ok(url), Ok(job)) = (std::env::var(URL), std::env::var(JOB)) else {
        return;
    };
    let options = RedisOptions::new(url).unwrap();
    let words: Vec<&str> = job.split(' ').collect();
    let [blocking, on_tokio] = both(&options);
    let store = match words.contains(&"async") {
        true => on_tokio,
        false => blocking,
    };
    match words[0] {
        "append" => {
            let (name, count): (_, u32) = (words[1], words[2].parse().unwrap());
            let store = &*store;
            let longest = std::thread::scope(|scope| {
                let threads: Vec<_> = (0..8)
                    .map(|thread| {
                        scope.spawn(move || {
                            let line = |n| format!("{name}-{thread} {n}\n");
                            (0..count).map(|n| append(store, &line(n))).max()
                        })
                    })
                    .collect();
                let longest = threads.into_iter().map(|thread| thread.join().unwrap());
                longest.max().flatten().unwrap()
            });
            eprintln!("{name}: the longest write took {} ms", longest.as_millis());
        }
        // Is killed while it has the lease.
        "hold" => {
            let lease = store
                .lease("user", &[1; 32], Duration::from_secs(5))
                .unwrap();
            assert!(lease.is_held());
            println!("held");
            std::thread::sleep(Duration::from_secs(60));
        }
        job => panic!("no such job: {job}"),
    }
}

const JOB: &str = "MSAL_TEST_JOB";

const URL: &str = "MSAL_TEST_REDIS";
