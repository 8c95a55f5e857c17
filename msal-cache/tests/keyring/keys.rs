use std::fs;
use std::path::Path;

use msal_cache::encrypted::EncryptionKey;
use msal_cache::persist::is_encrypted;

use crate::daemon::Daemon;
use crate::worker::{begin, told, work};

#[test]
fn a_key_is_made_once_and_reads_the_file_from_then_on() {
    let Some(daemon) = Daemon::start() else {
        return;
    };
    let path = daemon.bus.path("cache");
    let work = |job: &str| work(&daemon.bus.address, &path, job).text;
    assert_eq!(work("key"), "none");
    assert_eq!(work("append a 2"), "appended");
    assert_eq!(work("read"), "a 0;a 1;");
    assert!(is_encrypted(&fs::read(&path).unwrap()));

    // As libsecret sees it, and a person who looks for it.
    let kept = daemon.lookup(&ours(&path));
    let key = EncryptionKey::from_text(str::from_utf8(&kept).unwrap()).unwrap();
    assert_eq!(work("key"), key.id().to_string());
}

#[test]
fn processes_that_begin_at_once_use_one_key() {
    let Some(daemon) = Daemon::start() else {
        return;
    };
    let path = daemon.bus.path("cache");
    let workers: Vec<_> = (0..8)
        .map(|n| begin(&daemon.bus.address, &path, &format!("append p{n} 5")))
        .collect();
    for worker in workers {
        assert_eq!(told(worker).text, "appended");
    }
    let text = work(&daemon.bus.address, &path, "read").text;
    for n in 0..8 {
        let prefix = format!("p{n} ");
        let own = text.split(';').filter(|line| line.starts_with(&prefix));
        assert_eq!(own.count(), 5, "{text}");
    }
    let all = daemon.tool(&["search", "--all", "service", "msal-rust"], b"");
    let all = String::from_utf8(all.stdout).unwrap();
    assert_eq!(all.matches("secret = ").count(), 1, "one item");
}

#[test]
fn a_lost_key_is_not_replaced_by_one_that_could_not_read_the_file() {
    let Some(daemon) = Daemon::start() else {
        return;
    };
    let path = daemon.bus.path("cache");
    let work = |job: &str| work(&daemon.bus.address, &path, job).text;
    work("append a 1");
    let kept = fs::read(&path).unwrap();
    let key = daemon.lookup(&ours(&path));
    assert_eq!(work("remove"), "true");
    assert_eq!(work("remove"), "false");

    let told = work("append a 1");
    assert!(told.contains("KeyMissing"), "{told}");
    assert_eq!(fs::read(&path).unwrap(), kept);
    assert!(daemon.lookup(&ours(&path)).is_empty());

    // A person had a copy.
    assert_eq!(
        work(&format!("put {}", str::from_utf8(&key).unwrap())),
        "put"
    );
    assert_eq!(work("read"), "a 0;");
    work(&format!("put {}", "0f".repeat(32)));
    let told = work("read");
    assert!(told.contains("WrongKey"), "{told}");
    assert_eq!(fs::read(&path).unwrap(), kept);
}

#[test]
fn a_plain_file_gets_no_key_and_stays() {
    let Some(daemon) = Daemon::start() else {
        return;
    };
    let path = daemon.bus.path("cache");
    fs::write(&path, b"{\"AccessToken\": {}}").unwrap();
    let told = work(&daemon.bus.address, &path, "append a 1").text;
    assert!(told.contains("NotEncrypted"), "{told}");
    assert_eq!(fs::read(&path).unwrap(), b"{\"AccessToken\": {}}");
    assert!(daemon.lookup(&ours(&path)).is_empty());
}

#[test]
fn an_item_that_is_no_key_is_left_as_it_is() {
    let Some(daemon) = Daemon::start() else {
        return;
    };
    let path = daemon.bus.path("cache");
    daemon.store(&ours(&path), b"a password");
    let told = work(&daemon.bus.address, &path, "append a 1").text;
    assert!(told.contains("NotAKey"), "{told}");
    assert!(!told.contains("a password"));
    assert_eq!(daemon.lookup(&ours(&path)), b"a password");
    assert!(!path.exists());
}

#[test]
fn a_locked_keyring_is_told_at_once_and_nobody_is_asked() {
    let Some(daemon) = Daemon::start() else {
        return;
    };
    let path = daemon.bus.path("cache");
    let work = |job: &str| work(&daemon.bus.address, &path, job);
    work("append a 1");
    daemon.lock();
    for job in ["key", "append a 1", "remove"] {
        let told = work(job);
        assert!(told.text.contains("reason: Locked"), "{told:?}");
        assert!(told.took.as_millis() < 1_500, "{told:?}");
    }
    // There is no desktop here that could ask.
    let told = work("prompt 500");
    assert!(told.text.contains("KeyringUnavailable"), "{told:?}");
    assert!(told.took.as_millis() < 1_500, "{told:?}");
}

fn ours(path: &Path) -> [&str; 4] {
    ["service", "msal-rust", "account", path.to_str().unwrap()]
}
