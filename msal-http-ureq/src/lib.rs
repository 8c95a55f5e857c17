//! Blocking transport over ureq for the Microsoft Authentication Library for Rust.
//!
//! The default of `msal::blocking`. A program meets this crate only to set something: a proxy, a root certificate, a
//! configuration of its own.
//!
//! ```no_run
//! use msal_http_ureq::UreqTransport;
//!
//! let transport = UreqTransport::builder()
//!     .proxy("http://user:password@proxy.contoso.com:8080")
//!     .add_root_certificates_pem(std::fs::read("company-ca.pem")?)
//!     .build()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Without settings it uses the platform's trust store, and the proxy that `HTTPS_PROXY`, `HTTP_PROXY` or `ALL_PROXY` name
//! (both cases), except for the hosts, domains and networks of `NO_PROXY`. It speaks TLS 1.2 and newer, over rustls with
//! aws-lc-rs, and HTTP/1.1. Through a proxy, plain `http` URLs take a tunnel as `https` ones do.
//!
//! It sends each request once: no redirect is followed, nothing is sent again, nothing is decompressed. A request whose
//! pooled connection is found closed before it was begun takes another connection.
//!
//! Nothing that it returns or shows holds a header's value, a body or a URL's query.
//!
//! **Logs:** `ureq` writes to the `log` crate. Up to level `DEBUG` nothing of that is secret. At level `TRACE` it shows
//! where redirects lead, and its crate `ureq_proto` writes down the headers that it sends and all that it receives, tokens
//! included; neither can be told not to: keep both at `DEBUG` (`RUST_LOG=trace,ureq=debug`). A warning is logged where
//! `ureq_proto` is not.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod body;
mod builder;
mod clients;
mod collected;
mod connector;
mod deadline;
mod environment;
mod failure;
mod proxy;
mod resolve;
mod route;
mod stream;
mod tls;
mod transport;
mod tunnel;

pub use builder::UreqTransportBuilder;
pub use transport::UreqTransport;
