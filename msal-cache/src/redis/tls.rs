use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use msal_core::{Error, ErrorKind};
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;

/// Whom a `rediss://` connection trusts: the platform's roots and the added ones, or what a configuration says.
#[derive(Default)]
pub(super) struct Tls {
    added: Vec<CertificateDer<'static>>,
    config: Mutex<Option<Arc<ClientConfig>>>,
    is_own: bool,
}

impl Tls {
    pub(super) fn add_roots(&mut self, pem: &[u8]) -> Result<(), Error> {
        let before = self.added.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|source| bad_roots().with_source(source))?;
            RootCertStore::empty()
                .add(certificate.clone())
                .map_err(|source| bad_roots().with_source(source))?;
            self.added.push(certificate);
        }
        if self.added.len() == before {
            return Err(bad_roots().because("no `BEGIN CERTIFICATE` section was found"));
        }
        Ok(())
    }

    pub(super) fn set_config(&mut self, config: ClientConfig) {
        self.config = Mutex::new(Some(Arc::new(config)));
        self.is_own = true;
    }

    /// Finds settings that contradict each other, or that a connection without TLS would pass over in silence.
    pub(super) fn check(&self, is_tls: bool) -> Result<(), Error> {
        let given = match self.added.is_empty() {
            false => "root certificates",
            true if self.is_own => "TLS configuration",
            true => return Ok(()),
        };
        let invalid = Error::new(ErrorKind::InvalidArgument(given));
        if !is_tls {
            return Err(invalid.because("a `redis://` URL has no TLS: use `rediss://`"));
        }
        if self.is_own && !self.added.is_empty() {
            return Err(invalid.because("the TLS configuration decides this already"));
        }
        if cfg!(target_os = "android") && !self.is_own {
            return Err(Error::new(ErrorKind::Unsupported(
                "adding root certificates",
            )));
        }
        Ok(())
    }

    /// The configuration, made at the first connection: the platform's roots are read once.
    pub(super) fn config(&self) -> io::Result<Arc<ClientConfig>> {
        let mut made = self.config.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = &*made {
            return Ok(Arc::clone(config));
        }
        let config = self.ordinary().map_err(io::Error::other)?;
        Ok(Arc::clone(made.insert(Arc::new(config))))
    }

    fn ordinary(&self) -> Result<ClientConfig, rustls::Error> {
        // By name: the process may have another provider, or two of them.
        let provider = Arc::new(aws_lc_rs::default_provider());
        #[cfg(not(target_os = "android"))]
        let verifier =
            Verifier::new_with_extra_roots(self.added.iter().cloned(), provider.clone())?;
        #[cfg(target_os = "android")]
        let verifier = Verifier::new(provider.clone())?;
        let verifier: Arc<dyn ServerCertVerifier> = Arc::new(verifier);
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok(config)
    }
}

impl Clone for Tls {
    fn clone(&self) -> Self {
        let config = self.config.lock().unwrap_or_else(PoisonError::into_inner);
        Self {
            added: self.added.clone(),
            config: Mutex::new(config.clone()),
            is_own: self.is_own,
        }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("added_roots", &self.added.len())
            .field("own_config", &self.is_own)
            .finish()
    }
}

fn bad_roots() -> Error {
    Error::new(ErrorKind::InvalidArgument("root certificates"))
}
