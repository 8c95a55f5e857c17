//! Times what callers wait for, each beside what it is to be compared with, in one run.
//!
//! `cargo bench -p msal --bench speed`; with a word after `--`, only the parts whose name contains it.

mod concurrency;
mod hits;
mod processes;
mod provider;
mod signing;
#[path = "../support/mod.rs"]
mod support;
mod users;
mod whole;

use std::env;
use std::error::Error;

use support::report;

type Part = fn() -> Result<(), Box<dyn Error>>;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    // `cargo test` runs benches without it.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return Ok(());
    }
    if let Some(worked) = processes::work() {
        return worked;
    }
    report::head("Times, in one run");
    let parts: [(&str, Part); 14] = [
        ("hits", hits::sizes),
        ("threads", hits::threads),
        ("silent", users::sizes),
        ("superset", users::superset),
        ("finding", users::finding),
        ("renewal", users::renewal),
        ("flights", concurrency::flights),
        ("keys", concurrency::keys),
        ("acquisition", signing::secret),
        ("certificate", signing::certificate_credential),
        ("tls", provider::keep_alive),
        ("whole-load", whole::read),
        ("whole-store", whole::write),
        ("processes", processes::processes),
    ];
    let wanted = arguments.iter().find(|argument| !argument.starts_with('-'));
    for (name, part) in parts {
        if wanted.is_none_or(|wanted| name.contains(wanted.as_str())) {
            part()?;
        }
    }
    Ok(())
}
