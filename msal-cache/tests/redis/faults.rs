//! What goes wrong between a store and its Redis.

use std::io::{Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use msal_cache::persist::{AsyncCacheStore, CacheStore, Next};
use msal_cache::redis::{AsyncRedisStore, RedisError, RedisOptions, RedisStore};
use msal_core::{Error, ErrorKind};

use crate::contract::put;
use crate::network::{Proxy, impostor};
use crate::server::{Server, free_port};
use crate::stores::{both, held};

#[test]
fn where_nobody_listens_each_call_fails_at_once() {
    let options = RedisOptions::new(format!("redis://127.0.0.1:{}", free_port())).unwrap();
    for store in both(&options) {
        let started = Instant::now();
        for error in failures(&*store) {
            assert!(
                matches!(cause(&error), RedisError::Connect { .. }),
                "{error}"
            );
            assert!(cause(&error).is_retryable());
            let source = std::error::Error::source(cause(&error)).unwrap();
            assert!(source.to_string().contains("refused"), "{source}");
        }
        assert!(started.elapsed() < Duration::from_secs(2));
    }
}

#[test]
fn a_server_that_never_answers_holds_nobody_up() {
    let silent = impostor(|stream| {
        thread::sleep(Duration::from_secs(60));
        drop(stream);
    });
    let limit = Duration::from_secs(2);
    for store in both(&RedisOptions::new(silent).unwrap().response_timeout(limit)) {
        let started = Instant::now();
        for error in failures(&*store) {
            assert!(
                matches!(cause(&error), RedisError::Timeout { after, .. } if *after == limit),
                "{error}"
            );
        }
        assert!(started.elapsed() < limit * 3, "one of them waits");
    }
}

#[test]
fn a_server_that_answers_a_byte_at_a_time_holds_nobody_up() {
    let drip = impostor(|mut stream| {
        let _ = stream.write_all(b"$1000000\r\n");
        while stream.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    });
    let limit = Duration::from_millis(300);
    for store in both(&RedisOptions::new(drip).unwrap().response_timeout(limit)) {
        let started = Instant::now();
        let error = store.load("user", None).unwrap_err();
        assert!(
            matches!(cause(&error), RedisError::Timeout { .. }),
            "{error}"
        );
        assert!(started.elapsed() < LONG, "{:?}", started.elapsed());
    }
}

#[test]
fn a_connection_that_is_never_ready_is_given_up() {
    let silent = impostor(|stream| {
        thread::sleep(Duration::from_secs(60));
        drop(stream);
    });
    let limit = Duration::from_millis(200);
    // The password is sent at once, and never answered.
    let url = silent.replace("redis://", "redis://:canary@");
    let tls = silent.replace("redis://", "rediss://");
    for url in [url, tls] {
        for store in both(&RedisOptions::new(url).unwrap().connect_timeout(limit)) {
            let started = Instant::now();
            let error = store.load("user", None).unwrap_err();
            let expected = matches!(
                cause(&error),
                RedisError::Timeout {
                    doing: "connecting",
                    ..
                }
            );
            assert!(expected, "{error}");
            assert!(started.elapsed() < LONG);
            assert!(!format!("{error:?}{store:?}").contains("canary"));
        }
    }
}

#[test]
fn what_does_not_speak_as_redis_does_is_an_error() {
    for answer in [
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "*1\r\n",
        ":7\r\n",
        "$-9\r\n",
        "+OK\r\n",
    ] {
        let other = impostor(move |mut stream| {
            let mut asked = [0; 1_000];
            while let Ok(1..) = stream.read(&mut asked) {
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        let limit = Duration::from_millis(300);
        for store in both(&RedisOptions::new(other).unwrap().response_timeout(limit)) {
            let started = Instant::now();
            match store.load("user", None) {
                Err(error) => assert_eq!(*error.kind(), ErrorKind::Cache),
                // `$-9` is how a nothing may look.
                Ok(_) => assert_eq!(answer, "$-9\r\n"),
            }
            assert!(started.elapsed() < LONG);
        }
    }
}

#[test]
fn a_redis_that_was_killed_is_used_again_once_it_is_back() {
    let folder = ["--appendonly", "yes", "--appendfsync", "always"];
    let Some(mut server) = Server::start(&folder) else {
        return;
    };
    for store in both(&server.options()) {
        store.update("user", &mut |_| put(b"before")).unwrap();
        server.kill();
        let started = Instant::now();
        for error in failures(&*store) {
            assert!(cause(&error).is_retryable(), "{error}");
        }
        assert!(started.elapsed() < Duration::from_secs(2));
        server.restart();
        // The very next call, and scripts that the new one does not know.
        assert_eq!(held(&*store, "user").0.unwrap(), b"before");
        store.update("user", &mut |_| put(b"after")).unwrap();
        assert!(
            store
                .lease("user", &[1; 32], Duration::ZERO)
                .unwrap()
                .is_held()
        );

        // Between two calls.
        server.restart();
        store.update("user", &mut |_| put(b"again")).unwrap();
        assert_eq!(held(&*store, "user").0.unwrap(), b"again");
    }
}

#[test]
fn a_redis_that_was_stopped_is_used_again_once_it_goes_on() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let limit = Duration::from_millis(200);
    for store in both(
        &server
            .options()
            .response_timeout(limit)
            .connect_timeout(limit),
    ) {
        store.update("user", &mut |_| put(b"before")).unwrap();
        server.signal("STOP");
        let started = Instant::now();
        for error in failures(&*store) {
            assert!(
                matches!(cause(&error), RedisError::Timeout { .. }),
                "{error}"
            );
        }
        assert!(started.elapsed() < LONG);
        server.signal("CONT");
        while store.load("user", None).is_err() {
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "it is left alone"
            );
        }
        assert_eq!(held(&*store, "user").0.unwrap(), b"before");
        store.update("user", &mut |_| put(b"after")).unwrap();
    }
}

#[test]
fn writers_go_on_over_a_redis_that_is_killed_and_started_again_and_lose_nothing() {
    let Some(mut server) = Server::start(&["--appendonly", "yes", "--appendfsync", "always"])
    else {
        return;
    };
    let options = server.options();
    let counts = thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|_| {
                let options = options.clone();
                scope.spawn(move || write_for_a_while(&options))
            })
            .collect();
        for _ in 0..3 {
            thread::sleep(Duration::from_millis(400));
            server.restart();
        }
        writers
            .into_iter()
            .map(|writer| writer.join().unwrap())
            .collect::<Vec<_>>()
    });
    let [store, _] = both(&server.options());
    let text = String::from_utf8(held(&*store, "user").0.unwrap()).unwrap();
    let written: u32 = counts.iter().map(|(written, _)| written).sum();
    let unsure: u32 = counts.iter().map(|(_, unsure)| unsure).sum();
    let found = u32::try_from(text.lines().count()).unwrap();
    eprintln!("{written} writes, {unsure} with an error, {found} found");
    // What was acknowledged is there; what was not may be.
    assert!(written > 0 && (written..=written + 2 * unsure).contains(&found));
}

#[test]
fn an_answer_that_is_cut_off_is_asked_for_again() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let large = vec![b'x'; 400_000];
    for through in [0, 1, 5, 60_000] {
        let proxy = Proxy::before(&server, through);
        for store in both(&proxy.options()) {
            store.update("user", &mut |_| put(&large)).unwrap();
            let before = proxy.connections();
            proxy.cut(1);
            assert!(held(&*store, "user").0.unwrap() == large);
            assert_eq!(proxy.connections(), before + 1);

            // Twice is once too often, and the next call is fine.
            proxy.cut(2);
            let error = store.load("user", None).unwrap_err();
            assert!(
                matches!(cause(&error), RedisError::Lost { .. }),
                "{error:?}"
            );
            assert!(held(&*store, "user").0.unwrap() == large);
        }
    }
}

#[test]
fn a_write_whose_answer_is_cut_off_is_made_once() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let proxy = Proxy::before(&server, 0);
    for store in both(&proxy.options()) {
        store.update("user", &mut |_| put(b"one")).unwrap();
        let mut asked = 0;
        let updated = store.update("user", &mut |found| {
            asked += 1;
            // What was found has been answered, so this cuts the answer to the write.
            proxy.cut(1);
            put(&[&found.bytes.as_ref().unwrap()[..], b" more"].concat())
        });
        assert_eq!(asked, 1);
        assert_eq!(
            held(&*store, "user"),
            (Some(b"one more".to_vec()), updated.unwrap().after)
        );

        let removed = store.update("user", &mut |_| {
            proxy.cut(1);
            Ok(Next::Remove)
        });
        removed.unwrap();
        assert_eq!(held(&*store, "user").0, None);

        proxy.cut(1);
        let lease = store.lease("user", &[1; 32], Duration::ZERO).unwrap();
        assert!(lease.is_held(), "it is its own");
    }
}

#[test]
fn what_redis_refuses_is_told_without_what_was_sent() {
    let arguments = ["--rename-command", "EVALSHA", "", "--maxmemory", "3mb"];
    let Some(server) = Server::start(&arguments) else {
        return;
    };
    for store in both(&server.options()) {
        // Redis repeats the arguments of commands that it does not know.
        let error = store.update("user", &mut |_| put(b"canary")).unwrap_err();
        let said = format!("{error} {error:?} {:?}", cause(&error));
        assert!(said.contains("Redis refused writing (ERR)"), "{said}");
        assert!(!said.contains("canary") && !said.contains("user"), "{said}");
    }
    server.does::<()>("LPUSH msal:{user} canary");
    for store in both(&server.options()) {
        let error = store.load("user", None).unwrap_err();
        assert!(error.to_string().contains("WRONGTYPE"), "{error}");
        assert!(!cause(&error).is_retryable());
    }
}

#[test]
fn a_redis_without_memory_refuses_writes_and_answers_reads() {
    let Some(server) = Server::start(&["--maxmemory", "4mb"]) else {
        return;
    };
    for store in both(&server.options()) {
        store.update("user", &mut |_| put(b"value")).unwrap();
        let large = vec![b'x'; 8_000_000];
        let error = ["a", "b"].iter().find_map(|name| {
            let updated = store.update(name, &mut |_| put(&large));
            updated.err()
        });
        let error = error.unwrap();
        assert!(error.to_string().contains("OOM"), "{error}");
        assert_eq!(held(&*store, "user").0.unwrap(), b"value");
        server.does::<()>("FLUSHALL");
    }
}

#[test]
fn without_tokio_the_async_store_says_so() {
    let store = AsyncRedisStore::new(RedisOptions::new("redis://localhost").unwrap()).unwrap();
    let mut load = store.load("user", None);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Err(error)) = load.as_mut().poll(&mut context) else {
        panic!("it waits");
    };
    assert!(matches!(cause(&error), RedisError::NoRuntime));
}

/// The errors of all that a store does.
fn failures(store: &dyn CacheStore) -> [Error; 4] {
    [
        store.load("user", None).unwrap_err(),
        store.update("user", &mut |_| put(b"value")).unwrap_err(),
        store.set_aside("user", &7.into()).unwrap_err(),
        store
            .lease("user", &[1; 32], Duration::from_secs(60))
            .unwrap_err(),
    ]
}

/// How many lines were written, and how many failed.
fn write_for_a_while(options: &RedisOptions) -> (u32, u32) {
    let store = RedisStore::new(options.clone()).unwrap();
    let (mut written, mut failed) = (0, 0);
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(3) {
        let updated = store.update("user", &mut |found| {
            let bytes = found.bytes.as_deref().map_or(&[][..], |bytes| bytes);
            put(&[bytes, b"line\n"].concat())
        });
        match updated {
            Ok(_) => written += 1,
            Err(error) => {
                assert!(cause(&error).is_retryable(), "{error}");
                failed += 1;
                thread::sleep(Duration::from_millis(5));
            }
        }
    }
    (written, failed)
}

fn cause(error: &Error) -> &RedisError {
    assert_eq!(*error.kind(), ErrorKind::Cache);
    std::error::Error::source(error)
        .unwrap()
        .downcast_ref()
        .unwrap()
}

/// Longer than it takes on a busy machine, shorter than where it hangs.
const LONG: Duration = Duration::from_secs(10);
