use async_trait::async_trait;

#[cfg(feature = "certificate")]
use super::Certificate;
use super::{AssertionContext, CallbackError};
use crate::ClientAssertion;

/// Supplies an assertion for each request that needs one, on the caller's thread.
///
/// For workload identity federation, and for signing that the program does itself. A closure is a provider too:
///
/// ```
/// use msal_core::credential::{AssertionContext, ClientCredential};
/// use msal_core::ClientAssertion;
///
/// let credential = ClientCredential::from_assertion_provider(|_: &AssertionContext| {
///     std::fs::read_to_string("/run/identity/token").map(ClientAssertion::new)
/// });
/// ```
pub trait AssertionProvider: Send + Sync {
    /// An assertion for the request that `context` describes; never empty.
    fn assertion(&self, context: &AssertionContext) -> Result<ClientAssertion, CallbackError>;
}

/// Supplies an assertion for each request that needs one, without holding up a thread.
///
/// Implemented with [`async_trait`](macro@async_trait). A closure is a provider too:
///
/// ```
/// use msal_core::credential::{AssertionContext, ClientCredential};
/// use msal_core::{ClientAssertion, Error};
///
/// # async fn token_of_the_workload(_audience: String) -> Result<String, Error> { Ok(String::new()) }
/// let credential = ClientCredential::from_async_assertion_provider(|context: AssertionContext| async move {
///     token_of_the_workload(context.token_endpoint().to_owned()).await.map(ClientAssertion::new)
/// });
/// ```
#[async_trait]
pub trait AsyncAssertionProvider: Send + Sync {
    /// An assertion for the request that `context` describes; never empty.
    async fn assertion(&self, context: AssertionContext) -> Result<ClientAssertion, CallbackError>;
}

impl<F, E> AssertionProvider for F
where
    F: Fn(&AssertionContext) -> Result<ClientAssertion, E> + Send + Sync,
    E: Into<CallbackError>,
{
    fn assertion(&self, context: &AssertionContext) -> Result<ClientAssertion, CallbackError> {
        self(context).map_err(Into::into)
    }
}

#[async_trait]
impl<F, R, E> AsyncAssertionProvider for F
where
    F: Fn(AssertionContext) -> R + Send + Sync,
    R: Future<Output = Result<ClientAssertion, E>> + Send,
    E: Into<CallbackError>,
{
    async fn assertion(&self, context: AssertionContext) -> Result<ClientAssertion, CallbackError> {
        self(context).await.map_err(Into::into)
    }
}

/// Supplies the certificate to sign each assertion with, so that one can replace another while the program runs.
///
/// It is asked for every assertion, and may answer with a clone of what it holds: a [`Certificate`] is cheap to
/// clone, and reading its key is what takes time. A closure is a provider too.
#[cfg(feature = "certificate")]
pub trait CertificateProvider: Send + Sync {
    /// The certificate for the request that `context` describes.
    fn certificate(&self, context: &AssertionContext) -> Result<Certificate, CallbackError>;
}

#[cfg(feature = "certificate")]
impl<F, E> CertificateProvider for F
where
    F: Fn(&AssertionContext) -> Result<Certificate, E> + Send + Sync,
    E: Into<CallbackError>,
{
    fn certificate(&self, context: &AssertionContext) -> Result<Certificate, CallbackError> {
        self(context).map_err(Into::into)
    }
}
