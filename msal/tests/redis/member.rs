//! One process of a farm: this same test binary, told by variables what to do.

#![expect(clippy::print_stdout, reason = "so the others are told what happens")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use msal::cache::redis::{AsyncRedisStore, RedisOptions, RedisStore};
use msal::{
    Account, PersistentCache, PublicClientApplication, ReqwestTransport, UreqTransport, blocking,
};
use msal_testing::defaults;
use tokio::runtime::Runtime;

use crate::farm::AN_HOUR;
use crate::server::Server;
use crate::stage::{Stage, TestClock};

pub(crate) struct Member {
    process: Child,
    lines: Box<dyn Iterator<Item = String>>,
}

/// Starts a process whose clock is two hours ahead, so that the tokens of the sign-in have expired.
pub(crate) fn start(server: &Server, stage: &Stage, account: &str, is_async: bool) -> Member {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "member::works_for_the_other_tests",
            "--nocapture",
            "--test-threads=1",
            "--quiet",
        ])
        .env("MSAL_TEST_REDIS", server.url())
        .env("MSAL_TEST_PROXY", stage.provider.proxy_url())
        .env("MSAL_TEST_CA", stage.provider.ca_pem())
        .env("MSAL_TEST_ACCOUNT", account)
        .env("MSAL_TEST_ASYNC", is_async.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    Member {
        process,
        lines: Box::new(lines.map_while(Result::ok)),
    }
}

impl Member {
    /// Waits until it knows the user.
    pub(crate) fn is_ready(&mut self) {
        assert!(self.lines.any(|line| line.ends_with("ready")));
    }

    pub(crate) fn go(&mut self) {
        let stdin = self.process.stdin.as_mut().unwrap();
        stdin.write_all(b"go\n").unwrap();
    }

    /// The tokens that its threads had.
    pub(crate) fn tokens(mut self) -> Vec<String> {
        let tokens: Vec<String> = self
            .lines
            .by_ref()
            .filter_map(|line| line.strip_prefix("token ").map(str::to_owned))
            .collect();
        assert!(self.process.wait().unwrap().success());
        assert_eq!(tokens.len(), THREADS);
        tokens
    }

    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// The test that is no test unless it is told what to do.
#[test]
fn works_for_the_other_tests() {
    let Ok(url) = std::env::var("MSAL_TEST_REDIS") else {
        return;
    };
    let told = |name: &str| std::env::var(name).unwrap();
    let (proxy, ca) = (told("MSAL_TEST_PROXY"), told("MSAL_TEST_CA"));
    let (account, is_async) = (told("MSAL_TEST_ACCOUNT"), told("MSAL_TEST_ASYNC"));
    let options = RedisOptions::new(url).unwrap();
    let clock = TestClock::new();
    clock.advance(2 * AN_HOUR);
    match is_async == "true" {
        true => {
            let transport = ReqwestTransport::builder()
                .proxy(proxy)
                .add_root_certificates_pem(ca);
            let store = AsyncRedisStore::new(options).unwrap();
            let app = PublicClientApplication::builder(defaults::PUBLIC_CLIENT_ID)
                .env(clock.env())
                .transport(transport.build().unwrap())
                .token_cache(PersistentCache::new_async(store));
            Runtime::new()
                .unwrap()
                .block_on(in_tasks(app.build().unwrap(), account));
        }
        false => {
            let transport = UreqTransport::builder()
                .proxy(proxy)
                .add_root_certificates_pem(ca);
            let store = RedisStore::new(options).unwrap();
            let app = blocking::PublicClientApplication::builder(defaults::PUBLIC_CLIENT_ID)
                .env(clock.env())
                .transport(transport.build().unwrap())
                .token_cache(PersistentCache::new(store));
            in_threads(&app.build().unwrap(), &account);
        }
    }
}

async fn in_tasks(app: PublicClientApplication, id: String) {
    let app = Arc::new(app);
    let accounts = app.accounts().home_account_id(&id).await.unwrap();
    let [account]: [Account; 1] = accounts.try_into().unwrap();
    wait_for_the_start();
    let tasks: Vec<_> = (0..THREADS)
        .map(|_| {
            let (app, account) = (app.clone(), account.clone());
            tokio::spawn(async move { app.acquire_token_silent(SCOPES, &account).await.unwrap() })
        })
        .collect();
    for task in tasks {
        println!("token {}", task.await.unwrap().access_token().expose());
    }
}

fn in_threads(app: &blocking::PublicClientApplication, id: &str) {
    let accounts = app.accounts().home_account_id(id).send().unwrap();
    let [account]: [Account; 1] = accounts.try_into().unwrap();
    wait_for_the_start();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let result = app.acquire_token_silent(SCOPES, &account).send().unwrap();
                println!("token {}", result.access_token().expose());
            });
        }
    });
}

fn wait_for_the_start() {
    println!("ready");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
}

pub(crate) const SCOPES: [&str; 1] = ["User.Read"];

const THREADS: usize = 8;
