//! A local identity provider, a folder, and the command run against them.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use msal_testing::defaults::{CLIENT_SECRET, SECRET_CLIENT_ID};
use msal_testing::{LocalIdentityProvider, LocalIdentityProviderBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const TRANSPORTS: [&str; 2] = ["reqwest", "ureq"];
pub(crate) const GRAPH_SCOPE: &str = "https://graph.microsoft.com/.default";
pub(crate) const ID: &str = "0f8fad5b-d9cb-469f-a165-708677289501";

pub(crate) struct World {
    pub(crate) provider: LocalIdentityProvider,
    folder: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::of(LocalIdentityProvider::builder())
    }

    pub(crate) fn of(provider: LocalIdentityProviderBuilder) -> Self {
        Self {
            provider: provider.start().unwrap(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file in the folder.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// The names in the folder.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The same without locks, which stay where there was a cache.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut names = self.names();
        names.retain(|name| !name.ends_with(".lock"));
        names
    }

    /// A path that can be read and not written: what is written beside it has a longer name than there can be.
    pub(crate) fn unwritable(&self) -> PathBuf {
        self.path(&"c".repeat(250))
    }

    /// The command with these arguments and nothing else.
    pub(crate) fn bare(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_msal"));
        command.env_clear().args(arguments).stdin(Stdio::null());
        Run(command)
    }

    /// The command against the provider.
    pub(crate) fn run(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Run {
        self.bare(arguments)
            .arguments(["--proxy", &self.provider.proxy_url(), "--ca-file"])
            .arguments([self.provider.ca_file()])
    }

    /// `client-credentials` of an application that has a certificate, or none of its own: without credential.
    pub(crate) fn token_of(&self, client_id: &str) -> Run {
        self.run(["client-credentials", "--client-id", client_id])
            .arguments([
                "--scope",
                GRAPH_SCOPE,
                "--authority",
                &self.provider.authority(),
            ])
    }

    /// `client-credentials` that works.
    pub(crate) fn token(&self) -> Run {
        self.token_of(SECRET_CLIENT_ID)
            .arguments(["--secret-env", "S"])
            .env("S", CLIENT_SECRET)
    }

    /// The same without the options that say how the provider is reached.
    pub(crate) fn bare_token(&self) -> Run {
        self.bare(["client-credentials", "--client-id", SECRET_CLIENT_ID])
            .arguments(["--scope", GRAPH_SCOPE])
            .arguments(["--authority", &self.provider.authority()])
            .arguments(["--secret-env", "S"])
            .env("S", CLIENT_SECRET)
    }

    /// `explain client-credentials` for the same.
    pub(crate) fn explain(&self) -> Run {
        self.run([
            "explain",
            "client-credentials",
            "--client-id",
            SECRET_CLIENT_ID,
        ])
        .arguments(["--authority", &self.provider.authority()])
        .arguments(["--secret-env", "S"])
        .env("S", CLIENT_SECRET)
    }
}

/// A command about to be run.
pub(crate) struct Run(pub(crate) Command);

impl Run {
    pub(crate) fn arguments(mut self, more: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.0.args(more);
        self
    }

    pub(crate) fn path(self, option: &str, path: &Path) -> Self {
        self.arguments([option.as_ref(), path.as_os_str()])
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    pub(crate) fn end(mut self) -> Ended {
        Ended::of(self.0.output().unwrap())
    }

    /// Runs it with this on its standard input.
    pub(crate) fn fed(mut self, input: &str) -> Ended {
        self.0.stdin(Stdio::piped());
        let mut started = self.start();
        let mut stdin = started.child.stdin.take().unwrap();
        // Who has heard enough may hang up.
        let _heard = stdin.write_all(input.as_bytes());
        drop(stdin);
        started.end()
    }

    /// Starts it, for whom it does not matter what it says.
    pub(crate) fn spawned(mut self) -> Child {
        self.0.stdout(Stdio::null()).stderr(Stdio::null());
        self.0.spawn().unwrap()
    }

    /// Starts it, to be talked to while it runs.
    pub(crate) fn start(mut self) -> Started {
        self.0.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.0.spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Started {
            child,
            stderr,
            heard: String::new(),
        }
    }

    /// Runs what must print this, without a word to anybody.
    pub(crate) fn answer(self) -> Value {
        let ended = self.end();
        assert_eq!(
            (ended.status, ended.stderr.as_str()),
            (0, ""),
            "{}",
            ended.stdout
        );
        ended.json
    }

    /// Runs what must get a token, without a word to anybody.
    pub(crate) fn token(self) -> Value {
        let ended = self.end();
        assert_eq!(ended.stderr, "", "{}", ended.stdout);
        ended.token()
    }

    /// Runs what must fail with this status and kind, and gives the error.
    pub(crate) fn error(self, status: i32, kind: &str) -> Value {
        let line = format!("{:?}", self.0);
        self.end().error(&line, status, kind)
    }
}

/// A command that is running.
pub(crate) struct Started {
    child: Child,
    stderr: BufReader<ChildStderr>,
    heard: String,
}

impl Started {
    /// Waits for a line for people that holds this.
    pub(crate) fn line_with(&mut self, part: &str) -> String {
        loop {
            let mut line = String::new();
            let length = self.stderr.read_line(&mut line).unwrap();
            assert!(length > 0, "it said no `{part}` but {}", self.heard);
            self.heard += &line;
            if line.contains(part) {
                return line.trim_end().to_owned();
            }
        }
    }

    pub(crate) fn end(mut self) -> Ended {
        self.stderr.read_to_string(&mut self.heard).unwrap();
        let mut output = self.child.wait_with_output().unwrap();
        output.stderr = self.heard.into_bytes();
        Ended::of(output)
    }
}

/// A command that has run.
pub(crate) struct Ended {
    pub(crate) status: i32,
    pub(crate) json: Value,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    fn of(output: Output) -> Self {
        let Output {
            status,
            stdout,
            stderr,
        } = output;
        let stdout = String::from_utf8(stdout).unwrap();
        Self {
            status: status.code().expect("it was not killed"),
            json: serde_json::from_str(&stdout).unwrap_or(Value::Null),
            stdout,
            stderr: String::from_utf8(stderr).unwrap(),
        }
    }

    /// What must be a token.
    pub(crate) fn token(self) -> Value {
        assert_eq!(self.status, 0, "{}{}", self.stdout, self.stderr);
        assert_eq!(
            self.members(),
            [
                "access_token",
                "account",
                "correlation_id",
                "expires_on",
                "id_token_claims",
                "refresh_on",
                "scopes",
                "token_source",
                "token_type"
            ]
        );
        self.json
    }

    /// What must be an error of this status and kind.
    pub(crate) fn error(self, line: &str, status: i32, kind: &str) -> Value {
        let all = format!("{line}: {}{}", self.stdout, self.stderr);
        assert_eq!(self.status, status, "{all}");
        assert_eq!(self.members(), ["error"], "{all}");
        let error = self.json["error"].clone();
        assert_eq!(
            members(&error),
            [
                "aadsts",
                "claims",
                "code",
                "correlation_id",
                "description",
                "kind",
                "needs_interaction",
                "retry_after",
                "suberror"
            ]
        );
        assert_eq!(error["kind"], kind, "{all}");
        assert_eq!(error["needs_interaction"], json!(status == 3));
        assert!(!error["description"].as_str().unwrap().is_empty());
        error
    }
}

impl Ended {
    fn members(&self) -> Vec<&str> {
        members(&self.json)
    }
}

/// The names of an object's members, sorted.
pub(crate) fn members(object: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    names
}

/// A test key or certificate.
pub(crate) fn fixture(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("../msal-core/tests/fixtures/credential")
        .join(name)
}

/// The password of the fixtures.
pub(crate) const PASSWORD: &str = "open sesame";

/// Changes the one access token of a cache file.
pub(crate) fn edit(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut cache: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let tokens = cache["AccessToken"].as_object_mut().unwrap();
    assert_eq!(tokens.len(), 1);
    change(tokens.values_mut().next().unwrap());
    fs::write(path, cache.to_string()).unwrap();
}

pub(crate) fn now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.unwrap().as_secs()
}
