//! Everything that is logged or said in a panic.

use std::io;
use std::panic;
use std::sync::{Arc, Mutex};

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

use super::secrets::PANIC;

/// The lines, from the moment it is started.
#[derive(Clone, Default)]
pub(super) struct Record(Arc<Mutex<Vec<String>>>);

impl Record {
    /// Listens to `log`, to `tracing` and to panics, at the finest level.
    pub(super) fn start() -> Self {
        let record = Self::default();
        log::set_boxed_logger(Box::new(record.clone())).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
        tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_span_events(FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(record.clone())
            .init();
        let panics = record.clone();
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            usual(panic);
            // What a program panics with in its own callback is its own word.
            if panic.payload().downcast_ref() != Some(&PANIC) {
                panics.add(panic.to_string());
            }
        }));
        record
    }

    /// From here on a panic is one of the test's own.
    pub(super) fn stop(&self) {
        drop(panic::take_hook());
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn add(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
}

impl log::Log for Record {
    fn enabled(&self, of: &log::Metadata<'_>) -> bool {
        // As the blocking transport's documentation asks for: at this level ureq shows what it sends and receives.
        of.level() < log::Level::Trace || !of.target().starts_with("ureq")
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            let (level, target) = (record.level(), record.target());
            self.add(format!("{level} {target} {}", record.args()));
        }
    }

    fn flush(&self) {}
}

impl<'a> MakeWriter<'a> for Record {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl io::Write for Record {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.add(String::from_utf8_lossy(line).into_owned());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
