//! The async transport keeps the laws of transports.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../msal-http-ureq/tests/laws/mod.rs"]
mod laws;

use std::sync::Arc;

use msal_core::{AsyncTransport, Error};
use msal_http_reqwest::ReqwestTransport;

use laws::{Sender, Setup, all_laws};

all_laws!(make);

fn make(setup: Setup) -> Result<Sender, Error> {
    let mut builder = ReqwestTransport::builder();
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
    let transport = Arc::new(builder.build()?);
    debug += &format!("{transport:?} {transport:#?}");
    let on_terms = Arc::clone(&transport);
    let runtime = Arc::new(tokio::runtime::Runtime::new().unwrap());
    let same = Arc::clone(&runtime);
    Ok(Sender {
        send: Box::new(move |request| runtime.block_on(transport.send(request))),
        send_on_terms: Box::new(move |request| same.block_on(on_terms.send_on_terms(request))),
        debug,
    })
}
