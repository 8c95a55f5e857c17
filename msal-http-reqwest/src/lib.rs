//! Async transport over reqwest for the Microsoft Authentication Library for Rust.
//!
//! The library's default on tokio. A program meets this crate only to set something: a proxy, a root certificate, a
//! client of its own.
//!
//! ```no_run
//! use msal_http_reqwest::ReqwestTransport;
//!
//! let transport = ReqwestTransport::builder()
//!     .proxy("http://user:password@proxy.contoso.com:8080")
//!     .add_root_certificates_pem(std::fs::read("company-ca.pem")?)
//!     .build()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Without settings it uses the platform's trust store, and the proxy that `HTTPS_PROXY`, `HTTP_PROXY` or `ALL_PROXY` name
//! (both cases), except for the hosts, domains and networks of `NO_PROXY`. It speaks TLS 1.2 and newer, over rustls with
//! aws-lc-rs, and HTTP/1.1.
//!
//! It sends each request once: no redirect is followed, nothing is sent again, nothing is decompressed. A request whose
//! pooled connection is found closed before it was begun takes another connection.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod begun;
mod body;
mod builder;
mod clients;
mod collected;
mod failure;
mod proxy;
mod tls;
mod transport;

pub use builder::ReqwestTransportBuilder;
pub use transport::ReqwestTransport;
