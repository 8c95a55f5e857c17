//! Runs a law once more in a process of its own, for what the environment decides.

use std::env;
use std::process::Command;

/// What the parent said, in the child.
pub(crate) fn argument() -> Option<String> {
    env::var(ARGUMENT).ok()
}

/// Runs the law of this name with these variables, and none of those that a transport reads besides.
pub(crate) fn run(law: &str, argument: &str, variables: &[(&str, &str)]) {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", law, "--nocapture"]);
    for name in READ {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command.envs(variables.iter().copied());
    let output = command.env(ARGUMENT, argument).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{law} with {variables:?}: {text}"
    );
}

const ARGUMENT: &str = "MSAL_LAW_ARGUMENT";

const READ: [&str; 7] = [
    "ALL_PROXY",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "REQUEST_METHOD",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
];
