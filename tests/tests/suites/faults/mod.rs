//! Everything that can go wrong with each request of each call, on both APIs: how the call ends, what it costs, and that
//! nothing of it is left when it is over.

mod calls;
mod outcomes;
mod table;

use std::time::{Duration, Instant};

use msal::{Compatibility, TokenCache, TokenSource};
use msal_testing::{App as Registration, Endpoint, LocalIdentityProvider, defaults};

use self::calls::{Call, Ready, UNKNOWN_HOST, World};
use self::outcomes::{Outcome, Struck};
use self::table::{Row, Strike, rows, user_answers};
use crate::api::{Api, Options};
use crate::clock::TestClock;
use crate::wire::Traffic;

macro_rules! tests {
    ($($name:ident: $call:ident, $endpoint:ident;)*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn over_reqwest() {
                let struck = Struck { call: Call::$call, endpoint: Endpoint::$endpoint };
                Stage::new(Api::asynchronous, struck).play();
            }

            #[test]
            fn over_ureq() {
                let struck = Struck { call: Call::$call, endpoint: Endpoint::$endpoint };
                Stage::new(Api::blocking, struck).play();
            }
        }
    )*};
}

tests! {
    instance_discovery_fails: AppBySecret, InstanceDiscovery;
    the_openid_configuration_fails: AppBySecret, OpenIdConfiguration;
    instance_metadata_fails: AppBySecret, InstanceMetadata;
    a_token_request_with_a_secret_fails: AppBySecret, Token;
    a_token_request_with_a_certificate_fails: AppByCertificate, Token;

    instance_discovery_fails_for_an_authorization_url: AuthCode, InstanceDiscovery;
    the_openid_configuration_fails_for_an_authorization_url: AuthCode, OpenIdConfiguration;
    a_code_is_not_redeemed: AuthCode, Token;
    no_device_code_is_given: DeviceCode, DeviceAuthorization;
    instance_discovery_fails_for_a_device: DeviceCode, InstanceDiscovery;
    the_openid_configuration_fails_for_a_device: DeviceCode, OpenIdConfiguration;
    a_device_is_not_answered: DeviceCode, Token;
    instance_discovery_fails_for_a_silent_call: Silent, InstanceDiscovery;
    the_openid_configuration_fails_for_a_silent_call: Silent, OpenIdConfiguration;
    a_silent_refresh_fails: Silent, Token;
    a_silent_refresh_fails_while_the_token_works: Expiring, Token;
    a_call_on_behalf_of_a_user_fails: OnBehalfOf, Token;
    a_long_running_process_gets_no_token: LongRunning, Token;
    a_refresh_token_of_another_library_is_not_redeemed: RefreshToken, Token;
    no_realm_is_told: Managed, UserRealm;
    a_password_is_not_taken: Managed, Token;
    no_realm_is_told_of_a_federated_user: Federated, UserRealm;
    a_federation_server_does_not_describe_itself: Federated, FederationMetadata;
    a_federation_server_gives_no_assertion: Federated, WsTrust;
    an_assertion_is_not_taken: Federated, Token;
}

#[test]
fn the_table_names_enough_faults() {
    let rows = rows().into_iter().chain(user_answers());
    let names: Vec<_> = rows.map(|row| row.name).collect();
    let different: std::collections::HashSet<_> = names.iter().collect();
    assert_eq!(names.len(), different.len());
    assert!(names.len() >= 80, "{}", names.len());
}

/// One API against one provider, with one request that goes wrong in every way.
struct Stage {
    provider: LocalIdentityProvider,
    traffic: Traffic,
    api: Api,
    struck: Struck,
}

impl Stage {
    fn new(api: fn(&LocalIdentityProvider, &Traffic) -> Api, struck: Struck) -> Self {
        let provider = LocalIdentityProvider::builder()
            .known_host(UNKNOWN_HOST)
            .app(Registration::new(defaults::SECRET_CLIENT_ID).secret(defaults::CLIENT_SECRET))
            .rotating_refresh_tokens()
            .start()
            .unwrap();
        let traffic = Traffic::default();
        let api = api(&provider, &traffic);
        Self {
            provider,
            traffic,
            api,
            struck,
        }
    }

    fn play(&self) {
        let mut wrong = Vec::new();
        let of_users = self.struck.is_token_of_user().then(user_answers);
        let rows = rows().into_iter().chain(of_users.into_iter().flatten());
        for (index, row) in rows.enumerate() {
            let mut note = |times, outcome| {
                if !self.is_played(index, &row, times) {
                    return;
                }
                let found = self.play_row(&row, times, outcome);
                wrong.extend(
                    found
                        .err()
                        .map(|why| format!("{} x {times}: {why}", row.name)),
                );
            };
            note(usize::MAX, self.struck.outcome(&row));
            let is_slow = row.limit < LONG;
            if !is_slow && matches!(row.strike, Strike::Fault(_)) {
                note(1, self.struck.outcome_once(&row));
            }
        }
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }

    /// Outside a soak, users meet each fault at each request, but a quarter of them at discovery, which is the same for
    /// all, and a quarter of those that strike once.
    fn is_played(&self, index: usize, row: &Row, times: usize) -> bool {
        let is_whole = std::env::var_os("MSAL_SOAK").is_some() || !self.struck.is_of_user();
        let is_sampled = index % 4 == self.struck.call as usize % 4;
        is_whole
            || match self.struck.endpoint {
                Endpoint::InstanceDiscovery | Endpoint::OpenIdConfiguration => {
                    is_sampled && row.limit == LONG
                }
                _ => is_sampled || times > 1,
            }
    }

    /// The call under the fault, the same call at once, and the call when the fault is gone.
    fn play_row(&self, row: &Row, times: usize, wanted: Outcome) -> Result<(), String> {
        let outcome = self.play_fault(row, times, wanted);
        // Of a row that failed, nothing must be left for the next.
        self.provider.clear_faults();
        self.traffic.clear();
        outcome
    }

    fn play_fault(&self, row: &Row, times: usize, wanted: Outcome) -> Result<(), String> {
        let world = World {
            provider: &self.provider,
            api: &self.api,
            struck: self.struck.endpoint,
            clock: TestClock::new(),
            cache: TokenCache::new(),
        };
        let mut ready = world.prepare(self.struck.call);
        let before = kept(&world.cache);
        self.provider.clear_journal();
        self.traffic.clear();
        match &row.strike {
            Strike::Fault(fault) => {
                let fault = fault.clone().on(self.struck.endpoint).times(times);
                self.provider.script(fault);
            }
            Strike::Refused => self.traffic.refuse(self.struck.endpoint),
        }

        let id = "0f8fad5b-d9cb-469f-a165-70867728950e".parse().unwrap();
        let options = Options {
            timeout: Some(row.limit + self.struck.wait()),
            correlation_id: Some(id),
            ..Options::default()
        };
        let began = Instant::now();
        let outcome = world.make(&mut ready, &options);
        let took = began.elapsed();

        let sent = self.traffic.count(self.struck.endpoint);
        let found = match &outcome {
            Ok(_) => Outcome::Served(sent),
            Err(error) => Outcome::Fails(error.kind().name(), sent),
        };
        check(found == wanted, || {
            format!("{found:?}, not {wanted:?}: {outcome:?}")
        })?;
        check(took < row.limit + SLACK, || format!("it took {took:?}"))?;
        // A library below that sends again by itself would be seen here.
        let arrived = self.provider.count(self.struck.endpoint);
        let refused = matches!(row.strike, Strike::Refused);
        check(refused || arrived == sent as u64, || {
            format!("{arrived} arrived of {sent} sent")
        })?;
        check(self.provider.count(Endpoint::Unknown) == 0, || {
            "a stray request".to_owned()
        })?;
        if let Err(error) = &outcome {
            check(error.correlation_id() == Some(id), || format!("{error:?}"))?;
            let after = kept(&world.cache);
            check(row.ends_refresh_token || after == before, || {
                format!("{after} is kept")
            })?;
            if self.struck.tells_pauses() && times > 1 {
                let pause = error.retry_after().map(|pause| pause.as_secs());
                check(pause == row.retry_after, || format!("{pause:?}"))?;
            }
            if self.struck.is_remembered() && times > 1 {
                self.check_standing(&world, &mut ready, &options, error)?;
            }
        }
        if let (Ok(Some(result)), Call::Expiring) = (&outcome, self.struck.call) {
            let failed = result.token_source() == TokenSource::Cache;
            let told = result.refresh_error().is_some();
            check(failed == told, || format!("{result:?}"))?;
        }

        self.provider.clear_faults();
        self.traffic.clear();
        world.clock.let_pauses_pass();
        self.check_recovery(&world)
    }

    /// When the fault is gone, nothing is left of it.
    fn check_recovery(&self, world: &World<'_>) -> Result<(), String> {
        let mut ready = world.prepare(self.struck.call);
        let again = Options {
            force_refresh: true,
            ..Options::default()
        };
        let result = world
            .make(&mut ready, &again)
            .map_err(|error| format!("then {error:?}"))?;
        let Some(result) = result else {
            return Ok(());
        };
        let is_new = result.token_source() == TokenSource::IdentityProvider;
        check(is_new, || "from the cache".to_owned())?;
        check(
            !matches!(ready, Ready::App(_)) || world.cache.len() == 1,
            || format!("{} entries", world.cache.len()),
        )
    }

    /// A server that asked for a pause gets it, and a request that was refused is not sent at once again.
    fn check_standing(
        &self,
        world: &World<'_>,
        ready: &mut Ready,
        options: &Options,
        error: &msal::Error,
    ) -> Result<(), String> {
        let no_pause = error.retry_after() == Some(Duration::ZERO);
        if error.server().is_none() || no_pause {
            return Ok(());
        }
        let before = self.traffic.count(Endpoint::Token);
        let second = world
            .make(ready, options)
            .map(drop)
            .map_err(|error| error.kind().clone());
        let more = self.traffic.count(Endpoint::Token) - before;
        let same = second.as_ref().err() == Some(error.kind());
        let throttled = second == Err(msal::ErrorKind::Throttled);
        check(more == 0 && (same || throttled), || {
            format!("at once again: {second:?}, {more} requests")
        })
    }
}

/// All of a cache.
fn kept(cache: &TokenCache) -> String {
    String::from_utf8(cache.serialize(Compatibility::Standard).unwrap().to_vec()).unwrap()
}

fn check(holds: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}

/// What a busy machine may take beyond a call's limit.
const SLACK: Duration = Duration::from_secs(2);
const LONG: Duration = table::LONG;
