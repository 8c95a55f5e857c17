use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

#[cfg(feature = "certificate")]
use url::Url;

#[cfg(feature = "certificate")]
use super::keys::KeySet;
use super::memory::Memory;
use super::region::imds::{self, Answer, ApiVersion, ImdsBase};
use super::region::{Region, RegionPlan};
use super::settings::Standing;
use super::{Authority, AuthorityKind, Endpoints, InstanceMetadata, Trust, instance, openid};
use crate::exchange::{Asker, Terms, exchange, refusal};
use crate::flights::{FlightKey, Flights};
use crate::flow::Io;
use crate::flows::claim::{Claim, claim, settle};
use crate::model::tenant::is_guid;
use crate::protocol::identify;
use crate::retry::RetryPolicy;
use crate::{Error, ErrorKind, Request, Response};

/// Finds out where authorities take which request, and remembers it. One an application.
///
/// Whatever is asked is asked once, however many calls need it at the same time, and kept only after all checks.
#[derive(Debug)]
pub(crate) struct Directory {
    trust: Trust,
    flights: Flights,
    endpoints: Memory<Authority, Arc<Endpoints>>,
    /// By host.
    instances: Memory<Arc<str>, InstanceMetadata>,
    region: Memory<(), Option<Region>>,
    /// The ids of tenants that go by a name, as the first answer told them.
    tenants: Mutex<HashMap<Authority, Arc<str>>>,
    /// By URL.
    #[cfg(feature = "certificate")]
    keys: Memory<Arc<str>, Fetched>,
}

/// Signing keys, and when they were fetched, on the clock of [`Env::uptime`](crate::Env::uptime).
#[cfg(feature = "certificate")]
#[derive(Clone)]
struct Fetched {
    keys: Arc<KeySet>,
    at: Duration,
}

impl Directory {
    pub(crate) fn new(trust: Trust) -> Self {
        Self {
            trust,
            flights: Flights::default(),
            endpoints: Memory::default(),
            instances: Memory::default(),
            region: Memory::default(),
            tenants: Mutex::default(),
            #[cfg(feature = "certificate")]
            keys: Memory::default(),
        }
    }

    /// Holds a tenant that goes by a name to the one id that an id token told first. Call it when all else of the
    /// answer has been checked.
    pub(crate) fn pin_tenant(&self, authority: &Authority, tenant_id: &str) -> Result<(), Error> {
        let goes_by_name = authority.kind() == AuthorityKind::EntraId
            && authority.is_tenanted()
            && !authority.tenant().is_some_and(is_guid);
        if !goes_by_name {
            return Ok(());
        }
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        let known = tenants.get(authority);
        if known.is_some_and(|known| !known.eq_ignore_ascii_case(tenant_id)) {
            return Err(moved(authority));
        }
        if known.is_none() && tenants.len() < MOST_TENANTS {
            tenants.insert(authority.clone(), tenant_id.into());
        }
        Ok(())
    }

    /// Where `authority` takes which request.
    pub(crate) async fn resolve(
        &self,
        authority: &Authority,
        io: &mut Io,
    ) -> Result<Arc<Endpoints>, Error> {
        loop {
            if let Some(known) = self.known(authority, io) {
                return Ok(known);
            }
            let key = flight("endpoints", &authority.to_string());
            let Claim::Lead(flight) = claim(&key, &self.flights, |_| None, io).await? else {
                continue;
            };
            // Whoever led before us may have landed since we last looked.
            let outcome = match self.known(authority, io) {
                Some(known) => Ok(known),
                None => self.discover(authority, io).await,
            };
            settle(flight, outcome.as_ref().map(|_| None), io);
            return outcome;
        }
    }

    /// The same for client credentials, whose tokens a region's own service may issue.
    pub(crate) async fn resolve_for_app(
        &self,
        authority: &Authority,
        io: &mut Io,
    ) -> Result<Arc<Endpoints>, Error> {
        let region = match authority.kind() {
            AuthorityKind::EntraId => self.region(io).await?,
            _ => None,
        };
        let endpoints = self.resolve(authority, io).await?;
        let Some(region) = region else {
            return Ok(endpoints);
        };
        let token = region.of(&endpoints.token);
        Ok(Arc::new(Endpoints {
            token,
            ..(*endpoints).clone()
        }))
    }

    /// What needs no request: what was found out before, what the program supplied, what is built in.
    fn known(&self, authority: &Authority, io: &Io) -> Option<Arc<Endpoints>> {
        let uptime = io.env().uptime();
        if let Some(known) = self.endpoints.get(authority, uptime) {
            return Some(known);
        }
        let endpoints = match self.trust.endpoints(authority) {
            Some(supplied) => supplied.clone(),
            None => Arc::new(Endpoints::built_in(authority)?),
        };
        let until = uptime.saturating_add(KEPT);
        self.endpoints
            .keep(authority.clone(), endpoints.clone(), until);
        Some(endpoints)
    }

    async fn discover(&self, authority: &Authority, io: &mut Io) -> Result<Arc<Endpoints>, Error> {
        let before = self.endpoints.last(authority);
        let (endpoints, kept) = match (self.configuration(authority, io).await, before) {
            (Ok(endpoints), Some(before)) if endpoints.tenant_id != before.tenant_id => {
                return Err(moved(authority));
            }
            (Ok(endpoints), _) => (Arc::new(endpoints), KEPT),
            // What was right a day ago outranks an error that may be over soon.
            (Err(error), Some(before)) if error.is_retryable() && !out_of_time(io) => {
                tracing::warn!(target: "msal", %error, "an authority's configuration could not be renewed");
                (before, UNRENEWED_KEPT)
            }
            (Err(error), _) => return Err(error),
        };
        let until = io.env().uptime().saturating_add(kept);
        self.endpoints
            .keep(authority.clone(), endpoints.clone(), until);
        Ok(endpoints)
    }

    /// The authority's OpenID configuration, fetched and checked.
    async fn configuration(&self, authority: &Authority, io: &mut Io) -> Result<Endpoints, Error> {
        let instance = match self.trust.standing(authority)? {
            Standing::BuiltIn | Standing::Explicit => self.trust.instance(authority),
            Standing::Unknown => self.instance(authority, io).await?,
        };
        let response = fetch(openid::request(authority, &instance)?, io).await?;
        let status = response.status().as_u16();
        if status >= 500 || matches!(status, 408 | 429) {
            return Err(refusal(&response, Asker::App, io));
        }
        openid::parse(&response, authority, &instance, &self.trust)
    }

    /// What Microsoft says of an unknown host.
    async fn instance(
        &self,
        authority: &Authority,
        io: &mut Io,
    ) -> Result<InstanceMetadata, Error> {
        let host = authority.environment();
        loop {
            if let Some(known) = self.instances.get(host, io.env().uptime()) {
                return Ok(known);
            }
            let key = flight("instance", host);
            let Claim::Lead(flight) = claim(&key, &self.flights, |_| None, io).await? else {
                continue;
            };
            let outcome = match self.instances.get(host, io.env().uptime()) {
                Some(known) => Ok(known),
                None => self.ask_about(authority, io).await,
            };
            settle(flight, outcome.as_ref().map(|_| None), io);
            return outcome;
        }
    }

    /// Only `invalid_instance` speaks against a host. A failure to ask leaves it standing for itself.
    async fn ask_about(
        &self,
        authority: &Authority,
        io: &mut Io,
    ) -> Result<InstanceMetadata, Error> {
        let answer = match fetch(instance::request(authority)?, io).await {
            Ok(response) => instance::parse(&response, authority),
            Err(error) => Err(error),
        };
        let (instance, kept) = match answer {
            Ok(named) => {
                let own = || InstanceMetadata::built_in(authority);
                (named.unwrap_or_else(own), KEPT)
            }
            Err(error) if *error.kind() == ErrorKind::Authority || out_of_time(io) => {
                return Err(error);
            }
            Err(error) => {
                tracing::warn!(target: "msal", %error, "instance discovery failed");
                (InstanceMetadata::built_in(authority), UNVERIFIED_KEPT)
            }
        };
        let until = io.env().uptime().saturating_add(kept);
        self.instances
            .keep(authority.environment().clone(), instance.clone(), until);
        Ok(instance)
    }

    /// The keys at `url`. They are fetched again where none of them is of the id that is looked for, but no sooner than
    /// some minutes after the last time.
    #[cfg(feature = "certificate")]
    pub(crate) async fn keys(
        &self,
        url: &Url,
        key_id: Option<&str>,
        io: &mut Io,
    ) -> Result<Arc<KeySet>, Error> {
        let place: Arc<str> = url.as_str().into();
        let known = |io: &Io| {
            let known = self.keys.get(&place, io.env().uptime())?;
            let is_recent = io.env().uptime() < known.at.saturating_add(KEYS_STAND);
            let is_enough = is_recent || key_id.is_none() || known.keys.knows(key_id);
            is_enough.then_some(known.keys)
        };
        loop {
            if let Some(known) = known(io) {
                return Ok(known);
            }
            let key = flight("keys", &place);
            let Claim::Lead(flight) = claim(&key, &self.flights, |_| None, io).await? else {
                continue;
            };
            let outcome = match known(io) {
                Some(known) => Ok(known),
                None => self.fetch_keys(url, &place, key_id, io).await,
            };
            settle(flight, outcome.as_ref().map(|_| None), io);
            return outcome;
        }
    }

    #[cfg(feature = "certificate")]
    async fn fetch_keys(
        &self,
        url: &Url,
        place: &Arc<str>,
        key_id: Option<&str>,
        io: &mut Io,
    ) -> Result<Arc<KeySet>, Error> {
        let before = self.keys.last(place);
        let before = before.filter(|before| key_id.is_none() || before.keys.knows(key_id));
        let (fetched, kept) = match (ask_for_keys(url, io).await, before) {
            (Ok(keys), _) => {
                let at = io.env().uptime();
                (Fetched { keys, at }, KEPT)
            }
            // What was right a day ago outranks an error that may be over soon.
            (Err(error), Some(before)) if error.is_retryable() && !out_of_time(io) => {
                tracing::warn!(target: "msal", %error, "an authority's signing keys could not be renewed");
                (before, UNRENEWED_KEPT)
            }
            (Err(error), _) => return Err(error),
        };
        let until = io.env().uptime().saturating_add(kept);
        self.keys.keep(place.clone(), fetched.clone(), until);
        Ok(fetched.keys)
    }

    /// The region whose token service to use, if any.
    async fn region(&self, io: &mut Io) -> Result<Option<Region>, Error> {
        let base = match self.trust.region() {
            RegionPlan::Global => return Ok(None),
            RegionPlan::Fixed(region) => return Ok(Some(region.clone())),
            RegionPlan::Detect(base) => base,
        };
        loop {
            if let Some(known) = self.region.get(&(), io.env().uptime()) {
                return Ok(known);
            }
            let key = flight("region", "");
            let Claim::Lead(flight) = claim(&key, &self.flights, |_| None, io).await? else {
                continue;
            };
            let outcome = match self.region.get(&(), io.env().uptime()) {
                Some(known) => Ok(known),
                None => self.detect(base, io).await,
            };
            settle(flight, outcome.as_ref().map(|_| None), io);
            return outcome;
        }
    }

    /// A machine that tells no region is served by the global token service.
    async fn detect(&self, base: &ImdsBase, io: &mut Io) -> Result<Option<Region>, Error> {
        let (region, kept) = match ask_for_region(base, io).await {
            Ok(region) => (Some(region), Duration::MAX),
            Err(error) if out_of_time(io) => return Err(error),
            Err(error) => {
                tracing::warn!(target: "msal", %error, "the region is not known, so the global token service is used");
                (None, KEPT)
            }
        };
        let until = io.env().uptime().saturating_add(kept);
        self.region.keep((), region.clone(), until);
        Ok(region)
    }
}

async fn ask_for_region(base: &ImdsBase, io: &mut Io) -> Result<Region, Error> {
    let terms = Terms {
        retry: RetryPolicy::UNLESS_SILENT,
        throttle: None,
        asker: Asker::App,
    };
    let first = ApiVersion::default();
    let response = exchange(imds::request(base, Some(&first))?, terms, io).await?;
    if let Answer::Region(region) = imds::parse(&response)? {
        return Ok(region);
    }
    let response = exchange(imds::request(base, None)?, terms, io).await?;
    let newest = imds::parse_newest_version(&response)?;
    let response = exchange(imds::request(base, Some(&newest))?, terms, io).await?;
    match imds::parse(&response)? {
        Answer::Region(region) => Ok(region),
        Answer::UnknownVersion => Err(Error::new(ErrorKind::InvalidResponse(
            "instance metadata of the machine",
        ))),
    }
}

#[cfg(feature = "certificate")]
async fn ask_for_keys(url: &Url, io: &mut Io) -> Result<Arc<KeySet>, Error> {
    let response = fetch(KeySet::request(url)?, io).await?;
    match response.status().is_success() {
        true => KeySet::parse(&response).map(Arc::new),
        false => Err(refusal(&response, Asker::App, io)),
    }
}

async fn fetch(mut request: Request, io: &mut Io) -> Result<Response, Error> {
    identify(&mut request, io.correlation_id());
    let terms = Terms {
        retry: RetryPolicy::REPEATABLE,
        throttle: None,
        asker: Asker::App,
    };
    exchange(request, terms, io).await
}

fn flight(what: &str, of: &str) -> FlightKey {
    FlightKey::Discovery([what, " ", of].concat().into())
}

/// A name may stand for any one tenant, but then for that one.
fn moved(authority: &Authority) -> Error {
    let tenant = authority.tenant().unwrap_or_default();
    let why = [
        "the tenant ",
        tenant,
        " has another id than before: make the application anew if that is meant",
    ];
    Error::new(ErrorKind::Authority).because(why.concat())
}

/// Whether it is this call alone that cannot go on.
fn out_of_time(io: &Io) -> bool {
    io.time_left().is_zero()
}

/// A service for more tenants that go by a name than this goes without the comparison.
const MOST_TENANTS: usize = 10_000;
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a host that could not be asked about stands for itself.
const UNVERIFIED_KEPT: Duration = Duration::from_secs(60 * 60);
/// How long what could not be renewed stays in use before it is tried again.
const UNRENEWED_KEPT: Duration = Duration::from_secs(5 * 60);
/// How long no other keys are looked for, whatever key a token names.
#[cfg(feature = "certificate")]
const KEYS_STAND: Duration = Duration::from_secs(5 * 60);

#[cfg(test)]
mod tests;
