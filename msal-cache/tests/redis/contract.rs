//! What a store promises, whoever waits for it.

use std::time::Duration;

use msal_cache::persist::{Content, Layout, Loaded, Next};
use msal_cache::redis::{RedisError, RedisOptions};
use msal_core::{Error, ErrorKind};

use crate::monitor::Monitor;
use crate::server::Server;
use crate::stores::{both, held};

#[test]
fn a_value_is_put_found_changed_kept_and_removed() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    for (at, store) in both(&server.options()).into_iter().enumerate() {
        let name = format!("user-{at}");
        assert_eq!(store.layout(), Layout::ByOwner);
        let (bytes, nothing) = held(&*store, &name);
        assert_eq!(bytes, None);

        let first = store.update(&name, &mut |_| put(b"one")).unwrap();
        assert_eq!(first.before, nothing);
        assert_eq!(
            held(&*store, &name),
            (Some(b"one".to_vec()), first.after.clone())
        );

        let second = store.update(&name, &mut |found| {
            assert_eq!(&**found.bytes.as_ref().unwrap(), b"one");
            put(b"two")
        });
        assert_eq!(second.unwrap().before, first.after);

        let kept = store.update(&name, &mut |_| Ok(Next::Keep)).unwrap();
        assert_eq!(kept.before, kept.after);
        assert_eq!(
            held(&*store, &name),
            (Some(b"two".to_vec()), kept.after.clone())
        );

        let removed = store.update(&name, &mut |_| Ok(Next::Remove)).unwrap();
        assert_eq!((removed.before, &removed.after), (kept.after, &nothing));
        assert_eq!(held(&*store, &name), (None, nothing));
        assert_eq!(server.does::<u32>("DBSIZE"), 0);
    }
}

#[test]
fn an_unchanged_value_is_not_sent_again() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    for store in both(&server.options()) {
        let large = vec![b'x'; 1_000_000];
        let version = store.update("user", &mut |_| put(&large)).unwrap().after;
        let monitor = Monitor::start(&server);
        let before = server.sent();
        for _ in 0..50 {
            let loaded = store.load("user", Some(&version)).unwrap();
            assert!(matches!(loaded, Loaded::Unchanged));
        }
        let sent = server.sent() - before;
        // The monitor is told of each, too.
        assert!(sent < 50_000, "{sent} bytes");
        let commands = monitor.commands(&server);
        let asked = commands.iter().filter(|line| !line.starts_with("\"INFO\""));
        assert!(
            asked.clone().all(|line| line.starts_with("\"GETRANGE\"")),
            "{commands:?}"
        );
        assert_eq!(asked.count(), 50);

        let changed = store.update("user", &mut |_| put(b"new")).unwrap();
        let Loaded::Found(found) = store.load("user", Some(&version)).unwrap() else {
            panic!("it was changed");
        };
        assert_eq!(
            (found.version, &found.bytes.unwrap()[..]),
            (changed.after, &b"new"[..])
        );
    }
}

#[test]
fn that_there_is_nothing_is_a_state_too() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    for store in both(&server.options()) {
        let (_, nothing) = held(&*store, "nobody");
        let loaded = store.load("nobody", Some(&nothing)).unwrap();
        assert!(matches!(loaded, Loaded::Unchanged));
    }
}

#[test]
fn a_cold_look_is_one_get() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    for store in both(&server.options()) {
        store.update("user", &mut |_| put(b"value")).unwrap();
        let monitor = Monitor::start(&server);
        held(&*store, "user");
        assert_eq!(monitor.commands(&server), ["\"GET\" \"msal:{user}\""]);
    }
}

#[test]
fn a_value_lives_as_long_as_its_tokens_or_as_was_told() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let day = Duration::from_secs(86_400);
    for store in both(&server.options().life(30 * day)) {
        for (life, expected) in [
            (Some(Duration::from_secs(3_600)), 3_600_000),
            (None, 30 * 86_400_000),
            (Some(Duration::MAX), 3_650 * 86_400_000),
        ] {
            store
                .update("user", &mut |_| put_for(b"value", life))
                .unwrap();
            let left: i64 = server.does("PTTL msal:{user}");
            assert!((expected - 60_000..=expected).contains(&left), "{left}");
        }
        store
            .update("user", &mut |_| put_for(b"value", Some(Duration::ZERO)))
            .unwrap();
        while server.does::<bool>("EXISTS msal:{user}") {}
        assert_eq!(held(&*store, "user").0, None);
    }
    let [store, _] = both(&server.options());
    store
        .update("user", &mut |_| put_for(b"value", None))
        .unwrap();
    let left: i64 = server.does("TTL msal:{user}");
    assert!((89 * 86_400..=90 * 86_400).contains(&left), "{left}");
}

#[test]
fn a_value_that_was_removed_and_put_again_is_another_one() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let [other, _] = both(&server.options());
    for store in both(&server.options()) {
        store.update("user", &mut |_| put(b"same")).unwrap();
        let mut seen = Vec::new();
        let updated = store.update("user", &mut |found| {
            seen.push(found.version.clone());
            if seen.len() == 1 {
                other.update("user", &mut |_| Ok(Next::Remove)).unwrap();
                other.update("user", &mut |_| put(b"same")).unwrap();
            }
            put(b"mine")
        });
        assert_eq!(seen.len(), 2, "it was asked again");
        assert_ne!(seen[0], seen[1]);
        assert_eq!(updated.unwrap().before, seen[1]);
        let loaded = store.load("user", Some(&seen[0])).unwrap();
        assert!(matches!(loaded, Loaded::Found(_)));
    }
}

#[test]
fn a_value_that_expired_meanwhile_is_not_brought_back() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    for store in both(&server.options()) {
        store.update("user", &mut |_| put(b"old")).unwrap();
        let mut found_bytes = Vec::new();
        let made = store.update("user", &mut |found| {
            found_bytes.push(found.bytes.is_some());
            if found_bytes.len() == 1 {
                server.does::<()>("PEXPIRE msal:{user} 1");
                while server.does::<bool>("EXISTS msal:{user}") {}
            }
            put(b"new")
        });
        made.unwrap();
        assert_eq!(found_bytes, [true, false]);
    }
}

#[test]
fn an_error_of_who_makes_the_value_is_handed_through_and_changes_nothing() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    for store in both(&server.options()) {
        let before = store.update("user", &mut |_| put(b"value")).unwrap();
        let error = store.update("user", &mut |_| Err(Error::new(ErrorKind::NotCached)));
        assert_eq!(*error.unwrap_err().kind(), ErrorKind::NotCached);
        assert_eq!(held(&*store, "user").1, before.after);
    }
}

#[test]
fn what_nobody_can_read_is_set_aside_for_a_week() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    for store in both(&server.options()) {
        server.does::<()>("SET msal:{user} damaged-by-somebody-else");
        let (bytes, version) = held(&*store, "user");
        assert_eq!(bytes.unwrap(), b"damaged-");
        let another = store.update("other", &mut |_| put(b"value")).unwrap().after;
        assert_eq!(store.set_aside("user", &another).unwrap(), None);
        assert_eq!(
            held(&*store, "user").1,
            version,
            "it is not the one that was meant"
        );

        let place = store.set_aside("user", &version).unwrap();
        assert_eq!(place.unwrap(), "msal:{user}:corrupt");
        assert_eq!(held(&*store, "user").0, None);
        let kept: String = server.does("GET msal:{user}:corrupt");
        assert_eq!(kept, "damaged-by-somebody-else");
        let left: u32 = server.does("TTL msal:{user}:corrupt");
        assert!((7 * 86_400 - 60..=7 * 86_400).contains(&left));
        assert_eq!(store.set_aside("user", &version).unwrap(), None);

        // Shorter than a version is.
        server.does::<()>("SET msal:{user} short");
        let (bytes, version) = held(&*store, "user");
        assert_eq!(bytes.unwrap(), b"");
        store.set_aside("user", &version).unwrap();
        assert_eq!(server.does::<String>("GET msal:{user}:corrupt"), "short");

        // Whoever signs out leaves nothing.
        store.update("user", &mut |_| Ok(Next::Remove)).unwrap();
        assert!(!server.does::<bool>("EXISTS msal:{user}:corrupt"));
    }
}

#[test]
fn all_may_be_one_value() {
    let options = RedisOptions::new("redis://localhost").unwrap();
    for store in both(&options.layout(Layout::Whole)) {
        assert_eq!(store.layout(), Layout::Whole);
    }
}

#[test]
fn names_may_be_odd() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let long = "n".repeat(10_000);
    let names = [
        "",
        "{",
        "}",
        "{}",
        "a}b{c",
        "a b",
        "a\r\nb",
        "a\0b",
        "%7D",
        "ümläut",
        "*",
        ":",
        &long,
        "00000000-0000-0000-0000-000000000001.00000000-0000-0000-0000-000000000002",
    ];
    for store in both(&server.options().key_prefix("shop 7:")) {
        for name in names {
            store.update(name, &mut |_| put(name.as_bytes())).unwrap();
        }
        for name in names {
            assert_eq!(
                held(&*store, name).0.as_deref(),
                Some(name.as_bytes()),
                "{name:?}"
            );
            let lease = store.lease(name, &[7; 32], Duration::ZERO).unwrap();
            assert!(lease.is_held());
            drop(lease);
            store.update(name, &mut |_| Ok(Next::Remove)).unwrap();
        }
    }
}

#[test]
fn a_value_may_have_five_megabytes_but_not_more_than_it_may() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let large: Vec<u8> = (0..5_000_000_u32)
        .map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1])
        .collect();
    for store in both(&server.options().max_bytes(5_000_000)) {
        store.update("user", &mut |_| put(&large)).unwrap();
        assert!(held(&*store, "user").0.unwrap() == large);
        let more = [&large[..], b"!"].concat();
        let error = store.update("user", &mut |_| put(&more)).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Cache);
        let source = std::error::Error::source(&error).unwrap();
        let source = source.downcast_ref::<RedisError>().unwrap();
        assert!(matches!(
            source,
            RedisError::TooLarge {
                bytes: 5_000_001,
                ..
            }
        ));
        assert!(held(&*store, "user").0.unwrap() == large);
    }
}

#[test]
fn stores_with_other_prefixes_and_databases_do_not_meet() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let elsewhere = RedisOptions::new(server.url() + "3").unwrap();
    let [store, _] = both(&server.options());
    store.update("user", &mut |_| put(b"value")).unwrap();
    for options in [server.options().key_prefix("other:"), elsewhere] {
        for other in both(&options) {
            assert_eq!(held(&*other, "user").0, None);
            other.update("user", &mut |_| put(b"theirs")).unwrap();
            other.update("user", &mut |_| Ok(Next::Remove)).unwrap();
        }
    }
    assert_eq!(held(&*store, "user").0.unwrap(), b"value");
}

pub(crate) fn put(bytes: &[u8]) -> Result<Next, Error> {
    put_for(bytes, None)
}

fn put_for(bytes: &[u8], life: Option<Duration>) -> Result<Next, Error> {
    Ok(Next::Put(Content {
        bytes: bytes.to_vec().into(),
        life,
    }))
}
