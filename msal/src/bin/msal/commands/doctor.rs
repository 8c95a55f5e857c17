//! `msal doctor`

use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, SystemTime};

use clap::Args;
use msal::cache::keyring::Keyring;
use msal::{
    Error, ManagedIdentityId, ManagedIdentitySource, Request, SendOptions, Transport,
    UreqTransport, Url, blocking,
};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::application::connected;
use crate::input::{self, SMALL, wrong};
use crate::kept::{Access, Kept};
use crate::options::CommonOptions;
use crate::output::{Json, description};

/// How far to look.
#[derive(Args)]
#[command(next_help_heading = "Options")]
pub(crate) struct Options {
    /// Asks the authority too, for the time; without it nothing beyond this machine and its link is asked
    #[arg(long)]
    online: bool,
}

/// Looks at what this machine offers. What is missing is no failure.
pub(super) fn run(options: &Options, common: &CommonOptions) -> Result<Json, Error> {
    Json::of(&Report {
        authority: match options.online {
            true => Some(authority(common)?),
            false => None,
        },
        browser: browser(),
        cache: cache(common),
        federated: Federated {
            azure_pipelines: is_set("SYSTEM_OIDCREQUESTURI"),
            github_actions: is_set("ACTIONS_ID_TOKEN_REQUEST_URL")
                && is_set("ACTIONS_ID_TOKEN_REQUEST_TOKEN"),
            workload_identity: is_set("AZURE_FEDERATED_TOKEN_FILE"),
        },
        keyring: Outcome::of(keyring()),
        managed_identity: managed_identity(),
        proxy: proxies(),
    })
}

#[derive(Serialize)]
struct Report {
    /// Null unless it was asked.
    authority: Option<Authority>,
    browser: Browser,
    /// Null where no cache was named.
    cache: Option<Outcome>,
    federated: Federated,
    keyring: Outcome,
    managed_identity: ManagedIdentity,
    /// The variables that name one.
    proxy: Map<String, Value>,
}

#[derive(Serialize)]
struct Authority {
    reachable: Outcome,
    /// How far this machine's clock is ahead of the authority's, in seconds; null where that is not known.
    clock_skew: Option<i64>,
}

#[derive(Serialize)]
struct Browser {
    /// Whether there is a screen to show one on, as far as can be told.
    display: bool,
}

#[derive(Serialize)]
struct Federated {
    azure_pipelines: bool,
    github_actions: bool,
    workload_identity: bool,
}

#[derive(Serialize)]
struct ManagedIdentity {
    /// Null where the machine does not say enough of it.
    source: Option<&'static str>,
    /// Whether something listens where the metadata service is; null for other sources.
    listens: Option<bool>,
    error: Option<String>,
}

/// Whether something works, and if not, why.
#[derive(Serialize)]
struct Outcome {
    ok: bool,
    error: Option<String>,
}

impl Outcome {
    fn of(outcome: Result<(), Error>) -> Self {
        Self {
            ok: outcome.is_ok(),
            error: outcome.err().map(|error| description(&error)),
        }
    }
}

fn managed_identity() -> ManagedIdentity {
    let builder = blocking::ManagedIdentityApplication::builder(ManagedIdentityId::SystemAssigned);
    match builder.transport(UreqTransport::new()).build() {
        Ok(app) => ManagedIdentity {
            source: Some(app.source().name()),
            listens: (app.source() == ManagedIdentitySource::Imds).then(listens),
            error: None,
        },
        Err(error) => ManagedIdentity {
            source: None,
            listens: None,
            error: Some(description(&error)),
        },
    }
}

/// Whether something takes connections where the metadata service is, or where a variable says that it is.
fn listens() -> bool {
    let moved = std::env::var("AZURE_POD_IDENTITY_AUTHORITY_HOST").ok();
    let moved = moved.as_deref().and_then(|url| Url::parse(url).ok());
    let addresses: Vec<SocketAddr> = match &moved {
        Some(url) => url.socket_addrs(|| None).unwrap_or_default(),
        None => ("169.254.169.254", 80)
            .to_socket_addrs()
            .map(Iterator::collect)
            .unwrap_or_default(),
    };
    addresses
        .iter()
        .any(|address| TcpStream::connect_timeout(address, PATIENCE).is_ok())
}

fn browser() -> Browser {
    let display = match cfg!(target_os = "linux") {
        true => is_set("DISPLAY") || is_set("WAYLAND_DISPLAY"),
        false => true,
    };
    Browser { display }
}

fn cache(common: &CommonOptions) -> Option<Outcome> {
    let is_named = common.cache.is_named();
    is_named.then(|| Outcome::of(Kept::new(common, Access::Look).and_then(|kept| kept.load())))
}

/// Whether the key store of the system answers.
fn keyring() -> Result<(), Error> {
    let path = std::env::temp_dir().join("msal doctor");
    Keyring::of_file(&path)?.key().map(drop)
}

fn proxies() -> Map<String, Value> {
    let found = VARIABLES.iter().filter_map(|name| {
        let value = std::env::var(name).ok().filter(|value| !value.is_empty())?;
        Some(((*name).to_owned(), Value::String(without_password(&value))))
    });
    found.collect()
}

/// A proxy's URL may hold a name and a password.
fn without_password(value: &str) -> String {
    match value.rsplit_once('@') {
        Some((before, host)) => match before.split_once("://") {
            Some((scheme, _)) => format!("{scheme}://[redacted]@{host}"),
            None => format!("[redacted]@{host}"),
        },
        None => value.to_owned(),
    }
}

/// Asks for the authority's own description of itself, whose answer tells the time.
fn authority(common: &CommonOptions) -> Result<Authority, Error> {
    let transport = connected!(UreqTransport::builder(), common);
    let base = common.authority.trim_end_matches('/');
    let path = match common.oidc {
        true => "/.well-known/openid-configuration",
        false => "/v2.0/.well-known/openid-configuration",
    };
    let mut limits = SendOptions::default();
    limits.time_left = common.timeout.unwrap_or(LONGEST);
    let request: Request = http::Request::get([base, path].concat())
        .extension(limits)
        .body(Default::default())
        .map_err(|_| wrong("authority", "it is no URL"))?;
    let answer = transport.send(request);
    let date = answer.as_ref().ok().and_then(|answer| {
        let date = answer.headers().get("date")?.to_str().ok()?;
        httpdate::parse_http_date(date).ok()
    });
    Ok(Authority {
        clock_skew: date.map(ahead_of),
        reachable: Outcome::of(answer.map(drop).map_err(Error::from)),
    })
}

fn ahead_of(theirs: SystemTime) -> i64 {
    let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    match SystemTime::now().duration_since(theirs) {
        Ok(ahead) => seconds(ahead),
        Err(behind) => -seconds(behind.duration()),
    }
}

fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// What is on this machine or its link answers at once or never.
const PATIENCE: Duration = Duration::from_millis(500);

const LONGEST: Duration = Duration::from_secs(60);

const VARIABLES: [&str; 8] = [
    "ALL_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "all_proxy",
    "https_proxy",
    "http_proxy",
    "no_proxy",
];

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn a_proxys_password_is_not_shown() {
        for (given, shown) in [
            ("http://proxy:8080", "http://proxy:8080"),
            ("http://a:canary@proxy:8080", "http://[redacted]@proxy:8080"),
            ("http://a:c@nary@proxy", "http://[redacted]@proxy"),
            ("a:canary@proxy", "[redacted]@proxy"),
            ("localhost,.test", "localhost,.test"),
        ] {
            assert_eq!(without_password(given), shown);
        }
    }
}
