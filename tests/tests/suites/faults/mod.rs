//! Everything that can go wrong with each request of the flow, on both APIs: how the call ends, what it costs, and that
//! nothing of it is left when it is over.

mod table;

use std::time::{Duration, Instant};

use msal::{ClientCredential, Compatibility, TokenCache, TokenSource};
use msal_testing::{App as Registration, Endpoint, LocalIdentityProvider, defaults};

use self::table::{Outcome, Row, Strike, rows};
use crate::api::{Api, App, Options, Setup};
use crate::clock::TestClock;
use crate::wire::Traffic;

macro_rules! tests {
    ($($name:ident: $request:expr, $api:path;)*) => {$(
        #[test]
        fn $name() {
            Stage::new($api, $request).play();
        }
    )*};
}

tests! {
    instance_discovery_fails_over_reqwest: Struck::InstanceDiscovery, Api::asynchronous;
    instance_discovery_fails_over_ureq: Struck::InstanceDiscovery, Api::blocking;
    the_openid_configuration_fails_over_reqwest: Struck::OpenIdConfiguration, Api::asynchronous;
    the_openid_configuration_fails_over_ureq: Struck::OpenIdConfiguration, Api::blocking;
    instance_metadata_fails_over_reqwest: Struck::InstanceMetadata, Api::asynchronous;
    instance_metadata_fails_over_ureq: Struck::InstanceMetadata, Api::blocking;
    a_token_request_with_a_secret_fails_over_reqwest: Struck::TokenBySecret, Api::asynchronous;
    a_token_request_with_a_secret_fails_over_ureq: Struck::TokenBySecret, Api::blocking;
    a_token_request_with_a_certificate_fails_over_reqwest: Struck::TokenByCertificate, Api::asynchronous;
    a_token_request_with_a_certificate_fails_over_ureq: Struck::TokenByCertificate, Api::blocking;
}

#[test]
fn the_table_names_enough_faults() {
    let names: std::collections::HashSet<_> = rows().iter().map(|row| row.name).collect();
    assert_eq!(names.len(), rows().len());
    assert!(names.len() >= 28, "{}", names.len());
}

/// The request that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Struck {
    InstanceDiscovery,
    InstanceMetadata,
    OpenIdConfiguration,
    TokenByCertificate,
    TokenBySecret,
}

impl Struck {
    fn endpoint(self) -> Endpoint {
        match self {
            Self::InstanceDiscovery => Endpoint::InstanceDiscovery,
            Self::InstanceMetadata => Endpoint::InstanceMetadata,
            Self::OpenIdConfiguration => Endpoint::OpenIdConfiguration,
            Self::TokenByCertificate | Self::TokenBySecret => Endpoint::Token,
        }
    }

    fn outcome(self, row: &Row) -> Outcome {
        match self {
            Self::InstanceDiscovery => row.instance_discovery,
            Self::InstanceMetadata => row.instance_metadata,
            Self::OpenIdConfiguration => row.openid_configuration,
            Self::TokenByCertificate | Self::TokenBySecret => row.token,
        }
    }

    /// What the same fault comes to when it strikes once: what is sent again gets through.
    fn outcome_once(self, row: &Row) -> Outcome {
        match self.outcome(row) {
            Outcome::Fails(_, requests @ 2..) => Outcome::Served(requests),
            // The versions are told, and the newest is asked for.
            Outcome::Served(2) if self == Self::InstanceMetadata && row.name == "400" => {
                Outcome::Served(3)
            }
            other => other,
        }
    }
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
        for row in rows() {
            let mut note = |times, outcome| {
                let found = self.play_row(&row, times, outcome);
                wrong.extend(
                    found
                        .err()
                        .map(|why| format!("{} x {times}: {why}", row.name)),
                );
            };
            note(usize::MAX, self.struck.outcome(&row));
            let outcome = self.struck.outcome(&row);
            let slow = matches!(outcome, Outcome::Ends | Outcome::Fails("timeout", _));
            if !slow && matches!(row.strike, Strike::Fault(_)) {
                note(1, self.struck.outcome_once(&row));
            }
        }
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }

    /// The call under the fault, the same call at once, and the call when the fault is gone.
    fn play_row(&self, row: &Row, times: usize, wanted: Outcome) -> Result<(), String> {
        let (clock, cache) = (TestClock::new(), TokenCache::new());
        let app = self.app(&clock, &cache);
        self.traffic.clear();
        self.provider.clear_journal();
        match &row.strike {
            Strike::Fault(fault) => {
                let fault = fault.clone().on(self.struck.endpoint()).times(times);
                self.provider.script(fault);
            }
            Strike::Refused => self.traffic.refuse(self.struck.endpoint()),
        }

        let id = "0f8fad5b-d9cb-469f-a165-70867728950e".parse().unwrap();
        let options = Options {
            timeout: Some(row.limit),
            correlation_id: Some(id),
            ..Options::default()
        };
        let began = Instant::now();
        let outcome = app.acquire(SCOPE, &options);
        let took = began.elapsed();

        let sent = self.traffic.count(self.struck.endpoint());
        let found = match &outcome {
            Ok(_) => Outcome::Served(sent),
            Err(error) => Outcome::Fails(error.kind().name(), sent),
        };
        check(
            found == wanted || wanted == Outcome::Ends && sent <= 2,
            || format!("{found:?}, not {wanted:?}: {outcome:?}"),
        )?;
        check(took < row.limit + SLACK, || format!("it took {took:?}"))?;
        // A library below that sends again by itself would be seen here.
        let arrived = self.provider.count(self.struck.endpoint());
        let refused = matches!(row.strike, Strike::Refused);
        check(refused || arrived == sent as u64, || {
            format!("{arrived} arrived of {sent} sent")
        })?;
        check(self.provider.count(Endpoint::Unknown) == 0, || {
            "a stray request".to_owned()
        })?;
        if let Err(error) = &outcome {
            check(error.correlation_id() == Some(id), || format!("{error:?}"))?;
            check(cache.is_empty(), || "something was cached".to_owned())?;
            let kept = cache.serialize(Compatibility::Standard).unwrap();
            check(!kept.windows(6).any(|part| part == b"secret"), || {
                "a token was kept".to_owned()
            })?;
            if self.struck.endpoint() == Endpoint::Token && times > 1 {
                let pause = error.retry_after().map(|pause| pause.as_secs());
                check(pause == row.retry_after, || format!("{pause:?}"))?;
                self.check_standing(&app, &options, error)?;
            }
        }

        self.provider.clear_faults();
        self.traffic.clear();
        clock.let_pauses_pass();
        let again = Options {
            force_refresh: true,
            ..Options::default()
        };
        let result = app
            .acquire(SCOPE, &again)
            .map_err(|error| format!("then {error:?}"))?;
        check(
            result.token_source() == TokenSource::IdentityProvider,
            || "from the cache".to_owned(),
        )?;
        check(cache.len() == 1, || format!("{} entries", cache.len()))
    }

    /// A server that asked for a pause gets it, and a request that was refused is not sent at once again.
    fn check_standing(
        &self,
        app: &App,
        options: &Options,
        error: &msal::Error,
    ) -> Result<(), String> {
        let no_pause = error.retry_after() == Some(Duration::ZERO);
        if error.server().is_none() || no_pause {
            return Ok(());
        }
        let before = self.traffic.count(Endpoint::Token);
        let second = app
            .acquire(SCOPE, options)
            .map(drop)
            .map_err(|error| error.kind().clone());
        let more = self.traffic.count(Endpoint::Token) - before;
        let same = second.as_ref().err() == Some(error.kind());
        let throttled = second == Err(msal::ErrorKind::Throttled);
        check(more == 0 && (same || throttled), || {
            format!("at once again: {second:?}, {more} requests")
        })
    }

    fn app(&self, clock: &TestClock, cache: &TokenCache) -> App {
        let host = match self.struck {
            Struck::InstanceDiscovery | Struck::OpenIdConfiguration => UNKNOWN_HOST,
            _ => "login.microsoftonline.com",
        };
        let instance_metadata =
            (self.struck == Struck::InstanceMetadata).then(|| self.provider.plain_url());
        let (client_id, credential) = match self.struck {
            Struck::TokenByCertificate => (defaults::CERTIFICATE_CLIENT_ID, self.certificate()),
            _ => {
                let secret = ClientCredential::from_secret(defaults::CLIENT_SECRET);
                (defaults::SECRET_CLIENT_ID, secret)
            }
        };
        self.api.app(Setup {
            client_id: client_id.to_owned(),
            authority: format!("https://{host}/{}", defaults::TENANT_ID),
            instance_metadata,
            credential,
            cache: cache.clone(),
            env: clock.env(),
        })
    }

    fn certificate(&self) -> ClientCredential {
        let certificate = self.provider.client_certificate();
        let certificate = msal::Certificate::from_pem(
            certificate.certificate_pem(),
            certificate.private_key_pem(),
        );
        ClientCredential::from_certificate(certificate.unwrap())
    }
}

fn check(holds: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}

/// A host that is asked about at Microsoft.
const UNKNOWN_HOST: &str = "login.contoso.example";
const SCOPE: &str = "https://graph.microsoft.com/.default";
/// What a busy machine may take beyond a call's limit.
const SLACK: Duration = Duration::from_secs(2);
