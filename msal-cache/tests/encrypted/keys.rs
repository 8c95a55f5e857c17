use msal_cache::encrypted::EncryptionKey;
use msal_core::{Error, ErrorKind};

use crate::shelf::key_of;

#[test]
fn no_output_shows_a_key() {
    let key = key_of(0xab);
    for shown in [
        format!("{key:?} {key:#?}"),
        format!("{:?} {}", key.id(), key.id()),
        format!("{:?}", crate::shelf::encrypted(0xab)),
    ] {
        assert!(
            !shown.contains("abab") && !shown.contains("171, 171"),
            "{shown}"
        );
        assert!(!shown.contains("q6ur"), "{shown}");
    }
}

#[test]
fn keys_are_told_apart_by_their_ids() {
    assert_eq!(key_of(1).id(), key_of(1).id());
    assert_ne!(key_of(1).id(), key_of(2).id());
    let made = EncryptionKey::generate().unwrap();
    assert_ne!(made.id(), EncryptionKey::generate().unwrap().id());
    let read = EncryptionKey::from_text(&made.expose_text()).unwrap();
    assert_eq!(read.expose(), made.expose());
}

#[test]
fn a_variable_that_is_no_key_is_named_without_what_is_in_it() {
    let missing = EncryptionKey::from_env("MSAL_TEST_NO_SUCH_VARIABLE").unwrap_err();
    assert!(
        missing
            .to_string()
            .ends_with("`MSAL_TEST_NO_SUCH_VARIABLE` is not set")
    );
    // Every process of a test has this one, and it is no key.
    let path = std::env::var("PATH").unwrap();
    let error = EncryptionKey::from_env("PATH").unwrap_err();
    assert!(is_invalid(&error));
    assert!(error.to_string().contains("`PATH` is"));
    assert!(!error.to_string().contains(&path));
}

#[cfg(unix)]
mod files {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn a_private_file_gives_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        for mode in [0o600, 0o400] {
            fs::write(&path, "\n  0f".to_owned() + &"0f".repeat(31) + " \r\n").unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let key = EncryptionKey::from_file(&path).unwrap();
            assert_eq!(key.expose(), &[0x0f; 32]);
            fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn a_file_that_others_may_read_or_write_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, "0f".repeat(32)).unwrap();
        for mode in [0o644, 0o640, 0o604, 0o620, 0o602, 0o601, 0o610, 0o777] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let error = EncryptionKey::from_file(&path).unwrap_err();
            assert!(error.to_string().contains("by others"), "{mode:o}: {error}");
        }
    }

    #[test]
    fn what_is_no_file_of_a_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let private = |name: &str, content: &[u8]| {
            fs::write(path(name), content).unwrap();
            fs::set_permissions(path(name), Permissions::from_mode(0o600)).unwrap();
        };
        private("key", "0f".repeat(32).as_bytes());
        private("long", "0f".repeat(2_000).as_bytes());
        private("padded", (" ".repeat(900) + &"0f".repeat(32)).as_bytes());
        private("binary", &[0xff; 32]);
        private("password", b"correct horse battery staple");
        private("empty", b"");
        symlink("key", path("link")).unwrap();
        fs::create_dir(path("folder")).unwrap();
        let _socket = UnixListener::bind(path("socket")).unwrap();
        let pipe = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(
            rustix::fs::CWD,
            path("pipe"),
            rustix::fs::FileType::Fifo,
            pipe,
            0,
        )
        .unwrap();

        for (name, told) in [
            ("binary", "is no text"),
            ("empty", "is empty"),
            ("folder", "is no regular file"),
            ("link", "is a symbolic link"),
            ("long", "is too large"),
            ("missing", "cannot be read"),
            ("password", "is neither base64 nor hex"),
            ("pipe", "is no regular file"),
            ("socket", "cannot be read"),
        ] {
            let error = EncryptionKey::from_file(path(name)).unwrap_err();
            assert!(is_invalid(&error));
            let error = error.to_string();
            assert!(error.contains(&format!("/{name}` {told}")), "{error}");
            assert!(!error.contains("horse") && !error.contains("0f0f"));
        }
        EncryptionKey::from_file(path("padded")).unwrap();
    }
}

fn is_invalid(error: &Error) -> bool {
    error.kind() == &ErrorKind::InvalidArgument("cache key")
}
