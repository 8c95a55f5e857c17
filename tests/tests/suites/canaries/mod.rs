//! Nothing secret in what people see: secrets are planted wherever one can be, everything goes wrong, and whatever is
//! printed, logged at the finest level, or said in a panic is searched for them.

mod arguments;
mod calls;
mod machines;
mod record;
mod secrets;
mod user_answers;
mod users;

use std::process::Command;

use self::record::Record;
use self::secrets::{PLANTED, hits, names_user};

/// In a process of its own, since a logger and a panic hook are for the whole process.
#[test]
fn nothing_secret_is_shown_or_logged() {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "canaries::everything_goes_wrong", "--ignored"])
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    let cried = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{said}\n{cried}");
    assert!(said.contains("1 passed"), "{said}");
}

#[test]
#[ignore = "run by `nothing_secret_is_shown_or_logged`"]
fn everything_goes_wrong() {
    let record = Record::start();
    let mut flows = Vec::new();
    arguments::fail(&mut flows);
    calls::fail(&mut flows);
    machines::fail(&mut flows);
    users::fail(&mut flows);
    record.stop();

    let failing = flows.iter().filter(|shown| shown.failed).count();
    assert!(failing >= 300, "{failing} failing flows");
    assert!(PLANTED.len() >= 30);
    let mut found = Vec::new();
    for shown in &flows {
        found.extend(
            hits(&shown.text).map(|secret| format!("{secret} in {}: {}", shown.name, shown.text)),
        );
        // What the identity provider says of a user is the program's to read.
        let is_quoted = shown.text.contains("AADSTS50105");
        if shown.failed && !is_quoted && names_user(&shown.text) {
            found.push(format!("a user in {}: {}", shown.name, shown.text));
        }
    }
    let lines = record.lines();
    assert!(lines.len() > 1_000, "{} lines of log", lines.len());
    for part in ["msal", "reqwest", "ureq", "rustls"] {
        assert!(
            lines.iter().any(|line| line.contains(part)),
            "nothing logged by {part}"
        );
    }
    for line in &lines {
        found.extend(hits(line).map(|secret| format!("{secret} logged: {line}")));
        let is_seen_by_all = ["ERROR", "WARN", "INFO"]
            .iter()
            .any(|level| line.contains(level));
        if is_seen_by_all && names_user(line) {
            found.push(format!("a user logged: {line}"));
        }
    }
    found.truncate(20);
    assert!(found.is_empty(), "{found:#?}");
}

/// What there is to see of one thing.
struct Shown {
    name: String,
    text: String,
    failed: bool,
}

impl Shown {
    /// Something that is fine, but must not show what is in it.
    fn value(name: &str, value: &dyn std::fmt::Debug) -> Self {
        Self {
            name: name.to_owned(),
            text: format!("{value:?} {value:#?}"),
            failed: false,
        }
    }

    /// An error in all its forms, with all that caused it.
    fn error(name: &str, error: &dyn std::error::Error) -> Self {
        let mut text = format!("{error} {error:#} {error:?} {error:#?}");
        let mut cause = error.source();
        while let Some(error) = cause {
            text += &format!("\n{error} {error:?} {error:#?}");
            cause = error.source();
        }
        Self {
            name: name.to_owned(),
            text,
            failed: true,
        }
    }
}
