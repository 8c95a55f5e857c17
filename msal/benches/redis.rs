//! Times what a cache in Redis costs on loopback, beside the bare commands of the driver, in one run.
//!
//! `cargo bench -p msal --bench redis --features redis`, with a `redis-server` on the path.

#[allow(dead_code, clippy::unwrap_used, reason = "a part of the tests")]
#[path = "../../msal-cache/tests/redis/server.rs"]
mod server;
#[allow(dead_code, clippy::unwrap_used, reason = "a part of the tests")]
#[path = "../tests/facade/stage.rs"]
mod stage;
mod support;

use std::cell::Cell;
use std::error::Error;
use std::future::IntoFuture;

use msal::cache::redis::{AsyncRedisStore, RedisStore};
use msal::cache::{AsyncCacheStore, CacheStore, Content, Loaded, Next};
use msal::{Account, PersistentCache, TokenCache, TokenSource, blocking};
use msal_testing::defaults;
use redis::Commands;
use tokio::runtime::Runtime;

use server::Server;
use stage::Stage;
use support::race::{Race, repeated};
use support::report;

fn main() -> Result<(), Box<dyn Error>> {
    // `cargo test` runs benches without it.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let Some(server) = Server::start(&[]) else {
        return Ok(());
    };
    let stage = Stage::new();
    let value = sign_in(&server, &stage, defaults::USERNAME)?.1;
    report::head(&format!(
        "Redis on loopback, a user of {} bytes",
        value.len()
    ));
    stores(&server, &value)?;
    in_tokio(&server)?;
    for users in [100, 100_000] {
        fill(&server, &value, users)?;
        calls(&server, &stage, users)?;
    }
    Ok(())
}

/// The blocking store beside the blocking driver.
fn stores(server: &Server, value: &[u8]) -> Result<(), Box<dyn Error>> {
    let store = RedisStore::new(server.options())?;
    let content = || {
        Next::Put(Content {
            bytes: value.to_vec().into(),
            life: None,
        })
    };
    let version = store.update(NAME, &mut |_| Ok(content()))?.after;
    let (mut reading, mut writing) = (server.connection(), server.connection());
    let race = Race::run(
        ROUNDS,
        CALLS,
        [
            &mut repeated(|| {
                let _: Vec<u8> = reading.get(KEY).expect("a value");
            }),
            &mut repeated(|| drop(store.load(NAME, None).expect("a value"))),
            &mut repeated(|| {
                let same = store.load(NAME, Some(&version)).expect("an answer");
                assert!(matches!(same, Loaded::Unchanged));
            }),
            &mut repeated(|| {
                let _: () = writing
                    .pset_ex("other", value, 3_600_000)
                    .expect("an answer");
            }),
            &mut repeated(|| {
                store
                    .update("another", &mut |_| Ok(content()))
                    .expect("an answer");
            }),
        ],
    );
    report::note("bare GET, blocking", &report::time(race.time(0)));
    row("load, blocking", 2.0, race.time(1), race.ratio(1, 0), "GET");
    row(
        "the same, unchanged",
        2.0,
        race.time(2),
        race.ratio(2, 0),
        "GET",
    );
    report::note("bare SET, blocking", &report::time(race.time(3)));
    row(
        "update (read, compare and set), blocking",
        4.0,
        race.time(4),
        race.ratio(4, 3),
        "SET",
    );
    Ok(())
}

/// The async store beside the async driver, on a runtime with threads.
fn in_tokio(server: &Server) -> Result<(), Box<dyn Error>> {
    let runtime = Runtime::new()?;
    let store = AsyncRedisStore::new(server.options())?;
    let client = redis::Client::open(server.url())?;
    let connection = runtime.block_on(client.get_multiplexed_async_connection())?;
    let race = Race::run(
        ROUNDS,
        CALLS,
        [
            &mut repeated(|| {
                let mut connection = connection.clone();
                let mut get = redis::cmd("GET");
                let get = get.arg(KEY).query_async::<Vec<u8>>(&mut connection);
                runtime.block_on(get).expect("a value");
            }),
            &mut repeated(|| drop(runtime.block_on(store.load(NAME, None)).expect("a value"))),
        ],
    );
    report::note("bare GET, async", &report::time(race.time(0)));
    row("load, async", 2.0, race.time(1), race.ratio(1, 0), "GET");
    Ok(())
}

/// Calls of applications that find nothing in memory: two users push each other out.
fn calls(server: &Server, stage: &Stage, users: usize) -> Result<(), Box<dyn Error>> {
    let (alice, value) = sign_in(server, stage, defaults::USERNAME)?;
    let (bob, _) = sign_in(server, stage, defaults::OTHER_USERNAME)?;
    let key = format!("msal:{{{}}}", alice.home_account_id());
    let accounts = [alice, bob];
    let small = || PersistentCache::builder().max_entries(4);
    let cache = small().store(RedisStore::new(server.options())?);
    let blocking = stage.command().token_cache(cache).build()?;
    let cache = small().async_store(AsyncRedisStore::new(server.options())?);
    let on_tokio = stage.desktop().token_cache(cache).build()?;
    let runtime = Runtime::new()?;
    let mut connection = server.connection();
    let turn = Cell::new(0);
    let next = || {
        turn.set(turn.get() ^ 1);
        &accounts[turn.get()]
    };
    let race = Race::run(
        ROUNDS,
        CALLS,
        [
            &mut repeated(|| {
                let _: Vec<u8> = connection.get(&key).expect("a value");
            }),
            &mut repeated(|| {
                let hit = blocking.acquire_token_silent(SCOPES, next()).send();
                assert!(hit.expect("a token").token_source() == TokenSource::Cache);
            }),
            &mut repeated(|| {
                let hit = on_tokio.acquire_token_silent(SCOPES, next());
                let hit = runtime.block_on(hit.into_future());
                assert!(hit.expect("a token").token_source() == TokenSource::Cache);
            }),
            &mut repeated(|| {
                let cache = TokenCache::new();
                cache.merge(&value[..value.len() - 16]).expect("a cache");
            }),
            &mut repeated(|| {
                let thread = std::thread::spawn(|| ());
                thread.join().expect("it does nothing");
            }),
        ],
    );
    let work = format!("cold hit of a call, {users} users in the store, blocking");
    row(&work, 2.0, race.time(1), race.ratio(1, 0), "GET");
    let work = format!("cold hit of a call, {users} users in the store, async");
    row(&work, 2.0, race.time(2), race.ratio(2, 0), "GET");
    report::note("of it: reading the JSON", &report::time(race.time(3)));
    report::note(
        "of it, where blocking: a thread that can be left behind",
        &report::time(race.time(4)),
    );
    Ok(())
}

fn sign_in(
    server: &Server,
    stage: &Stage,
    username: &str,
) -> Result<(Account, Vec<u8>), Box<dyn Error>> {
    let cache = PersistentCache::new(RedisStore::new(server.options())?);
    let app: blocking::PublicClientApplication = stage.command().token_cache(cache).build()?;
    let flow = app
        .initiate_auth_code_flow(SCOPES, "http://localhost:8000")
        .send()?;
    let response = stage.sign_in(&flow, username);
    let signed_in = app
        .acquire_token_by_auth_code_flow(flow, &response)
        .send()?;
    let account = signed_in.account().ok_or("no account")?.clone();
    let key = format!("msal:{{{}}}", account.home_account_id());
    Ok((account, server.connection().get(key)?))
}

/// So many users, each as large as this one.
fn fill(server: &Server, value: &[u8], users: usize) -> Result<(), Box<dyn Error>> {
    let mut connection = server.connection();
    for batch in 0..users.div_ceil(BATCH) {
        let mut pipeline = redis::pipe();
        for user in batch * BATCH..users.min((batch + 1) * BATCH) {
            pipeline
                .cmd("SET")
                .arg(format!("msal:{{user-{user}}}"))
                .arg(value)
                .ignore();
        }
        let () = pipeline.query(&mut connection)?;
    }
    Ok(())
}

fn row(work: &str, most: f64, time: f64, ratio: f64, beside: &str) {
    let reach = format!("≤ {most} × a bare {beside}");
    let measured = format!("{}, {ratio:.2} ×", report::time(time));
    report::row(work, &reach, &measured, ratio <= most);
}

const SCOPES: [&str; 1] = ["User.Read"];
const NAME: &str = "bench";
const KEY: &str = "msal:{bench}";
const ROUNDS: usize = 15;
const CALLS: u64 = 1_000;
const BATCH: usize = 1_000;
