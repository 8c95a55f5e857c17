//! Users: a hit for an account, whatever the number of them; finding an account; and a token that is due for renewal.

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use msal::{Account, PublicClientApplication, blocking};
use tokio::runtime::{Builder, Runtime};

use crate::hits::shuffled;
use crate::support::limit::Limit;
use crate::support::network::Network;
use crate::support::race::{Race, median};
use crate::support::report::{note, row, time};
use crate::support::users::{
    GRANTED, async_public, blocking_public, cache_of_users, home_account_id, username,
};

/// One account again and again, and accounts at random, at each size.
pub(crate) fn sizes() -> Result<(), Box<dyn Error>> {
    let cases: Vec<Case> = SIZES.iter().map(|size| Case::new(*size, SCOPE)).collect();
    let runtime = runtime()?;
    for (work, at_random) in [("one account", false), ("random accounts", true)] {
        for case in &cases {
            let order = if at_random {
                &case.order[..]
            } else {
                &case.order[..1]
            };
            let race = Race::run(
                ROUNDS,
                CALLS,
                [
                    &mut |calls| case.look_up(order, calls),
                    &mut |calls| case.send(order, calls),
                    &mut |calls| runtime.block_on(case.wait(order, calls)),
                ],
            );
            let size = case.accounts.len();
            note(&format!("limit, {work} of {size}"), &time(race.time(0)));
            for (way, one, most) in [("synchronous", 1, 2.0), ("async", 2, 4.0)] {
                report(
                    &format!("silent hit, {way}, {work} of {size}"),
                    &race,
                    one,
                    most,
                );
            }
        }
    }
    let [one, .., large] = &cases[..] else {
        return Ok(());
    };
    let race = Race::run(
        ROUNDS,
        CALLS,
        [
            &mut |calls| one.send(&one.order[..1], calls),
            &mut |calls| large.send(&large.order[..1], calls),
        ],
    );
    let ratio = race.ratio(1, 0);
    let measured = format!("{ratio:.2} × 1 account");
    row(
        "silent hit, synchronous, 100k accounts",
        "≤ 1.5 × 1 account",
        &measured,
        ratio <= 1.5,
    );
    Ok(())
}

/// More scopes were granted than are asked for.
pub(crate) fn superset() -> Result<(), Box<dyn Error>> {
    let case = Case::new(10_000, GRANTED);
    for (work, order) in [
        ("one account", &case.order[..1]),
        ("random accounts", &case.order[..]),
    ] {
        let race = Race::run(
            ROUNDS,
            CALLS,
            [&mut |calls| case.look_up(order, calls), &mut |calls| {
                case.send(order, calls)
            }],
        );
        report(
            &format!("one of 8 granted scopes, {work} of 10,000"),
            &race,
            1,
            3.0,
        );
    }
    Ok(())
}

/// An account by its id or its name, then its token.
pub(crate) fn finding() -> Result<(), Box<dyn Error>> {
    let case = Case::new(100_000, SCOPE);
    let ids: Vec<_> = (0..case.accounts.len()).map(home_account_id).collect();
    let names: Vec<_> = (0..case.accounts.len()).map(username).collect();
    for (work, order) in [("one", &case.order[..1]), ("random", &case.order[..])] {
        let race = Race::run(
            ROUNDS,
            CALLS,
            [
                &mut |calls| case.look_up(order, calls),
                &mut |calls| {
                    case.each(order, calls, |user| {
                        let found = case.blocking.accounts().home_account_id(&ids[user]).send();
                        case.token_of(&found.expect("it is there"));
                    });
                },
                &mut |calls| {
                    case.each(order, calls, |user| {
                        let found = case.blocking.accounts().username(&names[user]).send();
                        case.token_of(&found.expect("it is there"));
                    });
                },
            ],
        );
        note(
            &format!("limit, {work} of 100,000 accounts"),
            &time(race.time(0)),
        );
        for (by, one) in [("home account id", 1), ("username", 2)] {
            report(
                &format!("account by {by} and its token, {work} of 100,000"),
                &race,
                one,
                3.0,
            );
        }
    }
    Ok(())
}

/// Everybody gets a token that is due for renewal at once, and one renewal takes place.
pub(crate) fn renewal() -> Result<(), Box<dyn Error>> {
    let runtime = runtime()?;
    let mut slowest = Vec::new();
    let mut requests = Vec::new();
    for _ in 0..5 {
        let (cache, tokens) = cache_of_users(1, SCOPE);
        let stale = crate::support::users::access_token(
            tokens[0].home_account_id().expect("a user's").clone(),
            SCOPE,
            Duration::ZERO,
        );
        crate::support::keep(&cache, stale);
        let network = Network::new(PROVIDER);
        let app = async_public(&cache, &network);
        let times = runtime.block_on(async {
            let accounts = app.accounts().await.expect("one account");
            let account = accounts.first().expect("one account");
            let mut times = Vec::new();
            for _ in 0..CALLERS {
                let start = Instant::now();
                let outcome = app.acquire_token_silent([SCOPE], account).await;
                times.push(start.elapsed().as_nanos() as f64);
                assert!(outcome.is_ok(), "every caller has the token");
            }
            tokio::time::sleep(PROVIDER * 2).await;
            times
        });
        slowest.push(times.into_iter().fold(0.0, f64::max));
        requests.push(network.requests());
    }
    let slow = median(slowest);
    row(
        "1,000 callers of a token past refresh_on, provider 500 ms",
        "≤ 1 ms each; 1 refresh",
        &format!("slowest {}; {requests:?} refreshes", time(slow)),
        slow <= 1e6 && requests.iter().all(|count| *count == 1),
    );
    Ok(())
}

fn report<const N: usize>(work: &str, race: &Race<N>, one: usize, most: f64) {
    let ratio = race.ratio(one, 0);
    let measured = format!("{} = {ratio:.2} × limit", time(race.time(one)));
    row(work, &format!("≤ {most} × limit"), &measured, ratio <= most);
}

/// A cache of so many users, what looks into it, and the limit for that size.
struct Case {
    order: Vec<u32>,
    limit: Limit,
    accounts: Vec<Account>,
    blocking: blocking::PublicClientApplication,
    asynchronous: PublicClientApplication,
    ids: Vec<Arc<str>>,
}

impl Case {
    fn new(users: usize, granted: &str) -> Self {
        let (cache, tokens) = cache_of_users(users, granted);
        let network = Network::instant();
        let blocking = blocking_public(&cache, &network);
        let accounts = (0..users).map(|user| {
            let found = blocking
                .accounts()
                .home_account_id(&home_account_id(user))
                .send();
            found.expect("they are there").remove(0)
        });
        Self {
            order: shuffled(users),
            accounts: accounts.collect(),
            ids: (0..users)
                .map(|user| home_account_id(user).into())
                .collect(),
            // By user: the limit has one text that tells its entries apart.
            limit: Limit::by(tokens, |token| {
                token.home_account_id().expect("a user's").clone()
            }),
            asynchronous: async_public(&cache, &network),
            blocking,
        }
    }

    fn each(&self, order: &[u32], calls: u64, mut call: impl FnMut(usize)) {
        for user in order.iter().cycle().take(calls as usize) {
            call(black_box(*user as usize));
        }
    }

    fn look_up(&self, order: &[u32], calls: u64) {
        self.each(order, calls, |user| {
            let token = self.limit.find(&self.ids[user]);
            assert!(black_box(token).is_some(), "every call hits");
        });
    }

    fn send(&self, order: &[u32], calls: u64) {
        self.each(order, calls, |user| {
            let outcome = self
                .blocking
                .acquire_token_silent([SCOPE], &self.accounts[user])
                .send();
            assert!(black_box(outcome).is_ok(), "every call hits");
        });
    }

    async fn wait(&self, order: &[u32], calls: u64) {
        for user in order.iter().cycle().take(calls as usize) {
            let account = &self.accounts[black_box(*user as usize)];
            let outcome = self
                .asynchronous
                .acquire_token_silent([SCOPE], account)
                .await;
            assert!(black_box(outcome).is_ok(), "every call hits");
        }
    }

    fn token_of(&self, accounts: &[Account]) {
        let account = accounts.first().expect("it is there");
        let outcome = self.blocking.acquire_token_silent([SCOPE], account).send();
        assert!(black_box(outcome).is_ok(), "every call hits");
    }
}

fn runtime() -> std::io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
}

const SCOPE: &str = "User.Read";
const SIZES: [usize; 4] = [1, 100, 10_000, 100_000];
const ROUNDS: usize = 100;
const CALLS: u64 = 5_000;
const CALLERS: usize = 1_000;
const PROVIDER: Duration = Duration::from_millis(500);
