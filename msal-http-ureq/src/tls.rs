//! Whom a connection trusts. The two transport crates hold this file in the same words; a test compares them.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConfig, Resumption};
use rustls::crypto::{self, CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::{CertificateError, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use rustls_platform_verifier::Verifier;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use msal_core::{Error, ErrorKind, Thumbprint, TransportError};

/// What the builder was told about TLS.
#[derive(Clone, Default)]
pub(crate) struct Tls {
    provider: Option<Arc<CryptoProvider>>,
    roots: Vec<CertificateDer<'static>>,
    config: Option<ClientConfig>,
}

impl Tls {
    pub(crate) fn set_provider(&mut self, provider: Arc<CryptoProvider>) {
        self.provider = Some(provider);
    }

    pub(crate) fn set_config(&mut self, config: ClientConfig) {
        self.config = Some(config);
    }

    /// Adds the certificates of `pem`, each of which must be fit to be a root.
    pub(crate) fn add_roots(&mut self, pem: &[u8]) -> Result<(), Error> {
        let mut found = 0;
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|source| bad_roots().with_source(source))?;
            RootCertStore::empty()
                .add(certificate.clone())
                .map_err(|source| bad_roots().with_source(source))?;
            self.roots.push(certificate);
            found += 1;
        }
        if found == 0 {
            return Err(bad_roots().because("no `BEGIN CERTIFICATE` section was found"));
        }
        Ok(())
    }

    /// Finds settings that contradict each other.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if cfg!(target_os = "android") && !self.roots.is_empty() {
            return Err(
                Error::new(ErrorKind::Unsupported("adding root certificates"))
                    .because("on Android, add them to the app's network security configuration"),
            );
        }
        let given_beside = match &self.config {
            Some(_) if !self.roots.is_empty() => "root certificates",
            Some(_) if self.provider.is_some() => "crypto provider",
            _ => return Ok(()),
        };
        Err(Error::new(ErrorKind::InvalidArgument(given_beside))
            .because("the TLS configuration decides this already, so give it there"))
    }

    /// The configuration that trusts the platform's roots and the added ones.
    pub(crate) fn ordinary(&self) -> Result<ClientConfig, TransportError> {
        if let Some(config) = &self.config {
            return Ok(finished(config.clone()));
        }
        let provider = self.provider();
        let verifier = PlatformRoots {
            added: self.roots.clone(),
            provider: Arc::clone(&provider),
            loaded: Mutex::new(None),
        };
        verified_by(Arc::new(verifier), provider)
    }

    /// The configuration that accepts the leaf certificate of this thumbprint and nothing else.
    pub(crate) fn pinned(&self, pin: Thumbprint) -> Result<ClientConfig, TransportError> {
        let provider = match &self.config {
            Some(config) => Arc::clone(config.crypto_provider()),
            None => self.provider(),
        };
        let verifier = Arc::new(PinnedLeaf {
            pin,
            algorithms: provider.signature_verification_algorithms,
        });
        let mut config = match &self.config {
            Some(config) => {
                let mut config = finished(config.clone());
                config.dangerous().set_certificate_verifier(verifier);
                config
            }
            None => verified_by(verifier, provider)?,
        };
        // A resumed session shows no certificate.
        config.resumption = Resumption::disabled();
        Ok(config)
    }

    fn provider(&self) -> Arc<CryptoProvider> {
        self.provider
            .clone()
            .unwrap_or_else(|| Arc::new(crypto::aws_lc_rs::default_provider()))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("own_provider", &self.provider.is_some())
            .field("added_roots", &self.roots.len())
            .field("own_config", &self.config.is_some())
            .finish()
    }
}

fn verified_by(
    verifier: Arc<dyn ServerCertVerifier>,
    provider: Arc<CryptoProvider>,
) -> Result<ClientConfig, TransportError> {
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TransportError::refused)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(finished(config))
}

fn finished(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // Early data can be replayed, and would be sent before the server has proven who it is.
    config.enable_early_data = false;
    config
}

/// Verifies as the platform does. The trust store is read at the first handshake: plain HTTP, as managed identities
/// speak it, works on a machine that has none.
#[derive(Debug)]
struct PlatformRoots {
    added: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
    loaded: Mutex<Option<Arc<Verifier>>>,
}

impl PlatformRoots {
    fn verifier(&self) -> Result<Arc<Verifier>, rustls::Error> {
        // Held while reading, so that whoever comes second waits instead of reading once more.
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(verifier) = &*loaded {
            return Ok(Arc::clone(verifier));
        }
        let verifier = self
            .load()
            .map_err(|source| rustls::Error::Other(OtherError(Arc::new(NoRoots(source)))))?;
        Ok(Arc::clone(loaded.insert(Arc::new(verifier))))
    }

    #[cfg(not(target_os = "android"))]
    fn load(&self) -> Result<Verifier, rustls::Error> {
        Verifier::new_with_extra_roots(self.added.iter().cloned(), Arc::clone(&self.provider))
    }

    #[cfg(target_os = "android")]
    fn load(&self) -> Result<Verifier, rustls::Error> {
        Verifier::new(Arc::clone(&self.provider))
    }
}

impl ServerCertVerifier for PlatformRoots {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.verifier()?.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        )
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier()?.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier()?.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// Accepts one leaf certificate, whoever signed it, whatever name it bears, and whenever it expired.
#[derive(Debug)]
struct PinnedLeaf {
    pin: Thumbprint,
    algorithms: WebPkiSupportedAlgorithms,
}

impl PinnedLeaf {
    fn is(&self, leaf: &CertificateDer<'_>) -> bool {
        match self.pin {
            Thumbprint::Sha1(pin) => Sha1::digest(leaf).as_slice() == pin,
            Thumbprint::Sha256(pin) => Sha256::digest(leaf).as_slice() == pin,
            _ => false,
        }
    }
}

impl ServerCertVerifier for PinnedLeaf {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.is(end_entity) {
            return Ok(ServerCertVerified::assertion());
        }
        let why = CertificateError::Other(OtherError(Arc::new(NotThePinnedLeaf)));
        Err(rustls::Error::InvalidCertificate(why))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        crypto::verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        crypto::verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the server's certificate is not the pinned one")]
struct NotThePinnedLeaf;

#[derive(Debug, thiserror::Error)]
#[error(
    "this machine has no trusted root certificates: install them (on Debian the package `ca-certificates`), \
     or add your own with `add_root_certificates_pem`"
)]
struct NoRoots(#[source] rustls::Error);

fn bad_roots() -> Error {
    Error::new(ErrorKind::InvalidArgument("root certificates"))
}
