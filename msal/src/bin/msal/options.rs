//! The options that every command has.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use msal::{CorrelationId, Error, ErrorKind};

use crate::cache_options::CacheOptions;
use crate::credential::CredentialOptions;

/// The options that every command has, before or after its name.
#[derive(Args)]
#[command(next_help_heading = "Common options")]
pub(crate) struct CommonOptions {
    /// Whom to ask: the URL of an authority
    #[arg(long, global = true, value_name = "URL")]
    #[arg(default_value = "https://login.microsoftonline.com/common")]
    pub(crate) authority: String,
    /// The authority is a plain OpenID Connect issuer
    #[arg(long, global = true)]
    pub(crate) oidc: bool,
    /// The id of the application
    #[arg(long, global = true, value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// A scope to ask for; repeatable
    #[arg(long = "scope", global = true, value_name = "S")]
    pub(crate) scopes: Vec<String>,
    #[command(flatten)]
    pub(crate) cache: CacheOptions,
    /// What sends the requests: reqwest drives the async API, ureq the blocking one
    #[arg(long, global = true, value_enum, default_value = "reqwest")]
    pub(crate) transport: TransportChoice,
    /// A proxy for all requests; without it the platform's settings hold
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) proxy: Option<String>,
    /// Root certificates to trust beside the platform's
    #[arg(long, global = true, value_name = "PEM")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Whether Microsoft is asked about an authority whose host is not known
    #[arg(long, global = true, value_enum, default_value = "on")]
    pub(crate) instance_discovery: Switch,
    /// A claims challenge from an API: goes past the cached access token
    #[arg(long, global = true, value_name = "JSON")]
    pub(crate) claims: Option<String>,
    /// Claims of the client's own; tokens are cached under them
    #[arg(long, global = true, value_name = "JSON")]
    pub(crate) client_claims: Option<String>,
    /// What the client can handle, such as CP1; repeatable
    #[arg(long = "client-capability", global = true, value_name = "C")]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(crate) client_capabilities: Vec<String>,
    /// The id of the call, sent with each request
    #[arg(long, global = true, value_name = "GUID")]
    pub(crate) correlation_id: Option<CorrelationId>,
    /// How long the whole call may take; fractions allowed; 60 unless the command says otherwise
    #[arg(long, global = true, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,
    /// A further parameter of the requests; repeatable
    #[arg(long = "extra", global = true, value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) extra: Vec<(String, String)>,
    /// Logs to standard error, never a secret
    #[arg(short, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    #[command(flatten)]
    pub(crate) credential: CredentialOptions,
}

impl CommonOptions {
    /// The client id, which most commands need.
    pub(crate) fn client_id(&self) -> Result<&str, Error> {
        self.client_id.as_deref().ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument("command line")).because("--client-id is missing")
        })
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum TransportChoice {
    Reqwest,
    Ureq,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}

fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds: f64 = text.parse().map_err(|_| "it must be a number of seconds")?;
    if !seconds.is_finite() || seconds.is_sign_negative() {
        return Err("it must be a number of seconds, not negative");
    }
    Ok(Duration::try_from_secs_f64(seconds).map_or(LONGEST, |time| time.min(LONGEST)))
}

fn pair(text: &str) -> Result<(String, String), &'static str> {
    let (key, value) = text.split_once('=').ok_or("it must be KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// No call takes longer than a year.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_any_finite_time_that_is_not_negative() {
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        assert_eq!(seconds("0"), Ok(Duration::ZERO));
        assert_eq!(seconds("1e300"), Ok(LONGEST));
        for text in ["", "x", "1s", "-1", "-0.0", "NaN", "inf", "-inf", "1e999"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_extra_parameter_has_a_key_and_a_value_that_may_hold_anything() {
        let own = |key: &str, value: &str| Ok((key.to_owned(), value.to_owned()));
        assert_eq!(pair("a=b=c"), own("a", "b=c"));
        assert_eq!(pair("a="), own("a", ""));
        assert!(pair("a").is_err());
    }
}
