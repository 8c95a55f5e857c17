//! An example as a user runs it: a process of its own, told of the identity provider as of any other.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use msal_testing::{LocalIdentityProvider, defaults};

/// A running example.
pub(crate) struct Example {
    lines: Box<dyn Iterator<Item = String>>,
    process: Child,
}

/// What became of one that ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) succeeded: bool,
    /// What it wrote, errors too.
    pub(crate) output: String,
}

impl Example {
    /// `desktop_interactive`, which opens its page with that program.
    pub(crate) fn desktop(
        provider: &LocalIdentityProvider,
        opener: PathBuf,
        arguments: &[&str],
    ) -> Self {
        let mut command = command("desktop_interactive", provider);
        command.env("AZURE_CLIENT_ID", defaults::PUBLIC_CLIENT_ID);
        Self::start(command.env("MSAL_BROWSER", opener).args(arguments))
    }

    /// `web_app` on a free port, and its URL.
    pub(crate) fn web_app(provider: &LocalIdentityProvider) -> (Self, String) {
        let mut command = command("web_app", provider);
        let mut example = Self::start(
            command
                .env("AZURE_CLIENT_ID", defaults::WEB_CLIENT_ID)
                .env("AZURE_CLIENT_SECRET", defaults::WEB_CLIENT_SECRET)
                .env("PORT", "0"),
        );
        let url = example
            .lines
            .find_map(|line| line.strip_prefix("Open ").map(str::to_owned));
        (example, url.expect("the web app tells its URL"))
    }

    /// Waits until it has ended by itself.
    pub(crate) fn end(mut self) -> Ended {
        let lines: Vec<String> = self.lines.by_ref().collect();
        Ended {
            succeeded: self.process.wait().unwrap().success(),
            output: lines.join("\n"),
        }
    }

    fn start(command: &mut Command) -> Self {
        let (reader, writer) = std::io::pipe().unwrap();
        let process = command
            .stdin(Stdio::null())
            .stdout(writer.try_clone().unwrap())
            .stderr(writer)
            .spawn()
            .unwrap();
        // The command would keep the pipe open.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Self {
            lines: Box::new(BufReader::new(reader).lines().map_while(Result::ok)),
            process,
        }
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ended = self.process.kill();
        let _ended = self.process.wait();
    }
}

/// `cargo test` builds the examples before the tests, in a folder next to theirs.
fn command(name: &str, provider: &LocalIdentityProvider) -> Command {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(|deps| deps.parent()).unwrap();
    let path = folder.join("examples").join(name);
    assert!(
        path.is_file(),
        "no {}: build it with `cargo build -p msal --examples`",
        path.display()
    );
    let mut command = Command::new(path);
    for name in [
        "ALL_PROXY",
        "HTTP_PROXY",
        "NO_PROXY",
        "all_proxy",
        "http_proxy",
        "https_proxy",
        "no_proxy",
    ] {
        command.env_remove(name);
    }
    command
        .env("AZURE_TENANT_ID", defaults::TENANT_ID)
        .env("HTTPS_PROXY", provider.proxy_url())
        .env("SSL_CERT_FILE", provider.ca_file());
    command
}
