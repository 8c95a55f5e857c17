//! Processes that share a cache file, with a provider that rotates refresh tokens and punishes who uses one twice.

mod asleep;
mod killed;
mod seen;
mod turns;
mod worker;

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use msal_testing::{Endpoint, LocalIdentityProvider};

/// A provider, and a file that processes share.
struct Stage {
    provider: LocalIdentityProvider,
    folder: tempfile::TempDir,
    /// How many seconds later it is for processes that are started from now on.
    later: u64,
}

impl Stage {
    /// A provider that rotates refresh tokens, and ends a whole sign-in when one is used twice.
    fn new() -> Self {
        let provider = LocalIdentityProvider::builder()
            .rotating_refresh_tokens()
            .start()
            .unwrap();
        Self {
            provider,
            folder: tempfile::tempdir().unwrap(),
            later: 0,
        }
    }

    /// The same with a user signed in, whose access token has run out.
    fn expired() -> Self {
        let mut stage = Self::new();
        stage.process(Kind::Blocking).says("sign-in", "signed in");
        stage.let_tokens_expire();
        stage
    }

    fn let_tokens_expire(&mut self) {
        self.later += TWO_HOURS;
        self.provider
            .set_clock_offset(i64::try_from(self.later).unwrap());
        self.provider.clear_journal();
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("cache/tokens.json")
    }

    /// What the file holds, as it is.
    fn kept(&self) -> String {
        std::fs::read_to_string(self.file()).unwrap()
    }

    fn process(&self, kind: Kind) -> Process {
        self.process_that(kind, "")
    }

    /// A process that something happens to when it speaks to the token endpoint, see [`worker`].
    fn process_that(&self, kind: Kind, fate: &str) -> Process {
        Process::start(worker::command(
            kind,
            fate,
            &self.file(),
            &self.provider,
            self.later,
        ))
    }

    /// So many processes of each kind in turn.
    fn processes(&self, kinds: &[Kind], count: usize) -> Vec<Process> {
        let kinds = kinds.iter().cycle().take(count);
        kinds.map(|kind| self.process(*kind)).collect()
    }

    fn token_requests(&self) -> u64 {
        self.provider.count(Endpoint::Token)
    }

    fn arrived(&self, requests: usize) {
        self.provider
            .wait_for(Endpoint::Token, requests, LONG)
            .unwrap();
    }
}

/// Which of the two APIs a process uses.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Async,
    Blocking,
}

impl Kind {
    const BOTH: [Self; 2] = [Self::Async, Self::Blocking];
}

/// Another process, which does what it is told and says how it went.
struct Process {
    child: Child,
    orders: ChildStdin,
    answers: Receiver<String>,
}

impl Process {
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (said, answers) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some(answer) = line.strip_prefix(worker::ANSWER) {
                    let _ = said.send(answer.to_owned());
                }
            }
        });
        let orders = child.stdin.take().unwrap();
        let mut process = Self {
            child,
            orders,
            answers,
        };
        assert_eq!(process.answer(), "ready");
        process
    }

    /// Tells it to do something, and waits for nothing.
    fn order(&mut self, order: &str) {
        writeln!(self.orders, "{order}").unwrap();
    }

    fn answer(&mut self) -> String {
        self.answers.recv_timeout(LONG).unwrap()
    }

    fn ask(&mut self, order: &str) -> String {
        self.order(order);
        self.answer()
    }

    fn says(&mut self, order: &str, expected: &str) {
        assert_eq!(self.ask(order), expected, "{order}");
    }

    /// The token that it gets, wherever it is from.
    fn token(&mut self, order: &str) -> String {
        self.order(order);
        self.given()
    }

    fn given(&mut self) -> String {
        let answer = self.answer();
        let token = answer.strip_prefix("token ");
        token.unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it has been killed.
    fn is_dead(&mut self) {
        let begun = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < LONG, "it lives");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until it has been stopped.
    fn is_stopped(&self) {
        let begun = Instant::now();
        let status = format!("/proc/{}/stat", self.child.id());
        loop {
            let stat = std::fs::read_to_string(&status).unwrap();
            if stat.rsplit(") ").next().unwrap().starts_with('T') {
                return;
            }
            assert!(begun.elapsed() < LONG, "it runs");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be dead or stopped.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Tells all of them to do something at once; the tokens that they get.
fn tokens(processes: &mut [Process], order: &str) -> Vec<String> {
    for process in &mut *processes {
        process.order(order);
    }
    processes.iter_mut().map(Process::given).collect()
}

/// That all of them are one.
fn all_one(tokens: &[String]) -> &str {
    let (first, others) = tokens.split_first().unwrap();
    assert!(others.iter().all(|token| token == first), "{tokens:?}");
    first
}

/// Longer than anything takes that is not stuck.
const LONG: Duration = Duration::from_secs(60);

const TWO_HOURS: u64 = 7200;

const MANY: usize = 16;

const SCOPES: [&str; 1] = ["https://graph.microsoft.com/User.Read"];

const APP_SCOPES: [&str; 1] = ["https://graph.microsoft.com/.default"];
