use async_trait::async_trait;

use super::CallbackError;

/// How a certificate's key signs an assertion, RFC 7518 section 3.1.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum SigningAlgorithm {
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes: Entra ID, B2C, external tenants.
    Ps256,
    /// RSASSA-PKCS1-v1_5 with SHA-256: AD FS, dSTS, other OpenID Connect providers.
    Rs256,
}

impl SigningAlgorithm {
    /// The value of the JOSE header `alg`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ps256 => "PS256",
            Self::Rs256 => "RS256",
        }
    }
}

/// A private key that signs where it lives, such as in a smart card, on the caller's thread.
///
/// ```
/// use msal_core::credential::{AssertionSigner, CallbackError, SigningAlgorithm};
///
/// struct SmartCard;
///
/// impl AssertionSigner for SmartCard {
///     fn sign(&self, algorithm: SigningAlgorithm, input: &[u8]) -> Result<Vec<u8>, CallbackError> {
///         Err(format!("no card is inserted that could sign {} bytes with {}", input.len(), algorithm.name()).into())
///     }
/// }
/// ```
pub trait AssertionSigner: Send + Sync {
    /// Signs `input`, which is not hashed yet, and returns the bare signature, as long as the key's modulus.
    fn sign(&self, algorithm: SigningAlgorithm, input: &[u8]) -> Result<Vec<u8>, CallbackError>;
}

/// A private key that signs where it lives, such as in a vault across the network, without holding up a thread.
///
/// Implemented with [`async_trait`](macro@async_trait).
#[async_trait]
pub trait AsyncAssertionSigner: Send + Sync {
    /// Signs `input`, which is not hashed yet, and returns the bare signature, as long as the key's modulus.
    async fn sign(
        &self,
        algorithm: SigningAlgorithm,
        input: &[u8],
    ) -> Result<Vec<u8>, CallbackError>;
}

impl<F, E> AssertionSigner for F
where
    F: Fn(SigningAlgorithm, &[u8]) -> Result<Vec<u8>, E> + Send + Sync,
    E: Into<CallbackError>,
{
    fn sign(&self, algorithm: SigningAlgorithm, input: &[u8]) -> Result<Vec<u8>, CallbackError> {
        self(algorithm, input).map_err(Into::into)
    }
}

#[async_trait]
impl<F, R, E> AsyncAssertionSigner for F
where
    F: Fn(SigningAlgorithm, Vec<u8>) -> R + Send + Sync,
    R: Future<Output = Result<Vec<u8>, E>> + Send,
    E: Into<CallbackError>,
{
    async fn sign(
        &self,
        algorithm: SigningAlgorithm,
        input: &[u8],
    ) -> Result<Vec<u8>, CallbackError> {
        self(algorithm, input.to_vec()).await.map_err(Into::into)
    }
}
