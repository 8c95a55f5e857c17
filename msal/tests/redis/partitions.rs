//! What one user's call costs does not depend on how many others there are.

use msal::TokenSource;

use crate::farm::{AN_HOUR, application, sign_in};
use crate::member::SCOPES;
use crate::monitor::Monitor;
use crate::server::Server;
use crate::stage::Stage;

#[test]
fn a_refresh_reads_and_writes_one_partition_however_many_there_are() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let stage = Stage::new();
    let account = sign_in(&server, &stage);
    let id = account.home_account_id();
    let value: Vec<u8> = redis::cmd("GET")
        .arg(format!("msal:{{{id}}}"))
        .query(&mut server.connection())
        .unwrap();
    let mut costs = Vec::new();
    // At first Redis is told its scripts.
    for users in [100, 100, 100_000] {
        fill(&server, &value, users);
        assert_eq!(server.does::<usize>("DBSIZE"), users + 1);
        stage.clock.advance(2 * AN_HOUR);
        let app = application(&server, &stage);
        let monitor = Monitor::start(&server);
        let before = server.sent();
        let renewed = app.acquire_token_silent(SCOPES, &account).send().unwrap();
        assert_eq!(renewed.token_source(), TokenSource::IdentityProvider);
        assert!(renewed.persist_error().is_none());
        drop(app);
        let sent = server.sent() - before;
        let commands = monitor.commands(&server);
        let commands: Vec<String> = commands
            .into_iter()
            .filter(|line| !line.starts_with("\"INFO\""))
            .collect();
        for line in &commands {
            let is_own = line.contains(&format!("\"msal:{{{id}}}"));
            assert!(is_own, "another's: {}", &line[..line.len().min(80)]);
        }
        // The words and keys; not the values, of which the versions differ.
        let shape = |line: &String| {
            line.split('"')
                .filter(|word| word.len() < 120)
                .nth(1)
                .map(str::to_owned)
        };
        costs.push((commands.iter().map(shape).collect::<Vec<_>>(), sent));
    }
    let [_, (few, few_bytes), (many, many_bytes)] = &costs[..] else {
        panic!("three of them");
    };
    assert_eq!(few, many, "the same commands");
    assert!(
        few_bytes.abs_diff(*many_bytes) < 2_000,
        "{few_bytes} and {many_bytes} bytes"
    );
    // Read, take the lease, look again, read to change, write, end the lease.
    let expected = ["GET", "EVALSHA", "GETRANGE", "GET", "EVALSHA", "EVALSHA"];
    assert!(few.iter().flatten().eq(expected.iter()), "{few:?}");
}

/// So many users, each as large as this one.
fn fill(server: &Server, value: &[u8], users: usize) {
    let mut connection = server.connection();
    for batch in 0..users.div_ceil(BATCH) {
        let mut pipeline = redis::pipe();
        for user in batch * BATCH..users.min((batch + 1) * BATCH) {
            let key = format!("msal:{{00000000-0000-0000-0000-{user:012}.utid}}");
            pipeline.cmd("SET").arg(key).arg(value).ignore();
        }
        let () = pipeline.query(&mut connection).unwrap();
    }
}

const BATCH: usize = 2_000;
