//! Networks that fail.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use msal_cache::redis::RedisOptions;

use crate::server::Server;

/// Stands before a Redis, and cuts a connection once it let so many bytes of answers through, as often as it is told.
pub(crate) struct Proxy {
    port: u16,
    cuts: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
}

impl Proxy {
    pub(crate) fn before(server: &Server, through: usize) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let proxy = Self {
            port: listener.local_addr().unwrap().port(),
            cuts: Arc::default(),
            connections: Arc::default(),
        };
        let (cuts, connections) = (proxy.cuts.clone(), proxy.connections.clone());
        let port = server.port;
        thread::spawn(move || {
            for client in listener.incoming() {
                connections.fetch_add(1, Ordering::SeqCst);
                let (client, cuts) = (client.unwrap(), cuts.clone());
                let server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
                let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                thread::spawn(move || pass(from, to, None));
                thread::spawn(move || pass(server, client, Some((through, cuts))));
            }
        });
        proxy
    }

    /// Cuts the next connections, so many of them, once they have let their bytes through.
    pub(crate) fn cut(&self, times: usize) {
        self.cuts.store(times, Ordering::SeqCst);
    }

    /// How many there were so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn options(&self) -> RedisOptions {
        RedisOptions::new(format!("redis://127.0.0.1:{}", self.port)).unwrap()
    }
}

/// Copies until the end. With a limit, ends in the middle of the first piece of answers that is longer, if there are
/// cuts left.
fn pass(mut from: TcpStream, mut to: TcpStream, limit: Option<(usize, Arc<AtomicUsize>)>) {
    let mut piece = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut piece) {
        if let Some((through, cuts)) = &limit {
            let left = |left: usize| left.checked_sub(1);
            let is_cut = cuts
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, left)
                .is_ok();
            if is_cut {
                let _ = to.write_all(&piece[..length.min(*through)]);
                break;
            }
        }
        if to.write_all(&piece[..length]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

/// A server that takes connections and does this with each; its URL.
pub(crate) fn impostor(does: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let does = Arc::new(does);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, does) = (stream.unwrap(), does.clone());
            thread::spawn(move || does(stream));
        }
    });
    format!("redis://127.0.0.1:{port}")
}
