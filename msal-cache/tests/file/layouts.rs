use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use msal_cache::file::{FileError, FileStore, Refusal};
use msal_cache::persist::CacheStore;
use msal_core::Error;

use crate::worker::{file_error, put, worker_under};

#[test]
fn layouts_are_judged_alike_under_every_umask() {
    for umask in ["0", "022", "077"] {
        let script = format!(r#"umask {umask}; exec "$@""#);
        let arguments = ["-c", &script, "sh"];
        let output = worker_under("sh", &arguments, Path::new("/unused"), "layouts").output();
        let output = output.unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "umask {umask}: {told}");
    }
}

/// Every layout, in a process whose umask is anything.
pub(crate) fn all() {
    for (name, lay, expected) in layouts() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), mode(0o700)).unwrap();
        let Some(path) = lay(folder.path()) else {
            continue;
        };
        let store = FileStore::new(&path).unwrap();
        for outcome in [
            store.load("cache", None).map(drop),
            put(&store, b"{}".to_vec()).map(drop),
        ] {
            let refusal = match outcome {
                Ok(()) => None,
                Err(error) => Some(refusal(&error)),
            };
            assert_eq!(refusal, expected, "{name}");
        }
        if expected.is_none() {
            assert_eq!(mode_of(&path), 0o600, "{name}");
            let lock = path.with_extension("json.lock");
            assert_eq!(mode_of(&lock), 0o600, "{name}");
        }
    }
}

type Layout = (&'static str, fn(&Path) -> Option<PathBuf>, Option<Refusal>);

fn layouts() -> [Layout; 16] {
    [
        ("nothing", |at| Some(at.join(NAME)), None),
        ("no folder", |at| Some(at.join("a/b").join(NAME)), None),
        ("private", |at| Some(file(at, 0o600)), None),
        ("readable by others", |at| Some(file(at, 0o644)), None),
        ("writable by others", |at| Some(file(at, 0o666)), None),
        ("runnable", |at| Some(file(at, 0o4755)), None),
        ("link", linked, Some(Refusal::Symlink)),
        ("dangling link", dangling, Some(Refusal::Symlink)),
        ("hard link", hard_linked, Some(Refusal::HardLink)),
        ("folder for a file", folder, Some(Refusal::Special)),
        ("socket", socket, Some(Refusal::Special)),
        ("of another", of_another, Some(Refusal::Owner)),
        ("folder of another", in_anothers, Some(Refusal::Owner)),
        (
            "folder of a group",
            |at| Some(within(at, 0o770)),
            Some(Refusal::WritableFolder),
        ),
        (
            "folder of all",
            |at| Some(within(at, 0o777)),
            Some(Refusal::WritableFolder),
        ),
        ("sticky folder of all", |at| Some(within(at, 0o1777)), None),
    ]
}

#[test]
fn a_folder_is_made_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new").join(NAME);
    let store = FileStore::new(&path).unwrap();
    put(&store, b"{}".to_vec()).unwrap();
    assert_eq!(mode_of(path.parent().unwrap()), 0o700);
}

#[test]
fn a_pipe_is_refused_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(NAME);
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    let store = FileStore::new(&path).unwrap();
    let error = store.load("cache", None).unwrap_err();
    assert_eq!(refusal(&error), Refusal::Special);
}

fn refusal(error: &Error) -> Refusal {
    match file_error(error) {
        FileError::Refused { refusal, .. } => *refusal,
        error => panic!("{error:?}"),
    }
}

fn file(at: &Path, bits: u32) -> PathBuf {
    let path = at.join(NAME);
    fs::write(&path, "{}").unwrap();
    fs::set_permissions(&path, mode(bits)).unwrap();
    path
}

fn linked(at: &Path) -> Option<PathBuf> {
    let target = at.join("target");
    fs::write(&target, "{}").unwrap();
    symlink(&target, at.join(NAME)).unwrap();
    Some(at.join(NAME))
}

fn dangling(at: &Path) -> Option<PathBuf> {
    symlink(at.join("nowhere"), at.join(NAME)).unwrap();
    Some(at.join(NAME))
}

fn hard_linked(at: &Path) -> Option<PathBuf> {
    let path = file(at, 0o600);
    fs::hard_link(&path, at.join("other")).unwrap();
    Some(path)
}

fn folder(at: &Path) -> Option<PathBuf> {
    fs::create_dir(at.join(NAME)).unwrap();
    Some(at.join(NAME))
}

fn socket(at: &Path) -> Option<PathBuf> {
    std::os::unix::net::UnixListener::bind(at.join(NAME)).unwrap();
    Some(at.join(NAME))
}

fn of_another(at: &Path) -> Option<PathBuf> {
    let path = file(at, 0o600);
    given_away(&path).then_some(path)
}

fn in_anothers(at: &Path) -> Option<PathBuf> {
    let path = within(at, 0o700);
    given_away(path.parent().unwrap()).then_some(path)
}

/// Only root can.
fn given_away(path: &Path) -> bool {
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    is_root && chown(path, Some(12_345), None).is_ok()
}

fn within(at: &Path, bits: u32) -> PathBuf {
    let inner = at.join("inner");
    fs::create_dir(&inner).unwrap();
    fs::set_permissions(&inner, mode(bits)).unwrap();
    inner.join(NAME)
}

fn mode(bits: u32) -> Permissions {
    Permissions::from_mode(bits)
}

fn mode_of(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

const NAME: &str = "cache.json";
