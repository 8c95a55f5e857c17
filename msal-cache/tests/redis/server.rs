//! A `redis-server` of the test's own.

use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use msal_cache::redis::RedisOptions;
use redis::{Cmd, Connection, FromRedisValue};
use tempfile::TempDir;

/// Runs until it is dropped. Its port stays the same when it is started again.
pub(crate) struct Server {
    pub(crate) folder: TempDir,
    pub(crate) port: u16,
    arguments: Vec<String>,
    /// How the test itself signs in.
    login: &'static str,
    process: Option<Child>,
}

impl Server {
    /// None where there is no Redis, which is said.
    pub(crate) fn start(arguments: &[&str]) -> Option<Self> {
        Self::start_as("", |_| {
            arguments.iter().map(|text| (*text).into()).collect()
        })
    }

    /// With arguments that depend on its folder, and a login such as `:password@` for the test itself.
    pub(crate) fn start_as(
        login: &'static str,
        arguments: impl Fn(&TempDir) -> Vec<String>,
    ) -> Option<Self> {
        if Command::new("redis-server")
            .arg("--version")
            .output()
            .is_err()
        {
            assert!(
                std::env::var_os("MSAL_NEEDS_REDIS").is_none(),
                "no `redis-server`"
            );
            eprintln!("skipped: there is no `redis-server` here");
            return None;
        }
        // Whoever else starts something may take the port before Redis does.
        (0..5).find_map(|_| {
            let folder = tempfile::tempdir().unwrap();
            let mut server = Self {
                port: free_port(),
                arguments: arguments(&folder),
                folder,
                login,
                process: None,
            };
            server.run().then_some(server)
        })
    }

    /// Kills it, as the kernel does when there is no memory left.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let number = self.process.as_ref().unwrap().id().to_string();
        let sent = Command::new("kill").args(["-s", name, &number]).status();
        assert!(sent.unwrap().success());
    }

    /// Starts it on its port once more.
    pub(crate) fn restart(&mut self) {
        self.kill();
        assert!(self.run(), "it does not start again");
    }

    pub(crate) fn url(&self) -> String {
        self.url_as("")
    }

    /// The URL for a login such as `user:password@`.
    pub(crate) fn url_as(&self, login: &str) -> String {
        format!("redis://{login}127.0.0.1:{}/", self.port)
    }

    pub(crate) fn options(&self) -> RedisOptions {
        RedisOptions::new(self.url()).unwrap()
    }

    /// A connection of the test's own.
    pub(crate) fn connection(&self) -> Connection {
        let client = redis::Client::open(self.url_as(self.login)).unwrap();
        client
            .get_connection_with_timeout(Duration::from_secs(5))
            .unwrap()
    }

    /// Has it do something.
    pub(crate) fn does<T: FromRedisValue>(&self, command: &str) -> T {
        words(command).query(&mut self.connection()).unwrap()
    }

    /// How many bytes it has sent so far.
    pub(crate) fn sent(&self) -> u64 {
        let info: String = self.does("INFO stats");
        let line = info
            .lines()
            .find_map(|line| line.strip_prefix("total_net_output_bytes:"));
        line.unwrap().trim().parse().unwrap()
    }

    fn run(&mut self) -> bool {
        let log = std::fs::File::create(self.folder.path().join("log")).unwrap();
        let process = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--port"])
            .arg(self.port.to_string())
            .arg("--dir")
            .arg(self.folder.path())
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(log)
            .spawn()
            .unwrap();
        self.process = Some(process);
        let since = Instant::now();
        while since.elapsed() < Duration::from_secs(20) {
            if self.process.as_mut().unwrap().try_wait().unwrap().is_some() {
                return false;
            }
            if self.answers() {
                return true;
            }
            thread::sleep(Duration::from_millis(10));
        }
        false
    }

    fn answers(&self) -> bool {
        let client = redis::Client::open(self.url_as(self.login)).unwrap();
        client
            .get_connection_with_timeout(Duration::from_secs(1))
            .and_then(|mut connection| words("PING").query::<String>(&mut connection))
            .is_ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

pub(crate) fn words(command: &str) -> Cmd {
    let mut words = command.split(' ');
    let mut cmd = redis::cmd(words.next().unwrap());
    words.for_each(|word| {
        cmd.arg(word);
    });
    cmd
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}
