//! How a confidential client proves who it is: a secret, a certificate, an assertion, or a callback that supplies one.
//!
//! A [`ClientCredential`] is made by the constructor that is named after what the program has. Which parameters of a
//! request come out of it is [`ClientAuthentication`]; an application asks for them whenever it sends a request, so
//! that an assertion is never used twice.

mod app_token;
mod assertion;
mod authenticate;
mod authentication;
mod certificate;
mod context;
pub mod federated;
mod provider;
mod signer;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

pub use app_token::{AppToken, AppTokenProvider, AppTokenRequest, AsyncAppTokenProvider};
pub use authentication::ClientAuthentication;
#[cfg(feature = "certificate")]
pub use certificate::Certificate;
pub use certificate::PublicCertificate;
pub use context::AssertionContext;
pub(crate) use context::CredentialContext;
use federated::FederatedCredential;
#[cfg(feature = "certificate")]
pub use provider::CertificateProvider;
pub use provider::{AssertionProvider, AsyncAssertionProvider};
pub use signer::{AssertionSigner, AsyncAssertionSigner, SigningAlgorithm};

use crate::{ClientAssertion, ClientSecret, Error, ErrorKind};

/// What a callback of the program's may fail with. It becomes the source of an error of the kind
/// [`ErrorKind::Credential`].
pub type CallbackError = Box<dyn StdError + Send + Sync>;

/// The proof of identity of a confidential client. Cheap to clone; `Debug` shows its kind and nothing secret.
///
/// ```
/// use msal_core::credential::ClientCredential;
///
/// let credential = ClientCredential::from_secret("a secret, from a vault or the environment");
/// assert_eq!(format!("{credential:?}"), "ClientCredential(secret)");
/// ```
#[derive(Clone)]
pub struct ClientCredential {
    kind: Kind,
    fingerprint: [u8; 32],
}

#[derive(Clone)]
enum Kind {
    AppTokenProvider(Arc<dyn AppTokenProvider>),
    Assertion(Arc<ClientAssertion>),
    AssertionProvider(Arc<dyn AssertionProvider>),
    AsyncAppTokenProvider(Arc<dyn AsyncAppTokenProvider>),
    AsyncAssertionProvider(Arc<dyn AsyncAssertionProvider>),
    AsyncSigner(PublicCertificate, Arc<dyn AsyncAssertionSigner>),
    #[cfg(feature = "certificate")]
    Certificate(Certificate),
    #[cfg(feature = "certificate")]
    CertificateProvider(Arc<dyn CertificateProvider>),
    Federated(Arc<FederatedCredential>),
    Secret(Arc<ClientSecret>),
    Signer(PublicCertificate, Arc<dyn AssertionSigner>),
}

impl ClientCredential {
    /// A password that the authority made for the application. An empty one is refused when the application is built.
    pub fn from_secret(secret: impl Into<ClientSecret>) -> Self {
        let secret = secret.into();
        let fingerprint = fingerprint("secret", secret.expose().as_bytes());
        Self {
            kind: Kind::Secret(Arc::new(secret)),
            fingerprint,
        }
    }

    /// A certificate whose private key signs in this process.
    #[cfg(feature = "certificate")]
    pub fn from_certificate(certificate: Certificate) -> Self {
        let fingerprint = fingerprint("certificate", &certificate.public().sha256_thumbprint());
        Self {
            kind: Kind::Certificate(certificate),
            fingerprint,
        }
    }

    /// A callback that is asked for a certificate whenever one is to sign, so that it can be replaced without a
    /// restart.
    #[cfg(feature = "certificate")]
    pub fn from_certificate_provider(provider: impl CertificateProvider + 'static) -> Self {
        Self::of_callback(Kind::CertificateProvider(Arc::new(provider)))
    }

    /// A ready-made assertion, for as long as it is valid. White space around it is dropped; an empty one is refused
    /// when the application is built.
    pub fn from_assertion(assertion: impl Into<ClientAssertion>) -> Self {
        let assertion = trimmed(assertion.into());
        let fingerprint = fingerprint("assertion", assertion.expose().as_bytes());
        Self {
            kind: Kind::Assertion(Arc::new(assertion)),
            fingerprint,
        }
    }

    /// A callback that is asked for an assertion for each request.
    pub fn from_assertion_provider(provider: impl AssertionProvider + 'static) -> Self {
        Self::of_callback(Kind::AssertionProvider(Arc::new(provider)))
    }

    /// A callback that is asked for an assertion for each request, and awaited: for the async API only.
    pub fn from_async_assertion_provider(provider: impl AsyncAssertionProvider + 'static) -> Self {
        Self::of_callback(Kind::AsyncAssertionProvider(Arc::new(provider)))
    }

    /// Assertions that somebody else issues, whom the application's registration trusts. One is asked for each request.
    pub fn from_federated(issuer: impl Into<FederatedCredential>) -> Self {
        Self::of_callback(Kind::Federated(Arc::new(issuer.into())))
    }

    /// A certificate whose private key signs elsewhere and cannot leave.
    pub fn from_signer(
        certificate: PublicCertificate,
        signer: impl AssertionSigner + 'static,
    ) -> Self {
        let fingerprint = fingerprint("certificate", &certificate.sha256_thumbprint());
        Self {
            kind: Kind::Signer(certificate, Arc::new(signer)),
            fingerprint,
        }
    }

    /// A certificate whose private key signs elsewhere and cannot leave, and is awaited: for the async API only.
    pub fn from_async_signer(
        certificate: PublicCertificate,
        signer: impl AsyncAssertionSigner + 'static,
    ) -> Self {
        let fingerprint = fingerprint("certificate", &certificate.sha256_thumbprint());
        Self {
            kind: Kind::AsyncSigner(certificate, Arc::new(signer)),
            fingerprint,
        }
    }

    /// A callback that gets app tokens by other means than a request to the authority. It serves client credentials
    /// and nothing else.
    pub fn from_app_token_provider(provider: impl AppTokenProvider + 'static) -> Self {
        Self::of_callback(Kind::AppTokenProvider(Arc::new(provider)))
    }

    /// A callback that gets app tokens by other means than a request to the authority, and is awaited: for the async
    /// API only. It serves client credentials and nothing else.
    pub fn from_async_app_token_provider(provider: impl AsyncAppTokenProvider + 'static) -> Self {
        Self::of_callback(Kind::AsyncAppTokenProvider(Arc::new(provider)))
    }

    /// Whether it rests on a callback that is awaited, which a blocking application cannot do.
    pub fn needs_async(&self) -> bool {
        match &self.kind {
            Kind::Federated(issuer) => issuer.needs_async(),
            kind => matches!(
                kind,
                Kind::AsyncAppTokenProvider(_)
                    | Kind::AsyncAssertionProvider(_)
                    | Kind::AsyncSigner(..)
            ),
        }
    }

    /// Whether it gets app tokens by itself.
    pub(crate) fn provides_app_tokens(&self) -> bool {
        matches!(
            self.kind,
            Kind::AppTokenProvider(_) | Kind::AsyncAppTokenProvider(_)
        )
    }

    /// Refuses what can be seen to be no credential, so that building an application fails and not its first call.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let (what, is_empty) = match &self.kind {
            Kind::Secret(secret) => ("client secret", secret.expose().is_empty()),
            Kind::Assertion(assertion) => ("client assertion", assertion.expose().is_empty()),
            _ => return Ok(()),
        };
        match is_empty {
            true => Err(Error::new(ErrorKind::InvalidArgument(what)).because("it is empty")),
            false => Ok(()),
        }
    }

    /// Tells credentials apart in the fingerprint of a request, where assertions would differ each time.
    ///
    /// Equal for equal secrets, assertions and certificates; callbacks are told apart one by one. Never to be shown.
    pub(crate) fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }

    fn of_callback(kind: Kind) -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        Self {
            kind,
            fingerprint: fingerprint("callback", &number.to_le_bytes()),
        }
    }

    fn name(&self) -> &'static str {
        match &self.kind {
            Kind::AppTokenProvider(_) => "app token provider",
            Kind::Assertion(_) => "assertion",
            Kind::AssertionProvider(_) => "assertion provider",
            Kind::AsyncAppTokenProvider(_) => "async app token provider",
            Kind::AsyncAssertionProvider(_) => "async assertion provider",
            Kind::AsyncSigner(..) => "async signer",
            #[cfg(feature = "certificate")]
            Kind::Certificate(_) => "certificate",
            #[cfg(feature = "certificate")]
            Kind::CertificateProvider(_) => "certificate provider",
            Kind::Federated(issuer) => issuer.name(),
            Kind::Secret(_) => "secret",
            Kind::Signer(..) => "signer",
        }
    }
}

impl fmt::Debug for ClientCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientCredential({})", self.name())
    }
}

/// Tokens are read from files, and files end in a line break.
fn trimmed(assertion: ClientAssertion) -> ClientAssertion {
    let text = assertion.expose();
    match text.trim() {
        inner if inner.len() == text.len() => assertion,
        inner => ClientAssertion::new(inner),
    }
}

fn fingerprint(kind: &str, identity: &[u8]) -> [u8; 32] {
    Sha256::new()
        .chain_update(kind)
        .chain_update([0])
        .chain_update(identity)
        .finalize()
        .into()
}

fn unusable(why: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Credential).because(why)
}
