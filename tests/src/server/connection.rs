use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::rustls::server::Acceptor;

use super::accepted::{Accepted, ResetSwitch};
use super::exchange::{Sabotage, exchange};
use super::wire::play;
use crate::context::Context;
use crate::fault::Effect;

/// What is known about a connection before its first request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    pub(crate) connection: u64,
    pub(crate) connect_target: Option<String>,
    pub(crate) tls: bool,
    pub(crate) server_name: Option<String>,
    pub(crate) reset: ResetSwitch,
}

/// Serves a connection from its first byte.
pub(crate) async fn serve_tcp(context: Arc<Context>, stream: TcpStream) {
    // Without it, small answers wait for the client's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let origin = Origin {
        connection: context.count_connection(),
        ..Origin::default()
    };
    let stream = Accepted::new(stream, origin.reset.clone());
    if let Some((delay, effect)) = context.connection_faults.take_any() {
        if let Some(delay) = delay {
            tokio::time::sleep(delay).await;
        }
        if let Effect::Wire(steps) = effect {
            return play(stream, steps, &origin.reset).await;
        }
    }
    serve(context, stream, origin).await;
}

/// Serves a stream that carries TLS or plain HTTP, as its first byte says.
pub(crate) fn serve<S>(
    context: Arc<Context>,
    stream: S,
    origin: Origin,
) -> Pin<Box<dyn Future<Output = ()> + Send>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    Box::pin(async move {
        let mut stream = BufReader::new(stream);
        let first = match stream.fill_buf().await {
            Ok(bytes) => bytes.first().copied(),
            Err(_) => return,
        };
        match first {
            None => {}
            Some(TLS_HANDSHAKE) => {
                // A handshake that fails is the client's to report.
                let _ = serve_tls(context, stream, origin).await;
            }
            Some(_) => serve_http(context, stream, origin).await,
        }
    })
}

async fn serve_tls<S>(context: Arc<Context>, stream: S, mut origin: Origin) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let hello = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
    origin.tls = true;
    origin.server_name = hello.client_hello().server_name().map(str::to_owned);
    // RFC 6066 section 3: no name is sent for an address.
    let target = origin.connect_target.as_deref().and_then(host_of_target);
    let host = origin
        .server_name
        .as_deref()
        .or(target)
        .unwrap_or("127.0.0.1");
    let config = context.tls.config(host)?;
    let stream = hello.into_stream(config).await?;
    serve_http(context, stream, origin).await;
    Ok(())
}

async fn serve_http<S>(context: Arc<Context>, stream: S, origin: Origin)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let reset = origin.reset.clone();
    let service = service_fn(|request| exchange(Arc::clone(&context), origin.clone(), request));
    let mut connection = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    // What a client sends in bad form, hyper has answered.
    let Err(error) = (&mut connection).await else {
        return;
    };
    let Some(Sabotage(steps)) = Sabotage::of(&error) else {
        return;
    };
    if let Some(parts) = connection.into_parts() {
        play(parts.io.into_inner(), steps, &reset).await;
    }
}

/// The host of `host:port`, without the brackets of an IPv6 address.
fn host_of_target(target: &str) -> Option<&str> {
    let (host, _port) = target.rsplit_once(':')?;
    Some(host.trim_start_matches('[').trim_end_matches(']'))
}

/// RFC 8446 section 5.1: the type of a handshake record, which opens every TLS connection.
const TLS_HANDSHAKE: u8 = 0x16;
