//! Another process, which has a session bus of its own: this same test binary, told by a variable what to do.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use msal_cache::encrypted::EncryptionKey;
use msal_cache::file::FileStore;
use msal_cache::keyring::{Encoding, Keyring, KeyringItem};
use msal_cache::persist::{CacheStore, Content, Found, Loaded, Next};
use msal_core::Error;

/// What a worker told of its job, and how long the job took.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) text: String,
    pub(crate) took: Duration,
}

/// Does a job with what is at `path`, on the bus of this address, and waits for it.
pub(crate) fn work(address: impl AsRef<OsStr>, path: &Path, job: &str) -> Told {
    told(start(command(path, job).env(BUS, address)))
}

/// The same where no variable tells of a bus.
pub(crate) fn work_without_bus(folder: &Path, job: &str) -> Told {
    let path = folder.join("cache");
    told(start(
        command(&path, job)
            .env_remove(BUS)
            .env("XDG_RUNTIME_DIR", folder),
    ))
}

/// Begins a job.
pub(crate) fn begin(address: impl AsRef<OsStr>, path: &Path, job: &str) -> Child {
    start(command(path, job).env(BUS, address))
}

pub(crate) fn told(worker: Child) -> Told {
    let output = worker.wait_with_output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{text}");
    let line = text.lines().find_map(|line| line.strip_prefix(TOLD));
    let (millis, text) = line.expect(&text).split_once(' ').unwrap();
    Told {
        text: text.to_owned(),
        took: Duration::from_millis(millis.parse().unwrap()),
    }
}

fn command(path: &Path, job: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(ARGUMENTS).env(JOB, job).env(FILE, path);
    command
}

fn start(command: &mut Command) -> Child {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The test that is no test unless it is told what to do.
#[test]
fn works_for_the_other_tests() {
    let (Some(path), Ok(job)) = (std::env::var_os(FILE), std::env::var(JOB)) else {
        return;
    };
    let words: Vec<&str> = job.split(' ').collect();
    let started = Instant::now();
    let outcome = done(Path::new(&path), &words);
    let took = started.elapsed().as_millis();
    let text = outcome.unwrap_or_else(|error| format!("{error} {error:?}"));
    eprintln!("{TOLD}{took} {text}");
}

fn done(path: &Path, words: &[&str]) -> Result<String, Error> {
    let keyring = || Keyring::of_file(path).unwrap();
    let patient = |limit: &str| keyring().limit(Duration::from_millis(limit.parse().unwrap()));
    match words {
        ["key"] => shown(&keyring()),
        ["key", limit] => shown(&patient(limit)),
        ["prompt", limit] => shown(&patient(limit).may_prompt(true)),
        ["threads", times] => threads(&patient("50"), times.parse().unwrap()),
        ["put", text] => keyring()
            .put(&EncryptionKey::from_text(text)?)
            .map(|()| "put".into()),
        ["remove"] => keyring().remove().map(|was| was.to_string()),
        ["append", name, count] => {
            let store = keyring().encrypted(FileStore::new(path)?)?;
            append(&store, name, count.parse().unwrap())
        }
        ["read"] => read(&keyring().encrypted(FileStore::new(path)?)?),
        ["item", "append", name, count] => append(&item(path), name, count.parse().unwrap()),
        ["item", "aside"] => aside(&item(path)),
        ["item", "read"] => read(&item(path)),
        ["item", "remove"] => {
            let removed = item(path).update("cache", &mut |_| Ok(Next::Remove));
            removed.map(|_| "removed".into())
        }
        ["dotnet", "append", name, count] => append(&dotnet(path), name, count.parse().unwrap()),
        ["dotnet", "read"] => read(&dotnet(path)),
        ["python", "append", name, count] => append(&python(path), name, count.parse().unwrap()),
        job => panic!("no such job: {job:?}"),
    }
}

fn shown(keyring: &Keyring) -> Result<String, Error> {
    let key = keyring.key()?;
    Ok(key.map_or_else(|| "none".into(), |key| key.id().to_string()))
}

/// How many threads more there are after so many calls.
fn threads(keyring: &Keyring, times: u32) -> Result<String, Error> {
    let count = || fs::read_dir("/proc/self/task").unwrap().count();
    keyring.key().unwrap_err();
    std::thread::sleep(Duration::from_millis(300));
    let before = count();
    for _ in 0..times {
        keyring.key().unwrap_err();
    }
    let started = Instant::now();
    while count() > before && started.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(count().saturating_sub(before).to_string())
}

/// As Node's libraries name it.
fn item(path: &Path) -> KeyringItem {
    KeyringItem::new(path, "a service", "an account").unwrap()
}

fn dotnet(path: &Path) -> KeyringItem {
    item(path)
        .schema("com.example.cache")
        .attributes([("Version", "1"), ("ProductGroup", "Apps")])
        .any_schema()
        .encoding(Encoding::Base64)
}

fn python(path: &Path) -> KeyringItem {
    item(path)
        .schema("com.example.python")
        .attributes([])
        .label("")
}

/// A line a write.
fn append(store: &impl CacheStore, name: &str, count: u32) -> Result<String, Error> {
    for n in 0..count {
        store.update("cache", &mut |found: &Found| {
            let mut text = found.bytes.as_deref().cloned().unwrap_or_default();
            text.extend(format!("{name} {n}\n").into_bytes());
            let bytes = text.into();
            Ok(Next::Put(Content { bytes, life: None }))
        })?;
    }
    Ok("appended".into())
}

fn read(store: &impl CacheStore) -> Result<String, Error> {
    let Loaded::Found(found) = store.load("cache", None)? else {
        return Ok("unchanged".into());
    };
    let bytes = found.bytes.as_deref().map(|bytes| bytes.to_vec());
    Ok(bytes.map_or_else(
        || "nothing".into(),
        |bytes| String::from_utf8_lossy(&bytes).replace('\n', ";"),
    ))
}

fn aside(store: &KeyringItem) -> Result<String, Error> {
    let Loaded::Found(found) = store.load("cache", None)? else {
        return Ok("unchanged".into());
    };
    let other = store.set_aside("cache", &1.into())?;
    assert_eq!(other, None, "that was another state of it");
    let place = store.set_aside("cache", &found.version)?;
    Ok(format!("{place:?} {:?}", store.leftovers()?))
}

const ARGUMENTS: [&str; 3] = [
    "--exact",
    "worker::works_for_the_other_tests",
    "--nocapture",
];

const BUS: &str = "DBUS_SESSION_BUS_ADDRESS";

const FILE: &str = "MSAL_TEST_KEYRING_FILE";

const JOB: &str = "MSAL_TEST_KEYRING_JOB";

const TOLD: &str = "told: ";
