use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

use super::{CertificateAuthority, Thumbprint};

/// What the provider presents in a TLS handshake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ServerCertificate {
    /// Signed by the provider's authority, but its time is over.
    Expired,
    /// Signed by the provider's authority, but its time has not come.
    NotYetValid,
    /// Signed by its own key.
    SelfSigned,
    /// Signed by an authority that nobody knows.
    UnknownAuthority,
    /// Signed by the provider's authority, for the name that was asked for.
    #[default]
    Valid,
    /// Signed by the provider's authority, for another name.
    WrongName,
}

/// The TLS endpoint's identity: one certificate for each name asked for, made on first use.
#[derive(Debug)]
pub(crate) struct TlsIdentity {
    authority: CertificateAuthority,
    made: Mutex<HashMap<(String, ServerCertificate), Presented>>,
    kind: Mutex<ServerCertificate>,
}

#[derive(Clone, Debug)]
struct Presented {
    config: Arc<ServerConfig>,
    thumbprint: Thumbprint,
}

impl TlsIdentity {
    pub(crate) fn new(kind: ServerCertificate) -> io::Result<Self> {
        Ok(Self {
            authority: CertificateAuthority::new()?,
            made: Mutex::default(),
            kind: Mutex::new(kind),
        })
    }

    pub(crate) fn authority_pem(&self) -> &str {
        self.authority.pem()
    }

    pub(crate) fn present(&self, kind: ServerCertificate) {
        *self.kind.lock().unwrap_or_else(PoisonError::into_inner) = kind;
    }

    /// The TLS configuration for a name, as things stand now.
    pub(crate) fn config(&self, host: &str) -> io::Result<Arc<ServerConfig>> {
        Ok(self.presented(host)?.config)
    }

    pub(crate) fn thumbprint(&self, host: &str) -> io::Result<Thumbprint> {
        Ok(self.presented(host)?.thumbprint)
    }

    fn presented(&self, host: &str) -> io::Result<Presented> {
        let kind = *self.kind.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (host.to_ascii_lowercase(), kind);
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(presented) = made.get(&key) {
            return Ok(presented.clone());
        }
        let leaf = self.authority.issue(&key.0, kind)?;
        let presented = Presented {
            thumbprint: Thumbprint::of(&leaf.certificate_der),
            config: Arc::new(
                tls_config(leaf.certificate_der, leaf.key_der).map_err(io::Error::other)?,
            ),
        };
        made.insert(key, presented.clone());
        Ok(presented)
    }
}

fn tls_config(certificate: Vec<u8>, key: Vec<u8>) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from(certificate)],
            PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key)),
        )?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
