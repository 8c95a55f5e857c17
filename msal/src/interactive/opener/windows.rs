use std::path::PathBuf;

use super::plan::Attempt;
use super::surroundings::Surroundings;

/// The shell's handler of addresses, without `cmd`, which would read `&` and `%` in them. Not tested on Windows.
pub(super) fn attempts(surroundings: &Surroundings, url: &str) -> Vec<Attempt> {
    let root = surroundings
        .variable("SystemRoot")
        .map_or_else(|| PathBuf::from(r"C:\Windows"), PathBuf::from);
    let program = root.join("System32").join("rundll32.exe");
    vec![Attempt::new(program, ["url.dll,FileProtocolHandler", url])]
}
