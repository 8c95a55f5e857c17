//! Whom to trust as the server.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use msal_core::TransportErrorKind::{Refused, Tls};
use msal_core::{ErrorKind, Thumbprint};
use msal_testing::{Fault, LocalIdentityProvider, ServerCertificate};
use rustls::RootCertStore;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::child;
use super::setup::{Make, Setup, get, pinned, post, post_with, start, token_url};

pub(crate) fn certificates_that_prove_nothing_are_refused(make: Make) {
    let provider = start();
    for kind in BAD {
        provider.present(kind);
        let sender = make(Setup::trusting(&provider)).unwrap();
        let error = sender.send(post(&token_url(&provider))).unwrap_err();
        assert_eq!(error.kind(), Tls, "{kind:?}: {error:?}");
        assert!(!error.may_have_been_sent());
        assert!(!error.is_retryable());
    }
    let others = start();
    let sender = make(Setup::trusting(&others)).unwrap();
    provider.present(ServerCertificate::Valid);
    assert_eq!(sender.fail(post(&token_url(&provider))), Tls);
    assert!(provider.journal().is_empty());
}

pub(crate) fn old_tls_is_refused(make: Make) {
    let provider = start();
    let pin = Thumbprint::Sha256(provider.client_certificate().thumbprint().sha256);
    for (version, accepted) in [
        ("-tls1", false),
        ("-tls1_1", false),
        ("-tls1_2", true),
        ("-tls1_3", true),
    ] {
        let server = OpenSsl::start(&provider, version);
        let sender = make(Setup::trusting(&provider)).unwrap();
        let url = format!("https://127.0.0.1:{}/", server.port);
        let mut request = get(&url);
        request.extensions_mut().insert(pinned(pin));
        match sender.send_on_terms(request) {
            Ok(response) => {
                assert!(accepted, "{version}");
                assert_eq!(response.status(), 200);
            }
            Err(error) => {
                assert!(!accepted, "{version}: {error:?}");
                assert_eq!(error.kind(), Tls, "{version}: {error:?}");
            }
        }
    }
}

pub(crate) fn a_server_without_tls_is_refused(make: Make) {
    let provider = start();
    let sender = make(Setup::trusting(&provider)).unwrap();
    provider.script_connection(Fault::raw("HTTP/1.1 400 Bad Request\r\n\r\n"));
    assert_eq!(sender.fail(post(&token_url(&provider))), Tls);
}

pub(crate) fn a_pin_accepts_its_leaf_and_no_other(make: Make) {
    let provider = start();
    let url = format!("https://127.0.0.1:{}/token", provider.port());
    let sender = make(Setup {
        no_proxy: true,
        ..Setup::default()
    })
    .unwrap();
    let trusting = make(Setup::trusting(&provider)).unwrap();
    for kind in BAD.into_iter().chain([ServerCertificate::Valid]) {
        provider.present(kind);
        provider.clear_journal();
        let right = provider.thumbprint("127.0.0.1").unwrap();
        let (mut sha1, mut sha256) = (right.sha1, right.sha256);
        sha1[19] ^= 1;
        sha256[31] ^= 1;
        for wrong in [Thumbprint::Sha1(sha1), Thumbprint::Sha256(sha256)] {
            // The second trusts the authority: a good signature is no substitute.
            for sender in [&sender, &trusting] {
                let error = sender
                    .send_on_terms(post_with(&url, pinned(wrong)))
                    .unwrap_err();
                assert_eq!(error.kind(), Tls, "{kind:?}: {error:?}");
                let text = format!("{error:?}");
                assert!(text.contains("NotThePinnedLeaf"), "{text}");
            }
        }
        assert!(provider.journal().is_empty(), "{kind:?}");
        for pin in [
            Thumbprint::Sha1(right.sha1),
            Thumbprint::Sha256(right.sha256),
        ] {
            provider.script(Fault::json(200, "{}"));
            sender
                .send_on_terms(post_with(&url, pinned(pin)))
                .unwrap_or_else(|error| panic!("{kind:?}: {error:?}"));
        }
        assert_eq!(provider.journal().len(), 2);
    }
}

pub(crate) fn a_pin_needs_tls(make: Make) {
    let provider = start();
    let sender = make(Setup::trusting(&provider)).unwrap();
    let request = post_with(&provider.plain_url(), pinned(Thumbprint::Sha1([0; 20])));
    let error = sender.send_on_terms(request).unwrap_err();
    assert_eq!(error.kind(), Refused);
    assert_eq!(provider.connections(), 0);
}

pub(crate) fn pinned_and_ordinary_connections_are_kept_apart(make: Make) {
    let provider = start();
    provider.script(Fault::json(200, "{}").forever());
    let url = token_url(&provider);
    let right = Thumbprint::Sha256(provider.thumbprint("localhost").unwrap().sha256);
    let sender = make(Setup::trusting(&provider)).unwrap();
    sender.send(post(&url)).unwrap();
    // An ordinary connection is open, which must not serve whoever demands more.
    let wrong = Thumbprint::Sha256([7; 32]);
    let error = sender.send_on_terms(post_with(&url, pinned(wrong)));
    assert_eq!(error.unwrap_err().kind(), Tls);
    for _ in 0..3 {
        let request = post_with(&format!("{url}?pinned"), pinned(right));
        sender.send_on_terms(request).unwrap();
        sender.send(post(&url)).unwrap();
    }
    let connections = |query: Option<&str>| {
        let journal = provider.journal();
        journal
            .iter()
            .filter(|request| request.query.as_deref() == query)
            .map(|request| request.connection)
            .collect::<BTreeSet<_>>()
    };
    assert!(connections(None).is_disjoint(&connections(Some("pinned"))));

    // And the other way: a pinned connection to whom nobody vouches for.
    let provider = start();
    provider.present(ServerCertificate::SelfSigned);
    provider.script(Fault::json(200, "{}").forever());
    let url = token_url(&provider);
    let pin = Thumbprint::Sha256(provider.thumbprint("localhost").unwrap().sha256);
    let sender = make(Setup::trusting(&provider)).unwrap();
    sender.send_on_terms(post_with(&url, pinned(pin))).unwrap();
    assert_eq!(sender.fail(post(&url)), Tls);
}

pub(crate) fn the_platforms_roots_are_trusted(make: Make) {
    if let Some(url) = child::argument() {
        let sender = make(Setup {
            no_proxy: true,
            ..Setup::default()
        })
        .unwrap();
        assert_eq!(sender.send(post(&url)).unwrap().body(), "{}");
        return;
    }
    if !cfg!(target_os = "linux") {
        return;
    }
    let provider = start();
    provider.script(Fault::json(200, "{}"));
    child::run(
        "the_platforms_roots_are_trusted",
        &token_url(&provider),
        &[("SSL_CERT_FILE", provider.ca_file().to_str().unwrap())],
    );
    assert_eq!(provider.journal().len(), 1);
}

pub(crate) fn without_any_roots_tls_says_why_and_the_rest_works(make: Make) {
    if let Some(argument) = child::argument() {
        let [tls, plain, ca] = argument.split(' ').collect::<Vec<_>>()[..] else {
            panic!("three arguments");
        };
        let setup = Setup {
            no_proxy: true,
            ..Setup::default()
        };
        let sender = make(setup.clone()).unwrap();
        let error = sender.send(post(tls)).unwrap_err();
        assert_eq!(error.kind(), Tls);
        let text = format!("{error:?}");
        assert!(text.contains("NoRoots"), "{text}");
        sender.send(get(plain)).unwrap();

        let setup = Setup {
            roots: vec![std::fs::read_to_string(ca).unwrap()],
            ..setup
        };
        make(setup).unwrap().send(post(tls)).unwrap();
        return;
    }
    if !cfg!(target_os = "linux") {
        return;
    }
    let provider = start();
    provider.script(Fault::json(200, "{}").forever());
    let (tls, plain) = (token_url(&provider), provider.plain_url());
    let ca = provider.ca_file().to_str().unwrap();
    child::run(
        "without_any_roots_tls_says_why_and_the_rest_works",
        &format!("{tls} {plain} {ca}"),
        &[
            ("SSL_CERT_FILE", "/nonexistent"),
            ("SSL_CERT_DIR", "/nonexistent"),
        ],
    );
    assert_eq!(provider.journal().len(), 2);
}

pub(crate) fn bad_root_certificates_are_refused(make: Make) {
    let not_a_certificate =
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned();
    let provider = start();
    let key = provider.client_certificate().private_key_pem().to_owned();
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA".to_owned();
    for pem in [String::new(), not_a_certificate, key, broken] {
        let setup = Setup {
            roots: vec![pem.clone()],
            ..Setup::default()
        };
        let error = make(setup).err().expect(&pem);
        let kind = ErrorKind::InvalidArgument("root certificates");
        assert_eq!(error.kind(), &kind, "{pem}");
    }
}

pub(crate) fn a_crypto_provider_of_ones_own_is_used_and_none_is_installed(make: Make) {
    let provider = start();
    provider.script(Fault::json(200, "{}").forever());
    // It can sign nothing that the server accepts: without suites in common, there is no handshake.
    let crippled = CryptoProvider {
        kx_groups: vec![aws_lc_rs::kx_group::SECP384R1],
        cipher_suites: vec![aws_lc_rs::cipher_suite::TLS13_CHACHA20_POLY1305_SHA256],
        ..aws_lc_rs::default_provider()
    };
    let setup = Setup {
        provider: Some(Arc::new(crippled)),
        ..Setup::trusting(&provider)
    };
    make(setup.clone())
        .unwrap()
        .send(post(&token_url(&provider)))
        .unwrap();

    // TLS 1.2 only, with a suite of TLS 1.3 only: what was given is what is used.
    let server = OpenSsl::start(&provider, "-tls1_2");
    let pin = Thumbprint::Sha256(provider.client_certificate().thumbprint().sha256);
    let mut request = get(&format!("https://127.0.0.1:{}/", server.port));
    request.extensions_mut().insert(pinned(pin));
    let error = make(setup).unwrap().send_on_terms(request).unwrap_err();
    assert_eq!(error.kind(), Tls, "{error:?}");
    assert!(CryptoProvider::get_default().is_none());
}

pub(crate) fn a_tls_configuration_of_ones_own_is_used(make: Make) {
    let provider = start();
    provider.script(Fault::json(200, "{}").forever());
    let config = |roots: RootCertStore| {
        rustls::ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth()
    };
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(provider.ca_pem().as_bytes()).unwrap())
        .unwrap();
    let setup = |roots| Setup {
        no_proxy: true,
        tls: Some(config(roots)),
        ..Setup::default()
    };
    let url = token_url(&provider);
    let sender = make(setup(roots.clone())).unwrap();
    sender.send(post(&url)).unwrap();
    let wrong = pinned(Thumbprint::Sha1([1; 20]));
    let error = sender.send_on_terms(post_with(&url, wrong)).unwrap_err();
    assert_eq!(error.kind(), Tls);
    let nobody = make(setup(RootCertStore::empty())).unwrap();
    assert_eq!(nobody.fail(post(&url)), Tls);

    let contradiction = Setup {
        roots: vec![provider.ca_pem().to_owned()],
        ..setup(roots)
    };
    let error = make(contradiction).err().unwrap();
    assert_eq!(
        error.kind(),
        &ErrorKind::InvalidArgument("root certificates")
    );
}

/// A server that speaks one version of TLS.
struct OpenSsl {
    process: Child,
    port: u16,
}

impl OpenSsl {
    fn start(provider: &LocalIdentityProvider, version: &str) -> Self {
        let mut process = Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", "-www", version])
            .args(["-cipher", "ALL:@SECLEVEL=0"])
            .arg("-cert")
            .arg(provider.client_certificate_file())
            .arg("-key")
            .arg(provider.client_key_file())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the `openssl` command, which `tests/run` installs");
        let output = BufReader::new(process.stdout.take().unwrap());
        let port = output
            .lines()
            .map_while(Result::ok)
            .find_map(|line| {
                let address = line.strip_prefix("ACCEPT ")?;
                address.rsplit_once(':')?.1.parse().ok()
            })
            .expect("its port");
        Self { process, port }
    }
}

impl Drop for OpenSsl {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const BAD: [ServerCertificate; 5] = [
    ServerCertificate::Expired,
    ServerCertificate::NotYetValid,
    ServerCertificate::SelfSigned,
    ServerCertificate::UnknownAuthority,
    ServerCertificate::WrongName,
];
