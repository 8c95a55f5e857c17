use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use bytes::Bytes;
use http::header::{DATE, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION};
use http::request::Parts;
use http::uri::Authority;
use http::{Method, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;

use super::connection::{Origin, serve};
use crate::context::Context;
use crate::fault::Effect;
use crate::reply::Reply;
use crate::routes::{Route, route};
use crate::{Endpoint, Request, Via, Wire, control};

/// What makes hyper give the connection back, so that a fault can write to it.
#[derive(Clone, Debug)]
pub(crate) struct Sabotage(pub(crate) Vec<Wire>);

/// Answers one request: into the journal, past the gate, a fault or the endpoint's answer.
pub(crate) async fn exchange(
    context: Arc<Context>,
    origin: Origin,
    request: http::Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Sabotage> {
    let (mut parts, body) = request.into_parts();
    let upgrade = (parts.method == Method::CONNECT)
        .then(|| parts.extensions.remove())
        .flatten();
    let body = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => {
            return Ok(respond(Reply::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "the body is too large",
            )));
        }
    };
    let (request, route) = arrive(&context, &origin, parts, body);
    if request.endpoint != Endpoint::Control {
        context.journal.record(Arc::clone(&request));
        context.gates.pass(request.endpoint).await;
        let latency = context.latency();
        if !latency.is_zero() && request.endpoint != Endpoint::Connect {
            tokio::time::sleep(latency).await;
        }
        if let Some((delay, effect)) = context.faults.take(&request) {
            if let Some(delay) = delay {
                tokio::time::sleep(delay).await;
            }
            match effect {
                Effect::Answer => {}
                Effect::Reply(reply) => return Ok(finish(&context, &request, reply)),
                Effect::Wire(steps) => return Err(Sabotage(steps)),
            }
        }
    }
    if let Some(refusal) = refuse_proxy_client(&context, &request) {
        return Ok(finish(&context, &request, refusal));
    }
    if let Some(upgrade) = upgrade {
        tokio::spawn(tunnel(
            Arc::clone(&context),
            origin,
            request.authority(),
            upgrade,
        ));
    }
    let waiting = if request.endpoint == Endpoint::Control {
        control::answer_waiting(Arc::clone(&context), &request).await
    } else {
        None
    };
    let reply = waiting.unwrap_or_else(|| (route.answer)(&context, &request, &route.realm));
    Ok(finish(&context, &request, reply))
}

impl Sabotage {
    pub(crate) fn of(error: &hyper::Error) -> Option<Self> {
        error.source()?.downcast_ref().cloned()
    }
}

impl fmt::Display for Sabotage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a scripted fault takes the connection")
    }
}

impl Error for Sabotage {}

fn arrive(context: &Context, origin: &Origin, parts: Parts, body: Bytes) -> (Arc<Request>, Route) {
    let written = parts
        .headers
        .get(HOST)
        .and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
    let authority = parts.uri.authority().cloned().or(written);
    let via = match (&origin.connect_target, parts.uri.scheme()) {
        (_, Some(_)) => Via::Forward,
        (Some(_), None) => Via::Connect,
        (None, None) => Via::Direct,
    };
    let host = authority.as_ref().map_or("", Authority::host);
    let mut request = Request {
        endpoint: Endpoint::Unknown,
        via,
        tls: origin.tls,
        server_name: origin.server_name.clone(),
        connect_target: origin.connect_target.clone(),
        host: host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_ascii_lowercase(),
        port: authority.as_ref().and_then(Authority::port_u16),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().map(str::to_owned),
        method: parts.method,
        headers: parts.headers,
        body,
        received: context.clock.now(),
        connection: origin.connection,
        answered: AtomicU16::new(0),
    };
    let route = route(context, &request);
    request.endpoint = route.endpoint;
    (Arc::new(request), route)
}

/// Lets through who gives the proxy's user name and password, where it has any.
fn refuse_proxy_client(context: &Context, request: &Request) -> Option<Reply> {
    let wanted = context.settings.proxy_authorization.as_deref()?;
    let is_proxy_request = request.endpoint == Endpoint::Connect || request.via == Via::Forward;
    if !is_proxy_request || request.header(PROXY_AUTHORIZATION.as_str()) == Some(wanted) {
        return None;
    }
    let mut reply = Reply::new(StatusCode::PROXY_AUTHENTICATION_REQUIRED, Bytes::new());
    reply.set(
        PROXY_AUTHENTICATE.as_str(),
        "Basic realm=\"local identity provider\"",
    );
    Some(reply)
}

async fn tunnel(
    context: Arc<Context>,
    origin: Origin,
    target: String,
    upgrade: hyper::upgrade::OnUpgrade,
) {
    // A client that goes before the tunnel stands has nothing to be told.
    let Ok(upgraded) = upgrade.await else { return };
    let origin = Origin {
        connect_target: Some(target),
        tls: false,
        server_name: None,
        ..origin
    };
    serve(context, TokioIo::new(upgraded), origin).await;
}

fn finish(context: &Context, request: &Request, mut reply: Reply) -> Response<Full<Bytes>> {
    if let Some(date) = context.clock.date_header() {
        reply.set(DATE.as_str(), &date);
    }
    request
        .answered
        .store(reply.status.as_u16(), Ordering::Release);
    respond(reply)
}

fn respond(reply: Reply) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(reply.body));
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    response
}

/// Far above any request that the endpoints take.
const MAX_BODY: usize = 16 * 1024 * 1024;
