//! What goes wrong on purpose.

use std::collections::VecDeque;
use std::fmt;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION};
use http::{HeaderName, HeaderValue, StatusCode};

use crate::reply::Reply;
use crate::{Endpoint, Request};

/// Something to do in place of the answer, or before it, for the next requests that match.
///
/// Faults wait in a queue: each request takes the first that matches it, and each serves one request,
/// or as many as [`times`](Self::times) says.
#[derive(Clone, Debug)]
pub struct Fault {
    endpoint: Option<Endpoint>,
    matches: Vec<Condition>,
    times: usize,
    delay: Option<Duration>,
    effect: Effect,
}

/// What a fault does.
#[derive(Clone, Debug)]
pub(crate) enum Effect {
    /// Let the provider answer as ever.
    Answer,
    /// A response in good form over a connection that lives on.
    Reply(Reply),
    /// Bytes of its own, after which the connection ends.
    Wire(Vec<Wire>),
}

/// A step of a fault that writes to the connection itself.
#[derive(Clone, Debug)]
pub enum Wire {
    /// Ends the connection in good form; over TLS with a closing alert. What the last step does if no other ends it.
    Close,
    /// Ends the connection without TLS's closing alert.
    Cut,
    /// Says nothing more until the client goes.
    Hang,
    /// Writes the same bytes again and again until the client goes.
    Repeat(Bytes),
    /// Ends the connection by a TCP reset.
    Reset,
    /// Waits.
    Wait(Duration),
    /// Writes bytes.
    Write(Bytes),
}

impl Fault {
    /// Answers with a status and no body; see [`header`](Self::header) and [`body`](Self::body).
    #[must_use]
    pub fn status(status: u16) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::new(Effect::Reply(Reply::new(status, Bytes::new())))
    }

    /// Answers with a status and a JSON body, given as text, so that it may be wrong on purpose.
    #[must_use]
    pub fn json(status: u16, body: impl Into<Bytes>) -> Self {
        Self::status(status)
            .header(CONTENT_TYPE.as_str(), "application/json; charset=utf-8")
            .body(body)
    }

    /// Answers with a status and an HTML page, as gateways in front of a service do.
    #[must_use]
    pub fn html(status: u16) -> Self {
        let page = "<!DOCTYPE html><html><head><title>Service Unavailable</title></head>\
                    <body><h1>Our services aren't available right now</h1></body></html>";
        Self::status(status)
            .header(CONTENT_TYPE.as_str(), "text/html")
            .body(page)
    }

    /// Answers with a redirect to another URL.
    #[must_use]
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::status(status).header(LOCATION.as_str(), location)
    }

    /// Answers as ever, after a pause.
    #[must_use]
    pub fn delay(pause: Duration) -> Self {
        Self::new(Effect::Answer).after(pause)
    }

    /// Resets the connection before any answer.
    #[must_use]
    pub fn reset() -> Self {
        Self::wire([Wire::Reset])
    }

    /// Closes the connection before any answer.
    #[must_use]
    pub fn close() -> Self {
        Self::wire([Wire::Close])
    }

    /// Reads the request and never answers.
    #[must_use]
    pub fn hang() -> Self {
        Self::wire([Wire::Hang])
    }

    /// Writes these bytes as they are in place of an answer, and closes.
    #[must_use]
    pub fn raw(bytes: impl Into<Bytes>) -> Self {
        Self::wire([Wire::Write(bytes.into()), Wire::Close])
    }

    /// Takes these steps in place of an answer.
    #[must_use]
    pub fn wire(steps: impl IntoIterator<Item = Wire>) -> Self {
        Self::new(Effect::Wire(steps.into_iter().collect()))
    }

    /// Writes something that is not HTTP, and closes.
    #[must_use]
    pub fn garbage() -> Self {
        Self::raw(&b"\x00\xff\xfeSSH-2.0-OpenSSH_9.2p1\r\n\x80\x81\x82\r\n\r\n"[..])
    }

    /// Promises more of a JSON body than it writes, and ends the connection.
    #[must_use]
    pub fn truncated() -> Self {
        let head = head(200, "Content-Length: 4096");
        Self::wire([Wire::Write((head + PARTIAL_JSON).into()), Wire::Cut])
    }

    /// Begins a chunked JSON body, and ends the connection before the last chunk.
    #[must_use]
    pub fn truncated_chunked() -> Self {
        let head = head(200, "Transfer-Encoding: chunked");
        let chunk = format!("{:x}\r\n{PARTIAL_JSON}\r\n", PARTIAL_JSON.len());
        Self::wire([Wire::Write((head + &chunk).into()), Wire::Cut])
    }

    /// Writes a whole response one byte at a time, with a pause before each.
    #[must_use]
    pub fn drip(status: u16, body: &str, pause: Duration) -> Self {
        let response = head(status, &format!("Content-Length: {}", body.len())) + body;
        let steps = response.into_bytes().into_iter();
        Self::wire(steps.flat_map(|byte| [Wire::Wait(pause), Wire::Write(Bytes::from(vec![byte]))]))
    }

    /// Writes a body that never ends.
    #[must_use]
    pub fn endless_body() -> Self {
        let chunk = format!("{:x}\r\n{}\r\n", 4096, " ".repeat(4096));
        Self::wire([
            Wire::Write(head(200, "Transfer-Encoding: chunked").into()),
            Wire::Repeat(chunk.into()),
        ])
    }

    /// Writes headers that never end.
    #[must_use]
    pub fn endless_headers() -> Self {
        let line = format!("X-Padding: {}\r\n", "x".repeat(1000));
        Self::wire([
            Wire::Write("HTTP/1.1 200 OK\r\n".into()),
            Wire::Repeat(line.into()),
        ])
    }

    /// Writes `100 Continue` without end.
    #[must_use]
    pub fn endless_interim_responses() -> Self {
        Self::wire([Wire::Repeat("HTTP/1.1 100 Continue\r\n\r\n".into())])
    }

    /// Answers with a body in gzip, which a client that has not asked for it should not get.
    #[must_use]
    pub fn gzip(status: u16, body: &str) -> Self {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        // Writing to memory does not fail; an empty body would be the fault then.
        let written = encoder
            .write_all(body.as_bytes())
            .and_then(|()| encoder.finish());
        Self::json(status, written.unwrap_or_default()).header(CONTENT_ENCODING.as_str(), "gzip")
    }

    /// Answers with a JSON object in a body of at least that many bytes.
    #[must_use]
    pub fn huge_json(status: u16, bytes: usize) -> Self {
        Self::json(status, format!("{{\"padding\":\"{}\"}}", "x".repeat(bytes)))
    }

    /// Answers with JSON arrays that deep.
    #[must_use]
    pub fn deep_json(status: u16, depth: usize) -> Self {
        Self::json(status, "[".repeat(depth) + &"]".repeat(depth))
    }

    /// Sets a header of the response. Only for faults that answer in good form; wrong framing
    /// (`Content-Length`, `Transfer-Encoding`) is for [`raw`](Self::raw).
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Effect::Reply(reply) = &mut self.effect
            && let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name), HeaderValue::from_str(value))
        {
            reply.headers.append(name, value);
        }
        self
    }

    /// Sets the body of the response. Only for faults that answer in good form.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        if let Effect::Reply(reply) = &mut self.effect {
            reply.body = body.into();
        }
        self
    }

    /// Waits before it does anything else.
    #[must_use]
    pub const fn after(mut self, pause: Duration) -> Self {
        self.delay = Some(pause);
        self
    }

    /// Serves so many requests before the next fault's turn.
    #[must_use]
    pub const fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// Serves every request that matches, until the faults are cleared.
    #[must_use]
    pub const fn forever(self) -> Self {
        self.times(usize::MAX)
    }

    /// Serves only requests of that kind. Without it, all but those that open a tunnel
    /// ([`Endpoint::Connect`]).
    #[must_use]
    pub const fn on(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = Some(endpoint);
        self
    }

    /// Serves only requests for that host.
    #[must_use]
    pub fn on_host(self, host: &str) -> Self {
        let host = host.to_ascii_lowercase();
        self.when(move |request| request.host == host)
    }

    /// Serves only requests of which this says yes. It runs while the queue is locked, so it must not script.
    #[must_use]
    pub fn when(mut self, condition: impl Fn(&Request) -> bool + Send + Sync + 'static) -> Self {
        self.matches.push(Condition(Arc::new(condition)));
        self
    }

    fn new(effect: Effect) -> Self {
        Self {
            endpoint: None,
            matches: Vec::new(),
            times: 1,
            delay: None,
            effect,
        }
    }

    fn matches(&self, request: &Request) -> bool {
        let is_meant = match self.endpoint {
            Some(endpoint) => request.endpoint == endpoint,
            None => request.endpoint != Endpoint::Connect,
        };
        is_meant && self.matches.iter().all(|condition| (condition.0)(request))
    }
}

/// The faults that wait for their requests.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<VecDeque<Fault>>);

impl Faults {
    pub(crate) fn push(&self, fault: Fault) {
        if fault.times > 0 {
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push_back(fault);
        }
    }

    pub(crate) fn clear(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Takes what the first matching fault does.
    pub(crate) fn take(&self, request: &Request) -> Option<(Option<Duration>, Effect)> {
        self.take_first(|fault| fault.matches(request))
    }

    pub(crate) fn take_any(&self) -> Option<(Option<Duration>, Effect)> {
        self.take_first(|_| true)
    }

    fn take_first(&self, matches: impl Fn(&Fault) -> bool) -> Option<(Option<Duration>, Effect)> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = waiting.iter().position(matches)?;
        let fault = waiting.get_mut(index)?;
        let taken = (fault.delay, fault.effect.clone());
        if fault.times != usize::MAX {
            fault.times -= 1;
        }
        if fault.times == 0 {
            waiting.remove(index);
        }
        Some(taken)
    }
}

#[derive(Clone)]
struct Condition(Arc<dyn Fn(&Request) -> bool + Send + Sync>);

impl fmt::Debug for Condition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Condition")
    }
}

fn head(status: u16, framing: &str) -> String {
    format!("HTTP/1.1 {status} Scripted\r\nContent-Type: application/json\r\n{framing}\r\n\r\n")
}

const PARTIAL_JSON: &str = r#"{"token_type":"Bearer","expires_in":3599,"access_tok"#;
