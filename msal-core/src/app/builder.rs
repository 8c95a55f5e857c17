use std::sync::Arc;
use std::time::Duration;

use super::{App, ConfidentialClientApplication, PublicClientApplication, Shared};
use crate::authority::{AuthoritySettings, Directory};
use crate::credential::ClientCredential;
use crate::flights::Flights;
use crate::store::TokenStore;
use crate::throttle::Throttle;
use crate::{Authority, Env, Error, ErrorKind};

/// What an application is made of.
#[derive(Clone, Debug)]
pub struct ApplicationBuilder {
    client_id: String,
    authority: Result<Authority, Error>,
    capabilities: Vec<String>,
    credential: Option<ClientCredential>,
    settings: AuthoritySettings,
    shows_refresh_tokens: bool,
    timeout: Duration,
    verifies_id_tokens: bool,
}

impl ApplicationBuilder {
    /// An application of this client id (the "application id" of its registration), for accounts of any organisation
    /// and personal ones until an authority is given.
    pub fn new(client_id: impl Into<String>) -> Self {
        Self {
            client_id: client_id.into(),
            authority: Authority::parse(DEFAULT_AUTHORITY),
            capabilities: Vec::new(),
            credential: None,
            settings: AuthoritySettings::default(),
            shows_refresh_tokens: false,
            timeout: DEFAULT_TIMEOUT,
            verifies_id_tokens: false,
        }
    }

    /// Whom to ask for tokens: the URL of an authority, see [`Authority::parse`].
    #[must_use]
    pub fn authority(self, url: &str) -> Self {
        Self {
            authority: Authority::parse(url),
            ..self
        }
    }

    /// Whom to ask for tokens: the URL of a plain OpenID Connect issuer, see [`Authority::oidc`].
    #[must_use]
    pub fn oidc_authority(self, issuer: &str) -> Self {
        Self {
            authority: Authority::oidc(issuer),
            ..self
        }
    }

    /// Whom to ask for tokens.
    #[must_use]
    pub fn parsed_authority(self, authority: Authority) -> Self {
        Self {
            authority: Ok(authority),
            ..self
        }
    }

    /// How the application proves who it is.
    #[must_use]
    pub fn credential(self, credential: ClientCredential) -> Self {
        Self {
            credential: Some(credential),
            ..self
        }
    }

    /// What the application is able to handle, such as `CP1` for claims challenges.
    #[must_use]
    pub fn client_capabilities<S: Into<String>>(
        self,
        capabilities: impl IntoIterator<Item = S>,
    ) -> Self {
        Self {
            capabilities: capabilities.into_iter().map(Into::into).collect(),
            ..self
        }
    }

    /// How authorities are found out about.
    #[must_use]
    pub fn authority_settings(self, settings: AuthoritySettings) -> Self {
        Self { settings, ..self }
    }

    /// How long a call may take that is not given a limit of its own; 60 seconds by default.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Whether results show the refresh tokens they brought, for a program that keeps its own. They do not by default:
    /// the cache keeps and uses them.
    #[must_use]
    pub fn show_refresh_tokens(self, on: bool) -> Self {
        Self {
            shows_refresh_tokens: on,
            ..self
        }
    }

    /// Whether the signatures of id tokens are checked by the keys that the authority publishes; they are not by default,
    /// since the tokens come straight from it over TLS, which OpenID Connect Core section 3.1.3.7 lets stand for them.
    ///
    /// Checks RS256, PS256 and ES256; any other token is refused, as is a sign-in without one. A tenant's keys are
    /// fetched once a day, and again for a key that is new. Takes the feature `certificate`: without it an application is not built.
    #[must_use]
    pub fn verify_id_tokens(self, on: bool) -> Self {
        Self {
            verifies_id_tokens: on,
            ..self
        }
    }

    /// The confidential client application, with its cache.
    ///
    /// Fails for an empty client id, an authority that cannot be used, and without a credential or with an empty one.
    pub fn confidential(
        self,
        store: Arc<dyn TokenStore>,
        env: Env,
    ) -> Result<ConfidentialClientApplication, Error> {
        self.app(store, env, |credential| match credential {
            Some(credential) => credential.check(),
            None => {
                let why = "a confidential client application needs one: a secret, a certificate or an assertion";
                Err(Error::new(ErrorKind::InvalidArgument("client credential")).because(why))
            }
        })
        .map(ConfidentialClientApplication::new)
    }

    /// The public client application, with its cache.
    ///
    /// Fails for an empty client id, an authority that cannot be used, and with a credential, which it could not keep.
    pub fn public(
        self,
        store: Arc<dyn TokenStore>,
        env: Env,
    ) -> Result<PublicClientApplication, Error> {
        self.app(store, env, |credential| match credential {
            None => Ok(()),
            Some(_) => {
                let why = "a public client application cannot keep one";
                Err(Error::new(ErrorKind::InvalidArgument("client credential")).because(why))
            }
        })
        .map(PublicClientApplication::new)
    }

    /// What all calls of a managed identity share.
    pub(super) fn managed(self, store: Arc<dyn TokenStore>, env: Env) -> Result<App, Error> {
        self.app(store, env, |_| Ok(()))
    }

    fn app(
        self,
        store: Arc<dyn TokenStore>,
        env: Env,
        check: impl FnOnce(Option<&ClientCredential>) -> Result<(), Error>,
    ) -> Result<App, Error> {
        if self.client_id.trim().is_empty() {
            return Err(Error::new(ErrorKind::InvalidArgument("client id")).because("it is empty"));
        }
        if self.verifies_id_tokens && cfg!(not(feature = "certificate")) {
            return Err(Error::new(ErrorKind::Unsupported(SIGNATURES))
                .because("build this library with its feature `certificate`"));
        }
        check(self.credential.as_ref())?;
        let authority = self.authority?;
        let trust = self.settings.check(&authority)?;
        let shared = Shared {
            client_id: self.client_id.into(),
            authority,
            credential: self.credential,
            capabilities: self.capabilities,
            directory: Directory::new(trust),
            ids: env.id_source(),
            env,
            flights: Flights::default(),
            persistence: store.persistence(),
            renewals: Throttle::default(),
            shows_refresh_tokens: self.shows_refresh_tokens,
            store,
            throttle: Throttle::default(),
            timeout: self.timeout,
            verifies_id_tokens: self.verifies_id_tokens,
        };
        Ok(App(Arc::new(shared)))
    }
}

/// What takes the feature `certificate`.
pub(crate) const SIGNATURES: &str = "checking the signatures of id tokens";
/// Work, school and personal accounts.
const DEFAULT_AUTHORITY: &str = "https://login.microsoftonline.com/common";
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);
