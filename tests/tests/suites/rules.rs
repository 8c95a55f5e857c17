//! Rules of the code that no compiler knows, checked by reading it.

use std::fs;
use std::path::{Path, PathBuf};

/// What is pure stays pure: values and wire formats need no driver.
#[test]
fn wire_formats_and_values_do_not_name_io() {
    let mut read = 0;
    for module in ["model", "protocol", "wstrust"] {
        for file in sources(&root().join("msal-core/src").join(module)) {
            read += 1;
            let text = code(&file);
            let named = text
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .any(|word| word == "Io");
            assert!(!named, "{} names `Io`", file.display());
            for above in [
                "crate::flow",
                "crate::flows",
                "crate::app",
                "crate::exchange",
            ] {
                assert!(!text.contains(above), "{} uses {above}", file.display());
            }
        }
    }
    assert!(read > 5, "{read} files");
}

/// A derived `Debug` would show what is in a text with such a name.
#[test]
fn no_derived_debug_shows_a_text_that_is_named_like_a_secret() {
    let mut found = Vec::new();
    let mut structs = 0;
    for package in PACKAGES {
        for file in sources(&root().join(package).join("src")) {
            for item in code(&file).split("#[derive(").skip(1) {
                let Some((derived, item)) = item.split_once(")]") else {
                    continue;
                };
                let item = item.split("\n}").next().unwrap_or_default();
                if !derived.contains("Debug") || !item.contains("struct ") {
                    continue;
                }
                structs += 1;
                let fields = item.lines().filter_map(|line| line.trim().split_once(": "));
                for (name, kind) in fields {
                    if is_secret(name) && TEXTS.iter().any(|text| kind.contains(text)) {
                        found.push(format!("{}: {name}: {kind}", file.display()));
                    }
                }
            }
        }
    }
    assert!(structs > 50, "{structs} structs");
    assert!(found.is_empty(), "{found:#?}");
}

/// Nothing that gives an answer away by mistake: the environment and the clock are read by the facade alone.
#[test]
fn the_core_reads_neither_clock_nor_environment() {
    for file in sources(&root().join("msal-core/src")) {
        let text = code(&file);
        for word in [
            "SystemTime::now",
            "Instant::now",
            "env::var",
            "thread::sleep",
            "std::net::Tcp",
        ] {
            assert!(!text.contains(word), "{} uses {word}", file.display());
        }
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.rsplit(' ').next().unwrap_or_default();
    let words = [
        "assertion",
        "body",
        "claims",
        "code",
        "password",
        "secret",
        "token",
    ];
    let public = [
        // RFC 6749's error code; a hash; a URL.
        "code",
        "assertion_hash",
        "token_endpoint",
        "token_type",
    ];
    words
        .iter()
        .any(|word| name.ends_with(word) || name.contains(&format!("{word}_")))
        && !public.contains(&name)
}

/// The files of a folder and those below, but for tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.ends_with("tests.rs")
        {
            files.push(path);
        }
    }
    files.retain(|file| !file.iter().any(|part| part == "tests"));
    files
}

/// A file's code without comments and without the tests at its end.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.map(|line| format!("{line}\n")).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

const PACKAGES: [&str; 5] = [
    "msal",
    "msal-cache",
    "msal-core",
    "msal-http-reqwest",
    "msal-http-ureq",
];
const TEXTS: [&str; 5] = ["Bytes", "String", "Vec<u8>", "Zeroizing<", "str>"];
