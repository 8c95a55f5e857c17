//! Eight processes that write one file: how fast, and whether anything is lost.

use std::env;
use std::error::Error;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use msal::store::{AccessTokenLookup, OwnerRef, TokenStore as _};
use msal::{PersistentCache, ScopeCase};

use crate::support::report::{note, row};
use crate::support::{CLIENT, HOST, TOKEN_LENGTH, keep_in, token};

/// On a disk, where each write is there after a crash, and in memory, where that costs nothing.
pub(crate) fn processes() -> Result<(), Box<dyn Error>> {
    let disk = tempfile::tempdir_in(env::current_exe()?.parent().ok_or("no folder")?)?;
    let rate = rate(disk.path())?;
    note(
        &format!("{PROCESSES} processes writing one file, durable"),
        &format!("{rate:.0} writes a second"),
    );
    if let Ok(memory) = tempfile::tempdir_in("/dev/shm") {
        let rate = self::rate(memory.path())?;
        note(
            &format!("{PROCESSES} processes writing one file, in memory (without fsync)"),
            &format!("{rate:.0} writes a second"),
        );
    }
    Ok(())
}

/// What one of the processes does, if this is one.
pub(crate) fn work() -> Option<Result<(), Box<dyn Error>>> {
    let (path, number) = (env::var_os(FILE)?, env::var(NUMBER).ok()?);
    Some(write(Path::new(&path), &number))
}

fn rate(folder: &Path) -> Result<f64, Box<dyn Error>> {
    let path = folder.join("cache.json");
    let start = Instant::now();
    let workers: Result<Vec<Child>, _> = (0..PROCESSES)
        .map(|number| {
            Command::new(env::current_exe()?)
                .arg("--bench")
                .env(FILE, &path)
                .env(NUMBER, number.to_string())
                .stdout(Stdio::null())
                .spawn()
        })
        .collect();
    for mut worker in workers? {
        if !worker.wait()?.success() {
            return Err("a process failed".into());
        }
    }
    let rate = f64::from(PROCESSES * WRITES) / start.elapsed().as_secs_f64();
    let cache = PersistentCache::file(&path)?;
    cache.load()?;
    let mut lost = 0;
    for number in 0..PROCESSES {
        for write in 0..WRITES {
            let realm = realm(&number.to_string(), write);
            let lookup = AccessTokenLookup {
                cloud: HOST,
                realm: &realm,
                client_id: CLIENT,
                owner: OwnerRef::App,
                binding: None,
                extended: None,
                scopes: &[SCOPE],
                scope_case: ScopeCase::Ignored,
            };
            lost += u32::from(cache.access_token(&lookup, crate::support::now()).is_none());
        }
    }
    row(
        &format!("{PROCESSES} processes with {WRITES} writes each"),
        "none lost",
        &format!("{lost} lost"),
        lost == 0,
    );
    Ok(rate)
}

fn write(path: &Path, number: &str) -> Result<(), Box<dyn Error>> {
    let cache = PersistentCache::file(path)?;
    for write in 0..WRITES {
        let realm = realm(number, write);
        keep_in(&cache, token(realm.into(), SCOPE, TOKEN_LENGTH));
        cache.save()?;
    }
    Ok(())
}

fn realm(number: &str, write: u32) -> String {
    format!("tenant-{number}-{write}")
}

const PROCESSES: u32 = 8;

/// So few that the file stays small.
const WRITES: u32 = 50;

const SCOPE: &str = "https://graph.microsoft.com/.default";

const FILE: &str = "MSAL_BENCH_FILE";

const NUMBER: &str = "MSAL_BENCH_NUMBER";
