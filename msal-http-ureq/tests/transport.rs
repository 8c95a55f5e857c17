//! The blocking transport keeps the laws of transports.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod laws;

use msal_core::{Error, Transport};
use msal_http_ureq::UreqTransport;

use laws::{Sender, Setup, all_laws};

all_laws!(make);

fn make(setup: Setup) -> Result<Sender, Error> {
    let mut builder = UreqTransport::builder();
    if setup.no_proxy {
        builder = builder.no_proxy();
    }
    if let Some(proxy) = &setup.proxy {
        builder = builder.proxy(proxy);
    }
    for pem in &setup.roots {
        builder = builder.add_root_certificates_pem(pem);
    }
    if let Some(limit) = setup.connect_timeout {
        builder = builder.connect_timeout(limit);
    }
    if let Some(name) = &setup.user_agent {
        builder = builder.user_agent(name);
    }
    if let Some(provider) = setup.provider {
        builder = builder.crypto_provider(provider);
    }
    if let Some(config) = setup.tls {
        builder = builder.tls_config(config);
    }
    let mut debug = format!("{builder:?} {builder:#?}");
    let transport = std::sync::Arc::new(builder.build()?);
    debug += &format!("{transport:?} {transport:#?}");
    let on_terms = std::sync::Arc::clone(&transport);
    Ok(Sender {
        send: Box::new(move |request| transport.send(request)),
        send_on_terms: Box::new(move |request| on_terms.send_on_terms(request)),
        debug,
    })
}
