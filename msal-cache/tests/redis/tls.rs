//! Redis over TLS.

use std::fs;
use std::sync::Arc;
use std::time::Instant;

use msal_cache::redis::{RedisError, RedisOptions, RedisStore};
use msal_core::ErrorKind;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{ClientConfig, RootCertStore};

use crate::access::cause;
use crate::contract::put;
use crate::server::{Server, free_port};
use crate::stores::{both, held};

#[test]
fn tls_needs_a_certificate_of_an_authority_that_is_known() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let Some((server, port)) = start(&authority, &["localhost", "127.0.0.1"]) else {
        return;
    };
    let at = |host: &str| RedisOptions::new(format!("rediss://{host}:{port}")).unwrap();
    for host in ["localhost", "127.0.0.1"] {
        for store in both(&at(host).add_root_certificates_pem(&authority.pem)) {
            store.update("user", &mut |_| put(b"value")).unwrap();
            assert_eq!(held(&*store, "user").0.unwrap(), b"value");
            assert_eq!(server.does::<u32>("DBSIZE"), 1);
        }
    }
    let large = vec![b'x'; 5_000_000];
    for store in both(&at("localhost").add_root_certificates_pem(&authority.pem)) {
        store.update("user", &mut |_| put(&large)).unwrap();
        assert!(held(&*store, "user").0.unwrap() == large);
    }
    let unknown = [
        at("localhost"),
        at("localhost").add_root_certificates_pem(&stranger.pem),
    ];
    for options in unknown {
        for store in both(&options) {
            let error = store.load("user", None).unwrap_err();
            assert!(
                matches!(cause(&error), RedisError::Connect { .. }),
                "{error:?}"
            );
            let source = std::error::Error::source(cause(&error)).unwrap();
            assert!(source.to_string().contains("UnknownIssuer"), "{source}");
        }
    }
}

#[test]
fn tls_needs_a_certificate_for_the_name_in_the_url() {
    let authority = Authority::new();
    let Some((_server, port)) = start(&authority, &["redis.example.net"]) else {
        return;
    };
    let options = RedisOptions::new(format!("rediss://localhost:{port}")).unwrap();
    for store in both(&options.add_root_certificates_pem(&authority.pem)) {
        let error = store.load("user", None).unwrap_err();
        let source = std::error::Error::source(cause(&error)).unwrap();
        assert!(
            source.to_string().contains("not valid for name"),
            "{source}"
        );
    }
}

#[test]
fn a_configuration_may_bring_a_certificate_of_the_client() {
    let authority = Authority::new();
    let arguments = ["--tls-auth-clients".into(), "yes".into()];
    let Some((_server, port)) = start_with(&authority, &["localhost"], &arguments) else {
        return;
    };
    let (certificate, key) = authority.issue(&["client"]);
    let config = || {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider);
        let mut roots = RootCertStore::empty();
        roots.add(authority.der.clone().into()).unwrap();
        builder
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
    };
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(key.serialize_der());
    let with = config().with_client_auth_cert(vec![certificate.der().clone()], key.into());
    let at = || RedisOptions::new(format!("rediss://localhost:{port}")).unwrap();
    for store in both(&at().tls_config(with.unwrap())) {
        store.update("user", &mut |_| put(b"value")).unwrap();
    }
    for store in both(&at().tls_config(config().with_no_client_auth())) {
        let error = store.load("user", None).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Cache);
    }
}

#[test]
fn one_that_has_tls_and_one_that_has_not_do_not_understand_each_other() {
    let authority = Authority::new();
    let Some((server, port)) = start(&authority, &["localhost"]) else {
        return;
    };
    let plain = RedisOptions::new(format!("redis://localhost:{port}")).unwrap();
    let tls = server.url().replace("redis:", "rediss:");
    let tls = RedisOptions::new(tls)
        .unwrap()
        .add_root_certificates_pem(&authority.pem);
    for options in [plain, tls] {
        for store in both(&options) {
            let error = store.load("user", None).unwrap_err();
            assert!(cause(&error).is_retryable(), "{error:?}");
        }
    }
}

#[test]
fn settings_of_tls_that_would_do_nothing_are_refused() {
    let plain = || RedisOptions::new("redis://localhost").unwrap();
    let tls = || RedisOptions::new("rediss://localhost").unwrap();
    let authority = Authority::new();
    for options in [
        plain().add_root_certificates_pem(&authority.pem),
        tls().add_root_certificates_pem("no certificate"),
        tls().add_root_certificates_pem(
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ),
    ] {
        let error = RedisStore::new(options).unwrap_err();
        assert_eq!(
            *error.kind(),
            ErrorKind::InvalidArgument("root certificates")
        );
    }
}

/// A Redis with TLS, and the port where it has it.
fn start(authority: &Authority, names: &[&str]) -> Option<(Server, u16)> {
    start_with(
        authority,
        names,
        &["--tls-auth-clients".into(), "no".into()],
    )
}

fn start_with(authority: &Authority, names: &[&str], more: &[String]) -> Option<(Server, u16)> {
    let port = free_port();
    let server = Server::start_as("", |folder| {
        let (certificate, key) = authority.issue(names);
        let mut arguments = vec!["--tls-port".to_owned(), port.to_string()];
        for (option, name, pem) in [
            ("--tls-cert-file", "certificate.pem", certificate.pem()),
            ("--tls-key-file", "key.pem", key.serialize_pem()),
            ("--tls-ca-cert-file", "authority.pem", authority.pem.clone()),
        ] {
            let path = folder.path().join(name);
            fs::write(&path, pem).unwrap();
            arguments.extend([option.to_owned(), path.to_str().unwrap().to_owned()]);
        }
        arguments.extend_from_slice(more);
        arguments
    })?;
    Some((server, port))
}

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    der: Vec<u8>,
}

impl Authority {
    fn new() -> Self {
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        // OpenSSL takes who has its issuer's name for its own issuer.
        let name = format!("authority {:?}", Instant::now());
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.self_signed(&key).unwrap();
        Self {
            pem: certificate.pem(),
            der: certificate.der().to_vec(),
            issuer: Issuer::new(parameters, key),
        }
    }

    fn issue(&self, names: &[&str]) -> (rcgen::Certificate, KeyPair) {
        let names: Vec<String> = names.iter().map(|name| (*name).into()).collect();
        let parameters = CertificateParams::new(names).unwrap();
        let key = KeyPair::generate().unwrap();
        (parameters.signed_by(&key, &self.issuer).unwrap(), key)
    }
}
