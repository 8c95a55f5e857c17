//! Serves a local identity provider until it is told to stop.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use msal_testing::LocalIdentityProvider;

/// Serves an identity provider on 127.0.0.1 that behaves as Entra ID does, until SIGTERM or SIGINT.
///
/// Prints one line of JSON: URLs, files, tenants, users and apps. Give a program under test the proxy URL and the
/// CA file, and it can sign in at <https://login.microsoftonline.com>.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where to write the CA and the client certificate.
    #[arg(long)]
    dir: PathBuf,
    /// The port; a free one without it.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Where Azure Arc's agent writes its keys; among the other files without it.
    #[arg(long)]
    arc_keys: Option<PathBuf>,
    /// Serve /.control/: journal, faults, clock, users and settings for tests in other languages.
    #[arg(long)]
    control: bool,
}

fn main() -> ExitCode {
    match serve(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("local-identity-provider: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(arguments: Arguments) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let stop = runtime.block_on(async { Stop::new() })?;
    let mut builder = LocalIdentityProvider::builder()
        .directory(arguments.dir)
        .port(arguments.port);
    if let Some(folder) = arguments.arc_keys {
        builder = builder.arc_keys(folder);
    }
    if arguments.control {
        builder = builder.control();
    }
    let provider = builder.start()?;
    let mut stdout = io::stdout();
    writeln!(stdout, "{}", provider.summary())?;
    stdout.flush()?;
    runtime.block_on(stop.wait())
}

/// The signals, caught before anything is printed, so that none is missed.
struct Stop {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    #[cfg(unix)]
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    #[cfg(unix)]
    async fn wait(mut self) -> io::Result<()> {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        Ok(())
    }

    #[cfg(not(unix))]
    fn new() -> io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn wait(self) -> io::Result<()> {
        tokio::signal::ctrl_c().await
    }
}
