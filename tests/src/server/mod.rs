//! The listener: one port that takes TLS, plain HTTP, tunnels and forwarded requests.

mod accepted;
mod connection;
mod exchange;
mod wire;

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::context::Context;

/// Accepts connections until told to stop, then drops all that are open.
pub(crate) async fn serve(
    context: Arc<Context>,
    listener: TcpListener,
    mut stop: oneshot::Receiver<()>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection::serve_tcp(Arc::clone(&context), stream));
                }
                // Out of file descriptors, or a client that went at once: give others time to end.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
            },
            _ = connections.join_next(), if !connections.is_empty() => {}
            _ = &mut stop => return,
        }
    }
}
