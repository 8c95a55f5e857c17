//! One acquisition over a network in memory: the library's own work, and a certificate's signature.

use std::error::Error;
use std::hint::black_box;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PSS_SHA256, RsaKeyPair};
use msal::{ClientCredential, blocking};

use crate::support::network::Network;
use crate::support::race::{Race, repeated};
use crate::support::report::{note, row, time};
use crate::support::{
    CLIENT, async_app, authority, blocking_app, certificate, private_key, unlimited,
};

/// Build, parse, keep.
pub(crate) fn secret() -> Result<(), Box<dyn Error>> {
    let (cache, network) = (unlimited(), Network::instant());
    let app = blocking_app(&cache, &network);
    let asynchronous = async_app(&unlimited(), &network);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    let race = Race::run(
        200,
        500,
        [
            &mut repeated(|| {
                let outcome = app.acquire_token_for_client(SCOPE).force_refresh().send();
                assert!(black_box(outcome).is_ok(), "the network answers");
            }),
            &mut |calls| {
                runtime.block_on(async {
                    for _ in 0..calls {
                        let call = asynchronous.acquire_token_for_client(SCOPE);
                        assert!(
                            black_box(call.force_refresh().await).is_ok(),
                            "the network answers"
                        );
                    }
                });
            },
        ],
    );
    for (way, one) in [("blocking", 0), ("async", 1)] {
        let work = format!("acquisition in memory, secret, {way}");
        row(
            &work,
            "≤ 8 µs",
            &time(race.time(one)),
            race.time(one) <= 8e3,
        );
    }
    Ok(())
}

/// Against the same signature by the crypto library alone.
pub(crate) fn certificate_credential() -> Result<(), Box<dyn Error>> {
    let app = blocking::ConfidentialClientApplication::builder(CLIENT)
        .authority(authority())
        .credential(ClientCredential::from_certificate(certificate()?))
        .transport(Network::instant())
        .build()?;
    let key = RsaKeyPair::from_pkcs8(&private_key()?)?;
    let random = SystemRandom::new();
    let input = [b'x'; SIGNED_LENGTH];
    let mut signature = vec![0; key.public_modulus_len()];
    let race = Race::run(
        100,
        10,
        [
            &mut repeated(|| {
                key.sign(&RSA_PSS_SHA256, &random, black_box(&input), &mut signature)
                    .expect("a key of the right size");
                black_box(&signature);
            }),
            &mut repeated(|| {
                let outcome = app.acquire_token_for_client(SCOPE).force_refresh().send();
                assert!(black_box(outcome).is_ok(), "the network answers");
            }),
        ],
    );
    note(
        "a PS256 signature by the crypto library",
        &time(race.time(0)),
    );
    let ratio = race.ratio(1, 0);
    row(
        "acquisition in memory, certificate, PS256, 2048 bits",
        "≤ 1.1 × the signature",
        &format!("{} = {ratio:.2} × the signature", time(race.time(1))),
        ratio <= 1.1,
    );
    Ok(())
}

const SCOPE: [&str; 1] = ["https://graph.microsoft.com/.default"];
/// About that of an assertion.
const SIGNED_LENGTH: usize = 700;
