//! `/.control/`: the journal, faults, the clock and users for tests that are not written in Rust. Off unless
//! asked for.

mod federation;
mod users;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::context::Context;
use crate::realm::Realm;
use crate::reply::Reply;
use crate::{Endpoint, Fault, Request, Via};

pub(crate) const PREFIX: &str = "/.control/";

/// - `GET /.control/journal` lists the requests, `DELETE` empties it.
/// - `POST /.control/fault` scripts a fault, `DELETE` forgets all.
/// - `POST /.control/clock` with `{"offset": seconds}` sets the clock.
/// - `POST /.control/settings` with any of `lifetime`, `refresh_in` (seconds or null),
///   `rotating_refresh_tokens`, `strict_polling`, `region` changes them.
/// - `POST /.control/revoke` with `{"username"}` ends the user's sessions and refresh tokens.
/// - `POST /.control/password` with `{"username", "password"}` gives the user a new password, and revokes.
/// - `POST /.control/demand` with `{"resource", "claims"}` demands claims (an object) for a resource, or none (null).
/// - `POST /.control/federated-domain` with `{"name", "host"}`, and perhaps `ws_trust` (any of `13` and `2005`), `saml`
///   (`1.1` or `2.0`) and `metadata` (whether its description has a URL), registers a federated domain.
/// - `POST /.control/sign-in` and `/.control/device` walk the pages: see [`answer_waiting`].
pub(crate) fn answer(context: &Context, request: &Request, _: &Realm) -> Reply {
    let name = request.path.strip_prefix(PREFIX).unwrap_or_default();
    match (&request.method, name) {
        (&Method::GET, "journal") => {
            let entries: Vec<Value> = context
                .journal
                .requests()
                .iter()
                .map(|request| entry(request))
                .collect();
            Reply::json(StatusCode::OK, &json!(entries))
        }
        (&Method::DELETE, "journal") => {
            context.journal.clear();
            done()
        }
        (&Method::POST, "fault") => match read_fault(request) {
            Ok(fault) => {
                context.faults.push(fault);
                done()
            }
            Err(error) => refuse(StatusCode::BAD_REQUEST, &error),
        },
        (&Method::DELETE, "fault") => {
            context.faults.clear();
            done()
        }
        (&Method::POST, "clock") => {
            let body: Option<Value> = serde_json::from_slice(&request.body).ok();
            match body.and_then(|body| body.get("offset")?.as_i64()) {
                Some(offset) => {
                    context.clock.set_offset(offset);
                    done()
                }
                None => refuse(StatusCode::BAD_REQUEST, "give {\"offset\": seconds}"),
            }
        }
        (&Method::POST, "federated-domain") => federation::answer(context, &request.body),
        (&Method::POST, name) => users::answer(context, name, &request.body)
            .unwrap_or_else(|| refuse(StatusCode::NOT_FOUND, NAMES)),
        _ => refuse(StatusCode::NOT_FOUND, NAMES),
    }
}

/// Answers what takes a browser, off the threads that serve:
///
/// - `POST /.control/sign-in` with `{"url", "username"}`, and perhaps `password`, `mfa`, `consent` (a boolean), and
///   `session` (any text: sign-ins with the same one share their cookies), gives
///   `{"redirect_uri", "method", "location", "body", "parameters"}`.
/// - `POST /.control/device` with `{"user_code", "username"}`, and perhaps `password`, `mfa`, and `decision`
///   (`approve` or `decline`).
pub(crate) async fn answer_waiting(context: Arc<Context>, request: &Request) -> Option<Reply> {
    let name = request.path.strip_prefix(PREFIX)?.to_owned();
    if request.method != Method::POST || !matches!(name.as_str(), "device" | "sign-in") {
        return None;
    }
    let body = request.body.clone();
    let walk = tokio::task::spawn_blocking(move || users::walk(&context, &name, &body));
    Some(
        walk.await.unwrap_or_else(|_panic| {
            refuse(StatusCode::INTERNAL_SERVER_ERROR, "the browser panicked")
        }),
    )
}

fn entry(request: &Request) -> Value {
    let headers: Vec<Value> = request
        .headers
        .iter()
        .map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]))
        .collect();
    json!({
        "method": request.method.as_str(),
        "endpoint": request.endpoint.name(),
        "via": match request.via { Via::Connect => "connect", Via::Direct => "direct", Via::Forward => "forward" },
        "tls": request.tls,
        "server_name": request.server_name,
        "connect_target": request.connect_target,
        "host": request.host,
        "port": request.port,
        "path": request.path,
        "query": request.query,
        "headers": headers,
        "form": request.form(),
        "body_base64": STANDARD.encode(&request.body),
        "received_unix": request.received.unix_timestamp(),
        "connection": request.connection,
        "status": request.status(),
    })
}

/// `kind` is one of close, hang, reset, truncated, status (the default, with `status`, `headers`, `body`);
/// `endpoint`, `host`, `times` and `delay_ms` may stand beside it.
fn read_fault(request: &Request) -> Result<Fault, String> {
    let body: Value = serde_json::from_slice(&request.body)
        .map_err(|error| format!("the body is not JSON: {error}"))?;
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let number = |name: &str| body.get(name).and_then(Value::as_u64);
    let mut fault = match text("kind").unwrap_or("status") {
        "close" => Fault::close(),
        "hang" => Fault::hang(),
        "reset" => Fault::reset(),
        "truncated" => Fault::truncated(),
        "delay" => Fault::delay(Duration::ZERO),
        "status" => {
            let status = number("status")
                .and_then(|status| u16::try_from(status).ok())
                .ok_or("give a status")?;
            Fault::status(status).body(text("body").unwrap_or_default().to_owned())
        }
        other => return Err(format!("there is no fault of kind '{other}'")),
    };
    for (name, value) in body
        .get("headers")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        fault = fault.header(name, value.as_str().ok_or("headers are strings")?);
    }
    if let Some(name) = text("endpoint") {
        fault = fault
            .on(Endpoint::from_name(name)
                .ok_or_else(|| format!("there is no endpoint '{name}'"))?);
    }
    if let Some(host) = text("host") {
        fault = fault.on_host(host);
    }
    if let Some(times) = number("times") {
        fault = fault.times(usize::try_from(times).unwrap_or(usize::MAX));
    }
    if let Some(delay) = number("delay_ms") {
        fault = fault.after(Duration::from_millis(delay));
    }
    Ok(fault)
}

fn done() -> Reply {
    Reply::new(StatusCode::NO_CONTENT, "")
}

fn refuse(status: StatusCode, error: &str) -> Reply {
    Reply::json(status, &json!({ "error": error }))
}

const NAMES: &str =
    "there is clock, demand, device, fault, journal, password, revoke, settings and sign-in";
