use std::time::Duration;

use msal_core::Error;
use rustls::ClientConfig;

use super::address::Address;
use super::tls::Tls;
use crate::persist::Layout;

/// Where a Redis is and how to use it; what is not set has a good default.
///
/// The URL is `redis://` or, for TLS, `rediss://`, then `[[user]:password@]host[:port][/database]`. Reserved characters in
/// user name and password are percent-encoded. Without TLS whoever sees the network sees the tokens.
#[derive(Clone, Debug)]
#[must_use]
pub struct RedisOptions {
    pub(super) address: Address,
    pub(super) layout: Layout,
    pub(super) prefix: String,
    pub(super) connect_timeout: Duration,
    pub(super) response_timeout: Duration,
    pub(super) life: Duration,
    pub(super) update_wait: Duration,
    pub(super) limit: u64,
    pub(super) tls: Tls,
    pub(super) invalid: Option<Error>,
}

impl RedisOptions {
    /// The Redis at this URL. An error repeats nothing of it.
    pub fn new(url: impl AsRef<str>) -> Result<Self, Error> {
        Ok(Self {
            address: Address::parse(url.as_ref())?,
            layout: Layout::ByOwner,
            prefix: PREFIX.to_owned(),
            connect_timeout: TIMEOUT,
            response_timeout: TIMEOUT,
            life: LIFE,
            update_wait: WAIT,
            limit: LIMIT,
            tls: Tls::default(),
            invalid: None,
        })
    }

    /// Whether there is a value for each owner, as a web farm of many users wants it, or one for everything. Only the
    /// latter can tell which users there are, as a command of one person may want.
    pub fn layout(mut self, layout: Layout) -> Self {
        self.layout = layout;
        self
    }

    /// Starts each key with this, `msal:` by default. It may have no braces.
    pub fn key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Gives up on a connection after this long, 5 seconds by default: name look-up, TLS and password included.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Gives up on an answer after this long, 5 seconds by default. Whoever asks within the second after that is told so
    /// at once.
    pub fn response_timeout(mut self, limit: Duration) -> Self {
        self.response_timeout = limit;
        self
    }

    /// How long a value stays that has refresh tokens, whose life nobody knows, after it was last written; 90 days by
    /// default. Other values stay as long as their tokens can be used.
    pub fn life(mut self, life: Duration) -> Self {
        self.life = life;
        self
    }

    /// How long to try to write a value that others write all the time; 10 seconds by default.
    pub fn update_wait(mut self, limit: Duration) -> Self {
        self.update_wait = limit;
        self
    }

    /// How large a value may be; 64 MiB by default. Redis itself takes up to 512 MiB.
    pub fn max_bytes(mut self, limit: u64) -> Self {
        self.limit = limit;
        self
    }

    /// Trusts the certificates in `pem` as roots, beside those of the platform.
    pub fn add_root_certificates_pem(mut self, pem: impl AsRef<[u8]>) -> Self {
        if let Err(error) = self.tls.add_roots(pem.as_ref()) {
            self.invalid.get_or_insert(error);
        }
        self
    }

    /// Uses this TLS configuration: its roots, its client certificate, its provider.
    pub fn tls_config(mut self, config: ClientConfig) -> Self {
        self.tls.set_config(config);
        self
    }
}

const PREFIX: &str = "msal:";

const TIMEOUT: Duration = Duration::from_secs(5);

/// What a refresh token of Entra lives by default when it is not used.
const LIFE: Duration = Duration::from_secs(90 * 86_400);

const WAIT: Duration = Duration::from_secs(10);

const LIMIT: u64 = 64 << 20;
