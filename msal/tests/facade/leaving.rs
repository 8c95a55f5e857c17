//! Callers that leave while their cache is read, leased or written: dropped at every await, with the work at the file
//! done before they leave or after.

use std::fs::{self, File};
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use msal::{
    Account, AsyncTransport, AuthenticationResult, BoxFuture, Error, PersistentCache,
    PublicClientApplication, Request, Response, Runtime, TokenSource, Transport, TransportError,
    UreqTransport,
};
use msal_testing::defaults;

use crate::stage::{Stage, authority};

type Called<T> = Pin<Box<dyn Future<Output = Result<T, Error>>>>;

const SCOPES: [&str; 1] = ["User.Read"];

/// When the work is done that was handed to a thread last.
#[derive(Clone, Copy, Debug)]
enum Work {
    AfterTheyLeft,
    BeforeTheyLeave,
}

/// A program with a user whose access token has run out, and its threads.
struct Program {
    app: PublicClientApplication,
    threads: Threads,
}

impl Program {
    fn new(stage: &Stage, path: &Path) -> Self {
        let threads = Threads::default();
        let app = stage
            .desktop()
            .authority(authority())
            .transport(Stepwise(stage.ureq()))
            .runtime(threads.clone())
            .token_cache(PersistentCache::file(path).unwrap())
            .build()
            .unwrap();
        Self { app, threads }
    }

    fn silent(&self, account: &Account) -> Called<AuthenticationResult> {
        let call = self.app.acquire_token_silent(SCOPES, account);
        Box::pin(call.into_future())
    }

    fn finish<T>(&self, mut call: Called<T>) -> T {
        for _ in 0..1_000 {
            if let Poll::Ready(outcome) = poll(&mut call) {
                return outcome.unwrap();
            }
            self.threads.work();
        }
        panic!("it comes to no end");
    }

    /// Polls so often at most. None where the call was dropped before its end.
    fn cut_off<T>(&self, mut call: Called<T>, polls: usize, work: Work) -> Option<T> {
        for _ in 0..polls {
            self.threads.work();
            if let Poll::Ready(outcome) = poll(&mut call) {
                return Some(outcome.unwrap());
            }
        }
        if matches!(work, Work::BeforeTheyLeave) {
            self.threads.work();
        }
        drop(call);
        self.threads.work();
        None
    }
}

/// A file where a user has signed in.
fn signed_in(stage: &Stage, path: &Path) -> Account {
    let program = Program::new(stage, path);
    let (username, password) = (defaults::USERNAME, defaults::PASSWORD);
    let call = program
        .app
        .acquire_token_by_username_password(username, password, SCOPES);
    let result = program.finish(Box::pin(call.into_future()));
    result.account().unwrap().clone()
}

/// Drops a call after each number of polls, and looks at what it left behind. How many polls the whole call is of.
fn dropped_everywhere<T>(
    work: Work,
    call: impl Fn(&Program, &Account) -> Called<T>,
    then: impl Fn(&Stage, &Path, &Account),
) -> usize {
    for polls in 0.. {
        let stage = Stage::new();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache/tokens.json");
        let account = signed_in(&stage, &path);
        stage.clock.advance(2 * 3_600);
        let program = Program::new(&stage, &path);
        let outcome = program.cut_off(call(&program, &account), polls, work);
        assert_whole(&path);
        assert_nothing_is_locked(&path);
        then(&stage, &path, &account);
        // The same program goes on, too.
        program.finish(Box::pin(program.app.accounts().into_future()));
        if outcome.is_some() {
            return polls;
        }
    }
    unreachable!()
}

fn assert_whole(path: &Path) {
    let inspection = msal::cache::inspect(&fs::read(path).unwrap()).unwrap();
    assert!(inspection.report.damaged == 0);
    let folder = fs::read_dir(path.parent().unwrap()).unwrap();
    let names = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    for name in names {
        let is_ours = name == "tokens.json" || name.ends_with(".lock");
        assert!(is_ours, "{name} is left behind");
    }
}

fn assert_nothing_is_locked(path: &Path) {
    for entry in fs::read_dir(path.parent().unwrap()).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "lock")
        {
            File::open(&path).unwrap().try_lock().unwrap();
        }
    }
}

#[test]
fn a_renewal_dropped_at_any_await_leaves_a_file_that_the_next_can_use() {
    for work in [Work::AfterTheyLeft, Work::BeforeTheyLeave] {
        let silent = |program: &Program, account: &Account| program.silent(account);
        let polls = dropped_everywhere(work, silent, |stage, path, account| {
            let next = Program::new(stage, path);
            let result = next.finish(next.silent(account));
            assert!(result.persist_error().is_none());
            let again = next.finish(next.silent(account));
            assert_eq!(again.token_source(), TokenSource::Cache);
        });
        // Load, lease, load, request, save.
        assert!(polls >= 5, "{polls}");
    }
}

#[test]
fn a_sign_out_dropped_at_any_await_leaves_the_user_in_or_out_and_can_be_repeated() {
    for work in [Work::AfterTheyLeft, Work::BeforeTheyLeave] {
        let sign_out = |program: &Program, account: &Account| -> Called<bool> {
            Box::pin(program.app.remove_account(account).into_future())
        };
        let polls = dropped_everywhere(work, sign_out, |stage, path, account| {
            let next = Program::new(stage, path);
            let accounts = next.finish(Box::pin(next.app.accounts().into_future()));
            assert!(accounts.len() <= 1);
            next.finish(sign_out(&next, account));
            let content = fs::read_to_string(path).unwrap();
            assert!(!content.contains("secret"), "no token is left");
        });
        assert!(polls >= 2, "{polls}");
    }
}

fn poll<T>(call: &mut Called<T>) -> Poll<Result<T, Error>> {
    let mut context = Context::from_waker(Waker::noop());
    call.as_mut().poll(&mut context)
}

/// A runtime whose threads work when they are told to, and whose limits are never over.
#[derive(Clone, Default)]
struct Threads(Arc<Mutex<Vec<Job>>>);

type Job = Box<dyn FnOnce() + Send>;

impl Threads {
    fn work(&self) {
        let work = std::mem::take(&mut *self.0.lock().unwrap());
        work.into_iter().for_each(|work| work());
    }
}

impl Runtime for Threads {
    fn sleep(&self, time: Duration) -> BoxFuture<()> {
        assert!(time > Duration::from_secs(1), "nothing is tried again");
        Box::pin(std::future::pending())
    }

    fn spawn(&self, _: BoxFuture<()>) {
        panic!("nothing is renewed beside a call");
    }

    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        self.0.lock().unwrap().push(work);
    }
}

/// A transport that can be left before it sends, and with the answer in hand.
struct Stepwise(UreqTransport);

#[async_trait::async_trait]
impl AsyncTransport for Stepwise {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        tokio::task::yield_now().await;
        let answer = Transport::send(&self.0, request);
        tokio::task::yield_now().await;
        answer
    }
}
