use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use socket2::SockRef;

use super::ListenError;
use super::reception::{Event, Reception};

/// A thread for each listening socket, all of which have ended, and the sockets with them, when this is dropped.
pub(super) struct Acceptors {
    reception: Arc<Reception>,
    threads: Vec<JoinHandle<()>>,
}

impl Acceptors {
    pub(super) fn start(reception: &Arc<Reception>) -> Result<Self, ListenError> {
        let mut acceptors = Self {
            reception: reception.clone(),
            threads: Vec::new(),
        };
        for socket in reception.sockets() {
            let theirs = reception.clone();
            let thread = Builder::new()
                .name("msal-loopback".to_owned())
                .spawn(move || accept_all(&socket, &theirs))
                .map_err(ListenError::Io)?;
            acceptors.threads.push(thread);
        }
        Ok(acceptors)
    }
}

impl Drop for Acceptors {
    fn drop(&mut self) {
        self.reception.close();
        for thread in self.threads.drain(..) {
            // It panics at nothing; if it did, its socket is closed all the same.
            let _ = thread.join();
        }
    }
}

fn accept_all(socket: &TcpListener, reception: &Arc<Reception>) {
    let mut failures = 0;
    loop {
        let accepted = socket.accept();
        if reception.is_over() {
            return;
        }
        match accepted {
            Ok((stream, peer)) => {
                failures = 0;
                if peer.ip().is_loopback() {
                    Reception::welcome(reception, stream);
                }
            }
            // That connection's misfortune, not ours.
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) if failures == MAX_FAILURES => {
                reception.tell(Event::Broken(error));
                return;
            }
            // No file descriptor left, most likely: one may come free.
            Err(_) => {
                failures += 1;
                reception.pause(PAUSE);
            }
        }
    }
}

/// Ends listening, and wakes the thread that accepts, though it may hold the socket for a moment more.
pub(super) fn shut(socket: &TcpListener) {
    let is_shut = SockRef::from(socket).shutdown(Shutdown::Both).is_ok();
    // Elsewhere a socket that only listens cannot be shut down: a connection wakes its thread.
    if !(is_shut && cfg!(target_os = "linux"))
        && let Ok(address) = socket.local_addr()
    {
        let _ = TcpStream::connect_timeout(&address, PAUSE);
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

const MAX_FAILURES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(50);
