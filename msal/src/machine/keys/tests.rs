//! D1: what stands in the place of a key. Nothing here depends on who runs it, so that root sees the same.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::fs::{FileType, mknodat};

use super::*;

const LIMIT: usize = 4_096;

fn read(folder: &Path, name: &str) -> Result<Vec<u8>, String> {
    let content = Keys.read(folder, name, LIMIT);
    content
        .map(|content| content.to_vec())
        .map_err(|error| error.to_string())
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn a_key_is_read_whole_up_to_its_largest_size() {
    let folder = folder();
    for size in [0, 1, 88, 4_095, 4_096] {
        let content = vec![b'k'; size];
        fs::write(folder.path().join("k.key"), &content).unwrap();
        assert_eq!(read(folder.path(), "k.key"), Ok(content));
    }
    for size in [4_097, 1 << 20] {
        fs::write(folder.path().join("k.key"), vec![b'k'; size]).unwrap();
        let says = read(folder.path(), "k.key").unwrap_err();
        assert!(says.contains("larger than any key"), "{says}");
    }
}

#[test]
fn a_link_is_not_followed_wherever_it_leads() {
    let (folder, elsewhere) = (folder(), folder());
    let outside = elsewhere.path().join("secret.key");
    fs::write(&outside, "secret").unwrap();
    fs::write(folder.path().join("good.key"), "good").unwrap();
    symlink(&outside, folder.path().join("out.key")).unwrap();
    symlink("good.key", folder.path().join("in.key")).unwrap();
    symlink("nowhere.key", folder.path().join("dangling.key")).unwrap();
    symlink("loop.key", folder.path().join("loop.key")).unwrap();
    for name in ["out.key", "in.key", "dangling.key", "loop.key"] {
        let says = read(folder.path(), name).unwrap_err();
        assert!(says.contains("the key cannot be read"), "{says}");
        assert!(!says.contains("secret"), "{says}");
    }
}

#[test]
fn a_folder_that_is_a_link_is_not_entered() {
    let (folder, elsewhere) = (folder(), folder());
    fs::write(elsewhere.path().join("k.key"), "key").unwrap();
    let tokens = folder.path().join("tokens");
    symlink(elsewhere.path(), &tokens).unwrap();
    let says = read(&tokens, "k.key").unwrap_err();
    assert!(says.contains("the keys' folder"), "{says}");
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(read(&file, "k.key").is_err());
    assert!(read(&folder.path().join("nowhere"), "k.key").is_err());
}

#[test]
fn what_is_no_file_is_refused_at_once() {
    let folder = folder();
    let path = folder.path();
    fs::create_dir(path.join("folder.key")).unwrap();
    mknodat(CWD, path.join("pipe.key"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    let _socket = UnixListener::bind(path.join("socket.key")).unwrap();
    let begun = Instant::now();
    for name in ["folder.key", "pipe.key", "socket.key", "."] {
        read(path, name).unwrap_err();
    }
    // Devices, which only root could make here, are in a folder of their own.
    for name in ["null", "zero"] {
        let says = read(Path::new("/dev"), name).unwrap_err();
        assert!(says.contains("no regular file"), "{says}");
    }
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "a pipe was waited for"
    );
}

#[test]
fn a_name_that_leads_elsewhere_is_none() {
    let outer = folder();
    let tokens = outer.path().join("tokens");
    fs::create_dir_all(tokens.join("inner")).unwrap();
    for path in ["k.key", "tokens/k.key", "tokens/inner/k.key"] {
        fs::write(outer.path().join(path), "key").unwrap();
    }
    let whole = outer.path().join("k.key");
    for name in [
        "",
        "..",
        "../k.key",
        "inner/k.key",
        "./k.key",
        "k.key/",
        "k.key\0",
        "\0",
        whole.to_str().unwrap(),
    ] {
        let says = read(&tokens, name).unwrap_err();
        assert!(says.contains("its name is no file's"), "{name:?}: {says}");
    }
    assert_eq!(read(&tokens, "k.key").unwrap(), b"key");
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_has_more_than_it_says_is_no_key() {
    // It is a regular file of size zero, and yet has thousands of bytes.
    let path = Path::new("/proc/self/smaps");
    assert_eq!(fs::metadata(path).unwrap().len(), 0);
    let says = read(Path::new("/proc/self"), "smaps");
    // `/proc/self` is a link, and not entered.
    assert!(says.unwrap_err().contains("the keys' folder"));
    let folder = format!("/proc/{}", std::process::id());
    let says = read(Path::new(&folder), "smaps").unwrap_err();
    assert!(says.contains("larger than any key"), "{says}");
}

#[test]
fn a_file_that_grows_while_it_is_read_is_no_more_than_the_limit() {
    let folder = folder();
    let path = folder.path().join("k.key");
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let mut file = File::create(&path).unwrap();
                for _ in 0..3 {
                    file.write_all(&[b'k'; 2_000]).unwrap();
                }
            }
        });
        for _ in 0..2_000 {
            if let Ok(content) = read(folder.path(), "k.key") {
                assert!(content.len() <= LIMIT, "{}", content.len());
            }
        }
        over.store(true, Ordering::Relaxed);
    });
}
