//! Finds the addresses of a name, within a time limit.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;

use http::Uri;
use ureq::config::Config;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectionDetails, NextTimeout};

use msal_core::TransportError;

use crate::deadline::Deadline;

/// Finds nothing: the agent asks before it looks for an open connection, the connector only when it needs a new one.
#[derive(Debug)]
pub(crate) struct NotYet;

impl Resolver for NotYet {
    fn resolve(
        &self,
        _uri: &Uri,
        _config: &Config,
        _timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}

/// The addresses of `server`, at least one.
pub(crate) fn resolve(
    server: &Uri,
    details: &ConnectionDetails<'_>,
    deadline: &Deadline,
) -> Result<ResolvedSocketAddrs, TransportError> {
    let host = server.host().unwrap_or_default();
    let port = server
        .port_u16()
        .unwrap_or_else(|| match server.scheme_str() {
            Some("http") => 80,
            _ => 443,
        });
    let found = addresses(host, port, deadline)?;
    let mut addrs = details.resolver.empty();
    let family = details.config.ip_family();
    for addr in family.keep_wanted(found.into_iter()).take(MAX_ADDRS) {
        addrs.push(addr);
    }
    if addrs.is_empty() {
        return Err(TransportError::connect(NoAddress));
    }
    Ok(addrs)
}

fn addresses(
    host: &str,
    port: u16,
    deadline: &Deadline,
) -> Result<Vec<SocketAddr>, TransportError> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    // RFC 6761 section 6.3: never a name server's to say.
    if host.eq_ignore_ascii_case("localhost") {
        let loopback = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        return Ok(loopback
            .map(|ip: IpAddr| SocketAddr::new(ip, port))
            .to_vec());
    }
    look_up(host.to_owned(), port, deadline)
}

/// Asks the system on a thread of its own, since it cannot be told when to stop. The thread ends when the system does.
fn look_up(
    host: String,
    port: u16,
    deadline: &Deadline,
) -> Result<Vec<SocketAddr>, TransportError> {
    let Some(left) = deadline.time_left()? else {
        return system(&host, port).map_err(TransportError::connect);
    };
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::Builder::new()
        .name("msal name look-up".to_owned())
        .spawn(move || sender.send(system(&host, port)).ok())
        .map_err(TransportError::connect)?;
    match receiver.recv_timeout(left) {
        Ok(found) => found.map_err(TransportError::connect),
        Err(_) => Err(Deadline::passed()),
    }
}

fn system(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok((host, port).to_socket_addrs()?.collect())
}

#[derive(Debug, thiserror::Error)]
#[error("the host has no address of a family that is allowed")]
struct NoAddress;

// As many as `ResolvedSocketAddrs` holds.
const MAX_ADDRS: usize = 16;
