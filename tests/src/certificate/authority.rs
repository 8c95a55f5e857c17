use std::io;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use time::{Duration, OffsetDateTime};

use super::{LONG, ServerCertificate, invalid};

/// The authority that signs what the provider's TLS endpoint presents.
#[derive(Debug)]
pub(crate) struct CertificateAuthority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate for a TLS server with its key.
pub(crate) struct Leaf {
    pub(crate) certificate_der: Vec<u8>,
    pub(crate) key_der: Vec<u8>,
}

impl CertificateAuthority {
    pub(crate) fn new() -> io::Result<Self> {
        let now = OffsetDateTime::now_utc();
        let mut parameters = CertificateParams::new(Vec::new()).map_err(invalid)?;
        parameters.distinguished_name = name("Local identity provider CA");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        parameters.not_before = now - Duration::DAY;
        parameters.not_after = now + LONG;
        let key = p256_key()?;
        let pem = parameters.self_signed(&key).map_err(invalid)?.pem();
        Ok(Self {
            issuer: Issuer::new(parameters, key),
            pem,
        })
    }

    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// Makes a certificate of the given kind for a DNS name or an IP address.
    pub(crate) fn issue(&self, host: &str, kind: ServerCertificate) -> io::Result<Leaf> {
        let now = OffsetDateTime::now_utc();
        let host = if kind == ServerCertificate::WrongName {
            WRONG_NAME
        } else {
            host
        };
        let mut names = vec![host.to_owned()];
        if LOOPBACK.contains(&host) {
            names.extend(
                LOOPBACK
                    .iter()
                    .filter(|name| **name != host)
                    .map(|name| (*name).to_owned()),
            );
        }
        let mut parameters = CertificateParams::new(names).map_err(invalid)?;
        parameters.distinguished_name = name(host);
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        (parameters.not_before, parameters.not_after) = match kind {
            ServerCertificate::Expired => (now - Duration::days(30), now - Duration::DAY),
            ServerCertificate::NotYetValid => (now + Duration::DAY, now + Duration::days(30)),
            // Some platforms refuse a server certificate that lives longer than 398 days.
            _ => (now - Duration::DAY, now + Duration::days(90)),
        };
        let key = p256_key()?;
        let certificate = match kind {
            ServerCertificate::SelfSigned => parameters.self_signed(&key),
            ServerCertificate::UnknownAuthority => {
                let stranger = Self::new()?;
                parameters.signed_by(&key, &stranger.issuer)
            }
            _ => parameters.signed_by(&key, &self.issuer),
        };
        let certificate_der = certificate.map_err(invalid)?.der().to_vec();
        Ok(Leaf {
            certificate_der,
            key_der: key.serialize_der(),
        })
    }
}

fn p256_key() -> io::Result<KeyPair> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(invalid)
}

fn name(common_name: &str) -> rcgen::DistinguishedName {
    let mut name = rcgen::DistinguishedName::new();
    // RFC 5280 appendix A.1: a common name has at most 64 characters.
    name.push(
        DnType::CommonName,
        common_name.chars().take(64).collect::<String>(),
    );
    name
}

const LOOPBACK: [&str; 3] = ["127.0.0.1", "::1", "localhost"];
const WRONG_NAME: &str = "wrong-name.invalid";
