//! What is run to open a browser, and when nothing is.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use msal::interactive::opener::{Surroundings, System, plan};
use msal::interactive::{Browser, NoBrowser, OpenWith, SystemBrowser};
use url::Url;

use super::alone::run_alone;

/// With what a shell would run, expand or split.
const URL: &str = "https://login.microsoftonline.com/common/oauth2/v2.0/authorize?a=1&b=$(id)&c=`id`;|*%20x'y%22#";

#[test]
fn the_address_is_one_argument_and_browser_is_not_obeyed() {
    run_alone("browser::fake_xdg_open", &[("BROWSER", "evil %s")]);
}

#[test]
#[ignore = "in a process of its own"]
fn fake_xdg_open() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    let opener = program(folder.path(), "xdg-open", &recorder(&record, 0));
    let browser = SystemBrowser::in_surroundings(desktop(folder.path(), &[&opener]));
    browser.open(&Url::parse(URL).unwrap()).unwrap();
    let url = Url::parse(URL).unwrap();
    assert_eq!(recorded(&record), format!("1\n{url}\nunset\n"));
    fs::remove_file(&record).unwrap();
    browser.honour_browser_variable().open(&url).unwrap();
    assert_eq!(recorded(&record), format!("1\n{url}\nevil %s\n"));
}

#[test]
fn the_next_program_is_tried_when_one_fails() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    let first = program(folder.path(), "xdg-open", "exit 3");
    let second = program(folder.path(), "gio", &recorder(&record, 0));
    let browser = SystemBrowser::in_surroundings(desktop(folder.path(), &[&first, &second]));
    let url = Url::parse("https://login.example/").unwrap();
    browser.open(&url).unwrap();
    assert_eq!(recorded(&record), "2\nopen\nunset\n");
}

#[test]
fn a_program_in_the_foreground_is_not_waited_for_and_leaves_no_zombie() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    // It ends when the pipe is opened at the other end.
    let pipe = folder.path().join("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let text = format!(
        "{}\necho noise; echo noise >&2; cat {}",
        recorder(&record, 0).replace("exit 0", ""),
        pipe.display()
    );
    let opener = program(
        folder.path(),
        "viewer",
        &format!("{text}\necho $$ > {}", record.display()),
    );
    let start = Instant::now();
    OpenWith::new(&opener)
        .open(&Url::parse("https://login.example/?a=b c").unwrap())
        .unwrap();
    assert!(start.elapsed() < Duration::from_secs(1));
    assert_eq!(
        recorded(&record),
        "1\nhttps://login.example/?a=b%20c\nunset\n"
    );
    fs::remove_file(&record).unwrap();
    fs::write(&pipe, "end").unwrap();
    let id = recorded(&record);
    let process = Path::new("/proc").join(id.trim());
    let start = Instant::now();
    while process.exists() {
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "{id} was not reaped"
        );
        std::thread::yield_now();
    }
}

#[test]
fn only_web_addresses_are_opened() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    let opener = program(folder.path(), "xdg-open", &recorder(&record, 0));
    let system = SystemBrowser::in_surroundings(desktop(folder.path(), &[&opener]));
    let with = OpenWith::new(&opener);
    for refused in [
        "http://login.microsoftonline.com/",
        "http://localhost.evil.example/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "data:text/html,x",
        "ms-settings:",
        "ftp://localhost/",
        "about:blank",
    ] {
        let url = Url::parse(refused).unwrap();
        for browser in [&system as &dyn Browser, &with] {
            assert_eq!(
                browser.open(&url).unwrap_err().kind(),
                ErrorKind::InvalidInput,
                "{refused}"
            );
        }
    }
    assert!(!record.exists());
    for (number, fine) in [
        "http://localhost:1/x",
        "http://127.0.0.1:1/",
        "http://[::1]:1/",
    ]
    .iter()
    .enumerate()
    {
        with.open(&Url::parse(fine).unwrap()).unwrap();
        assert_eq!(recorded(&record), format!("1\n{fine}\nunset\n"), "{number}");
        fs::remove_file(&record).unwrap();
    }
}

#[test]
fn a_program_that_is_not_there_is_an_error() {
    let url = Url::parse("https://login.example/").unwrap();
    let error = OpenWith::new("/nowhere/browser").open(&url).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn where_no_browser_can_open_it_says_why() {
    type Row = (
        &'static [(&'static str, &'static str)],
        &'static [&'static str],
        NoBrowser,
    );
    let table: &[Row] = &[
        (
            &[("DISPLAY", ":0")],
            &["/.dockerenv", XDG_OPEN],
            NoBrowser::Container,
        ),
        (
            &[("DISPLAY", ":0")],
            &["/run/.containerenv", XDG_OPEN],
            NoBrowser::Container,
        ),
        (
            &[("SSH_CONNECTION", "a")],
            &[XDG_OPEN],
            NoBrowser::RemoteSession,
        ),
        (
            &[("SSH_TTY", "a"), ("DISPLAY", "")],
            &[XDG_OPEN],
            NoBrowser::RemoteSession,
        ),
        (
            &[("SSH_CLIENT", "a"), ("WSL_DISTRO_NAME", "a")],
            &[WSLVIEW],
            NoBrowser::RemoteSession,
        ),
        (&[], &[XDG_OPEN], NoBrowser::NoDisplay),
        (
            &[("SUDO_USER", "a"), ("DISPLAY", ":0")],
            &[XDG_OPEN],
            NoBrowser::Sudo,
        ),
        (
            &[("PKEXEC_UID", "1000"), ("DISPLAY", ":0")],
            &[XDG_OPEN],
            NoBrowser::Sudo,
        ),
        (&[("DISPLAY", ":0")], &[], NoBrowser::NoProgram),
        (&[("WSL_INTEROP", "a")], &[XDG_OPEN], NoBrowser::NoProgram),
        // Not to be had from wherever the process happens to be.
        (
            &[("DISPLAY", ":0"), ("PATH", ":.:bin")],
            &["xdg-open", "./xdg-open", "bin/xdg-open"],
            NoBrowser::NoProgram,
        ),
    ];
    for (variables, files, reason) in table {
        let surroundings = surroundings(variables, files);
        let url = Url::parse(URL).unwrap();
        assert_eq!(
            plan(&surroundings, &url),
            Err(*reason),
            "{variables:?} {files:?}"
        );
        let error = SystemBrowser::in_surroundings(surroundings)
            .open(&url)
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        let source = error.get_ref().and_then(|source| source.downcast_ref());
        assert_eq!(source, Some(reason));
        assert!(
            error
                .to_string()
                .starts_with("no browser can be opened here: ")
        );
    }
}

#[test]
fn each_system_has_its_programs() {
    let url = Url::parse("https://login.example/?a=1&b=2").unwrap();
    let text = url.as_str();
    let planned = |surroundings: Surroundings| -> Vec<Vec<String>> {
        let attempts = plan(&surroundings, &url).unwrap().into_iter();
        attempts
            .map(|attempt| {
                let all = [attempt.program].into_iter().chain(attempt.arguments);
                all.map(|word| word.into_string().unwrap()).collect()
            })
            .collect()
    };
    let wayland = [("WAYLAND_DISPLAY", "wayland-0"), ("SSH_CONNECTION", "a")];
    let desktop = surroundings(&wayland, &[XDG_OPEN, "/usr/bin/gio"]);
    assert_eq!(
        planned(desktop),
        [vec![XDG_OPEN, text], vec!["/usr/bin/gio", "open", text]]
    );

    let wsl = surroundings(
        &[("WSL_DISTRO_NAME", "Debian")],
        &[WSLVIEW, EXPLORER, XDG_OPEN],
    );
    assert_eq!(planned(wsl.clone()), [[WSLVIEW, text], [EXPLORER, text]]);
    let codes: Vec<_> = plan(&wsl, &url)
        .unwrap()
        .iter()
        .map(|attempt| attempt.good_codes)
        .collect();
    assert_eq!(codes, [&[0][..], &[0, 1]]);

    let mut mac = surroundings(&[], &[]);
    mac.system = System::MacOs;
    assert_eq!(planned(mac), [["/usr/bin/open", text]]);
    let mut windows = surroundings(&[("SystemRoot", "/windows")], &[]);
    windows.system = System::Windows;
    assert_eq!(
        planned(windows),
        [[
            "/windows/System32/rundll32.exe",
            "url.dll,FileProtocolHandler",
            text
        ]]
    );
    for system in [System::MacOs, System::Windows] {
        let mut remote = surroundings(&[("SSH_CONNECTION", "a")], &[]);
        remote.system = system;
        assert_eq!(plan(&remote, &url), Err(NoBrowser::RemoteSession));
    }
}

const XDG_OPEN: &str = "/usr/bin/xdg-open";
const WSLVIEW: &str = "/usr/bin/wslview";
const EXPLORER: &str = "/mnt/c/Windows/explorer.exe";

fn surroundings(variables: &[(&str, &str)], files: &[&str]) -> Surroundings {
    let usual = [("PATH", "/usr/local/bin:/usr/bin")];
    let variables = usual.iter().chain(variables).copied();
    let mut surroundings = Surroundings::of_this_process()
        .with_variables(variables)
        .with_files(files.iter().copied());
    surroundings.system = System::Other;
    surroundings
}

/// A desktop with these programs in its only folder.
fn desktop(folder: &Path, programs: &[&str]) -> Surroundings {
    surroundings(
        &[("DISPLAY", ":0"), ("PATH", folder.to_str().unwrap())],
        programs,
    )
}

fn program(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    // Written by another process: a child that is forked while this one writes would hold it open (ETXTBSY).
    let status = std::process::Command::new("sh")
        .arg("-c")
        .arg("printf '%s\\n' \"$1\" > \"$0\"; chmod 755 \"$0\"")
        .arg(&path)
        .arg(format!("#!/bin/sh\n{text}"))
        .status();
    assert!(status.unwrap().success());
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o755
    );
    path.into_os_string().into_string().unwrap()
}

/// A script that writes down how many arguments it has, the first one, and `BROWSER`.
fn recorder(record: &Path, code: i32) -> String {
    let record = record.display();
    format!(
        "printf '%s\\n' \"$#\" \"$1\" \"${{BROWSER-unset}}\" > {record}.new; mv {record}.new {record}; exit {code}"
    )
}

/// What a program that was started wrote down.
fn recorded(record: &Path) -> String {
    let start = Instant::now();
    loop {
        match fs::read_to_string(record) {
            Ok(text) if text.ends_with('\n') => return text,
            _ => assert!(start.elapsed() < Duration::from_secs(10), "nothing was run"),
        }
        std::thread::yield_now();
    }
}
