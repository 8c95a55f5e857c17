use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use socket2::{Domain, Socket, Type};

use super::ListenError;

/// Listens on `port` of 127.0.0.1 and, where there is one, of ::1; on any port that is free on both for 0.
///
/// The standard library's `bind` would set `SO_REUSEADDR`: here a port is ours alone or not to be had. Windows would
/// want `SO_EXCLUSIVEADDRUSE` too, against other programs of the same user; no safe interface has it.
pub(super) fn bind(port: u16) -> Result<(Vec<TcpListener>, u16), ListenError> {
    let mut tries = if port == 0 { TRIES } else { 1 };
    loop {
        tries -= 1;
        match bind_both(port) {
            Ok(bound) => return Ok(bound),
            Err(error) if error.kind() != io::ErrorKind::AddrInUse => {
                return Err(ListenError::Bind {
                    port,
                    source: error,
                });
            }
            // The free port of one address is another's on the other.
            Err(_) if tries > 0 => {}
            Err(source) if port == 0 => return Err(ListenError::Bind { port, source }),
            Err(_) => return Err(ListenError::Busy { port }),
        }
    }
}

fn bind_both(port: u16) -> io::Result<(Vec<TcpListener>, u16)> {
    let v4 = listen((Ipv4Addr::LOCALHOST, port).into())?;
    let port = v4.local_addr()?.port();
    let v6 = listen((Ipv6Addr::LOCALHOST, port).into());
    match v6 {
        Ok(v6) => Ok((vec![v4, v6], port)),
        // Busy, or not to be had by us: then somebody else may be answering there.
        Err(error) if exists(&error) => Err(error),
        Err(_) => Ok((vec![v4], port)),
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Whether the address whose binding failed is there at all.
fn exists(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied
    )
}

const TRIES: u32 = 20;
const BACKLOG: i32 = 128;
