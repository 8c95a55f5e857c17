//! What `-v` shows.

use std::io;

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Logs this library's events to standard error: those of others could show more than they should.
pub(crate) fn start(verbose: bool) {
    if !verbose {
        return;
    }
    let ours = Targets::new().with_target("msal", Level::DEBUG);
    tracing_subscriber::fmt()
        .with_max_level(Level::DEBUG)
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false)
        // It would panic where standard error is closed.
        .log_internal_errors(false)
        .with_writer(io::stderr)
        .finish()
        .with(ours)
        .init();
}
