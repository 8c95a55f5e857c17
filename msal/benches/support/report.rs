//! A table in Markdown.

#![expect(clippy::print_stdout, reason = "a table is what benches are for")]

/// Prints the head of a table.
pub(crate) fn head(title: &str) {
    println!("\n{title}\n");
    println!("| work | reach | measured | |");
    println!("|---|---|---|---|");
}

/// Prints a row: what was done, what is to be reached, what was measured, and whether that holds.
pub(crate) fn row(work: &str, reach: &str, measured: &str, holds: bool) {
    let verdict = if holds { "reached" } else { "MISSED" };
    println!("| {work} | {reach} | {measured} | {verdict} |");
}

/// Prints a row that is there to be compared with.
pub(crate) fn note(work: &str, measured: &str) {
    println!("| {work} | | {measured} | |");
}

/// A time for people.
pub(crate) fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        n if n < 1e3 => format!("{n:.0} ns"),
        n if n < 1e6 => format!("{:.2} µs", n / 1e3),
        n => format!("{:.2} ms", n / 1e6),
    }
}
