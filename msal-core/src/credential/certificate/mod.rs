#[cfg(feature = "certificate")]
mod local;
mod pem;
#[cfg(feature = "pfx")]
mod pfx;
#[cfg(feature = "certificate")]
mod private_key;
mod public;
mod x509;

#[cfg(feature = "certificate")]
pub use local::Certificate;
pub use public::PublicCertificate;
