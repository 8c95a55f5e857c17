//! Who may use a Redis.

use msal_cache::persist::Next;
use msal_cache::redis::{RedisError, RedisOptions};
use msal_core::Error;

use crate::contract::put;
use crate::server::Server;
use crate::stores::{both, held};

#[test]
fn a_password_is_needed_where_there_is_one() {
    let Some(server) = Server::start_as(":pass%20w%C3%B6rd@", |_| {
        vec!["--requirepass".into(), "pass wörd".into()]
    }) else {
        return;
    };
    let with = |login: &str| RedisOptions::new(server.url_as(login)).unwrap();
    for store in both(&with(":pass%20w%C3%B6rd@")) {
        store.update("user", &mut |_| put(b"value")).unwrap();
        assert_eq!(held(&*store, "user").0.unwrap(), b"value");
    }
    for store in both(&with(":canary@")) {
        let error = store.load("user", None).unwrap_err();
        assert!(
            matches!(cause(&error), RedisError::Password { .. }),
            "{error:?}"
        );
        assert!(!format!("{error} {error:?} {store:?}").contains("canary"));
        assert!(!cause(&error).is_retryable());
    }
    for store in both(&with("")) {
        let error = store.load("user", None).unwrap_err();
        assert!(error.to_string().contains("NOAUTH"), "{error}");
    }
}

#[test]
fn a_user_needs_no_more_rights_than_the_documentation_names() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    server.does::<()>(
        "ACL SETUSER web on >pass resetkeys ~msal:* +get +getrange +set +del +rename +pexpire +eval +evalsha +select",
    );
    let url = server.url_as("web:pass@");
    for database in ["", "5"] {
        for store in both(&RedisOptions::new(format!("{url}{database}")).unwrap()) {
            let first = store.update("user", &mut |_| put(b"value")).unwrap();
            store.load("user", Some(&first.after)).unwrap();
            let mut seen = 0;
            let [other, _] = both(&RedisOptions::new(format!("{url}{database}")).unwrap());
            let late = store.update("user", &mut |_| {
                seen += 1;
                if seen == 1 {
                    other.update("user", &mut |_| put(b"quicker")).unwrap();
                }
                put(b"late")
            });
            late.unwrap();
            assert_eq!(seen, 2);
            let lease = store
                .lease("user", &[1; 32], std::time::Duration::ZERO)
                .unwrap();
            assert!(lease.is_held());
            let (_, version) = held(&*store, "user");
            store.set_aside("user", &version).unwrap();
            store.update("user", &mut |_| Ok(Next::Remove)).unwrap();
        }
    }
    for store in both(&RedisOptions::new(&url).unwrap().key_prefix("canary:")) {
        let error = store.load("user", None).unwrap_err();
        assert!(error.to_string().contains("NOPERM"), "{error}");
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
    for store in both(&RedisOptions::new(server.url_as("web:canary@")).unwrap()) {
        let error = store.load("user", None).unwrap_err();
        assert!(
            matches!(cause(&error), RedisError::Password { .. }),
            "{error:?}"
        );
        assert!(!format!("{error} {error:?} {store:?}").contains("canary"));
    }
}

#[test]
fn a_database_that_is_not_there_is_an_error() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    for store in both(&RedisOptions::new(server.url() + "77").unwrap()) {
        store.load("user", None).unwrap_err();
        assert!(store.load("user", None).is_err(), "nor is it the next time");
    }
}

#[test]
fn options_show_no_password() {
    let options = RedisOptions::new("rediss://canary:canary@localhost/3").unwrap();
    assert!(!format!("{options:?}").contains("canary"));
}

pub(crate) fn cause(error: &Error) -> &RedisError {
    std::error::Error::source(error)
        .unwrap()
        .downcast_ref()
        .unwrap()
}
