//! Certificates: the provider's own authority, what its TLS endpoint presents, and those that apps sign in with.

mod authority;
mod client;
mod presented;
mod thumbprint;

pub(crate) use self::authority::CertificateAuthority;
pub use self::client::{ClientCertificate, ClientCertificateAuthority};
pub use self::presented::ServerCertificate;
pub(crate) use self::presented::TlsIdentity;
pub use self::thumbprint::Thumbprint;
pub(crate) use self::thumbprint::{decode as decode_thumbprint, hex};

/// Ten years, so that a provider whose clock was moved still holds valid certificates.
const LONG: time::Duration = time::Duration::days(3650);

fn invalid(error: rcgen::Error) -> std::io::Error {
    std::io::Error::other(format!("could not make a certificate: {error}"))
}
