use std::io;
use std::process::{Child, Command, Stdio};
use std::thread;

use super::Attempt;

/// Starts the first program that can be started, and returns. A thread waits for its end, and starts the next one if
/// it did not go well.
pub(super) fn start(attempts: Vec<Attempt>, honours_variable: bool) -> io::Result<()> {
    let mut attempts = attempts.into_iter();
    let mut failure = None;
    while let Some(attempt) = attempts.next() {
        match spawn(&attempt, honours_variable) {
            Ok(child) => return watch(child, attempt, attempts, honours_variable),
            Err(error) => failure = Some(error),
        }
    }
    Err(failure.unwrap_or_else(|| io::ErrorKind::NotFound.into()))
}

fn watch(
    mut child: Child,
    mut attempt: Attempt,
    mut others: impl Iterator<Item = Attempt> + Send + 'static,
    honours_variable: bool,
) -> io::Result<()> {
    let watch = move || {
        while !went_well(&mut child, &attempt) {
            loop {
                let Some(next) = others.next() else {
                    tracing::warn!("no program could open a browser");
                    return;
                };
                if let Ok(next_child) = spawn(&next, honours_variable) {
                    (child, attempt) = (next_child, next);
                    break;
                }
            }
        }
    };
    thread::Builder::new()
        .name("msal-browser".to_owned())
        .spawn(watch)
        .map(drop)
}

/// Waits for its end, so that no zombie is left.
fn went_well(child: &mut Child, attempt: &Attempt) -> bool {
    let Ok(status) = child.wait() else {
        // Somebody else reaps this process's children.
        return true;
    };
    // Ended by a signal, it was a browser that somebody closed.
    status
        .code()
        .is_none_or(|code| attempt.good_codes.contains(&code))
}

fn spawn(attempt: &Attempt, honours_variable: bool) -> io::Result<Child> {
    let mut command = Command::new(&attempt.program);
    command
        .args(&attempt.arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if !honours_variable {
        command.env_remove("BROWSER");
    }
    // Ctrl-C in the terminal is for us, not for the browser.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn()
}
