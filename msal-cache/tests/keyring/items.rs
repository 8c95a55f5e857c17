use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::daemon::Daemon;
use crate::worker::{begin, told, work};

#[test]
fn an_item_is_shared_with_a_peer_as_it_is() {
    let Some(daemon) = Daemon::start() else {
        return;
    };
    let path = daemon.bus.path("signal");
    let work = |job: &str| work(&daemon.bus.address, &path, job).text;
    assert_eq!(work("item read"), "nothing");
    daemon.store(&NODE, b"{\"theirs\"}\n");
    assert_eq!(work("item read"), "{\"theirs\"};");
    assert!(!path.exists(), "nobody has written");

    work("item append a 1");
    assert_eq!(daemon.lookup(&NODE), b"{\"theirs\"}\na 0\n");
    assert_eq!(fs::read(&path).unwrap(), b"{}", "as Node writes it");
    assert!(!daemon.bus.path("signal.lockfile").exists());
    // The item is the peer's still.
    let all = daemon.tool(&[&["search", "--all"], &NODE[..]].concat(), b"");
    let all = String::from_utf8(all.stdout).unwrap();
    assert!(all.contains("label = a label"), "{all}");
    assert_eq!(all.matches("secret = ").count(), 1);

    assert_eq!(work("item remove"), "removed");
    assert!(daemon.lookup(&NODE).is_empty());
}

#[test]
fn an_item_stays_in_base64_where_a_peer_made_it_so() {
    let Some(daemon) = Daemon::start() else {
        return;
    };
    let path = daemon.bus.path("signal");
    let work = |job: &str| work(&daemon.bus.address, &path, job).text;
    daemon.store(&DOTNET, STANDARD.encode("{\"theirs\"}\n").as_bytes());
    assert_eq!(work("dotnet read"), "{\"theirs\"};");
    work("dotnet append a 1");
    let kept = STANDARD.decode(daemon.lookup(&DOTNET)).unwrap();
    assert_eq!(kept, b"{\"theirs\"}\na 0\n");

    // Whatever is set for a new one.
    daemon.store(&DOTNET, b"{\"plain\"}\n");
    work("dotnet append a 1");
    assert_eq!(daemon.lookup(&DOTNET), b"{\"plain\"}\na 0\n");
    daemon.store(&NODE, STANDARD.encode("{\"theirs\"}\n").as_bytes());
    work("item append a 1");
    let kept = STANDARD.decode(daemon.lookup(&NODE)).unwrap();
    assert_eq!(kept, b"{\"theirs\"}\na 0\n");
}

#[test]
fn a_new_item_is_made_as_the_peer_would() {
    let Some(daemon) = Daemon::start() else {
        return;
    };
    let path = daemon.bus.path("signal");
    let work = |job: &str| work(&daemon.bus.address, &path, job).text;
    work("item append a 1");
    assert_eq!(daemon.lookup(&NODE), b"a 0\n");
    let schema = ["xdg:schema", "org.freedesktop.Secret.Generic"];
    assert_eq!(daemon.lookup(&schema), b"a 0\n");

    work("dotnet append a 1");
    assert_eq!(daemon.lookup(&DOTNET), STANDARD.encode("a 0\n").as_bytes());
    let schema = ["xdg:schema", "com.example.cache"];
    assert_eq!(daemon.lookup(&schema), STANDARD.encode("a 0\n").as_bytes());

    work("python append a 1");
    let schema = ["xdg:schema", "com.example.python"];
    assert_eq!(daemon.lookup(&schema), b"a 0\n");
}

#[test]
fn processes_that_change_an_item_at_once_lose_nothing() {
    let Some(daemon) = Daemon::start() else {
        return;
    };
    let path = daemon.bus.path("signal");
    let workers: Vec<_> = (0..4)
        .map(|n| begin(&daemon.bus.address, &path, &format!("item append p{n} 5")))
        .collect();
    for worker in workers {
        assert_eq!(told(worker).text, "appended");
    }
    let kept = String::from_utf8(daemon.lookup(&NODE)).unwrap();
    for n in 0..4 {
        let prefix = format!("p{n} ");
        let own = kept.lines().filter(|line| line.starts_with(&prefix));
        assert_eq!(own.count(), 5, "{kept}");
    }
}

#[test]
fn a_damaged_item_is_set_aside_in_the_key_store() {
    let Some(daemon) = Daemon::start() else {
        return;
    };
    let path = daemon.bus.path("signal");
    let work = |job: &str| work(&daemon.bus.address, &path, job).text;
    daemon.store(&NODE, b"{\"half");
    let place = "a service/an account.corrupt";
    assert_eq!(work("item aside"), format!("Some({place:?}) [{place:?}]"));
    assert_eq!(work("item read"), "nothing");
    assert!(daemon.lookup(&NODE).is_empty());
    let aside = ["service", "a service", "account", "an account.corrupt"];
    assert_eq!(daemon.lookup(&aside), b"{\"half");
    assert_eq!(fs::read(&path).unwrap(), b"{}", "no file has it");
}

const NODE: [&str; 4] = ["service", "a service", "account", "an account"];

const DOTNET: [&str; 4] = ["Version", "1", "ProductGroup", "Apps"];
