//! Sends a request and settles what came back: the one place that knows of retry, throttling, redirects and limits, so
//! that they hold for every flow and every transport.

use std::time::{Duration, SystemTime};

use http::StatusCode;
use http::header::RETRY_AFTER;

use crate::flow::Io;
use crate::retry::{RetryPolicy, Tried};
use crate::throttle::{Asked, Fingerprint, Throttle};
use crate::{
    Error, ErrorKind, Request, Response, SendOptions, ServerError, Timestamp, TransportError,
};

/// How an exchange is to be carried out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms<'a> {
    /// How often to send again.
    pub(crate) retry: RetryPolicy,
    /// Where refusals are remembered; none where they are not.
    pub(crate) throttle: Option<Throttling<'a>>,
    /// Who asks, which decides what a refusal means.
    pub(crate) asker: Asker,
}

/// Who asks, and so who could mend a refusal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Asker {
    /// The application for itself.
    App,
    /// A program on its own for a user who does not know of it.
    Silent,
    /// A user who waits for it.
    User,
    /// A device that asks every few seconds until its user has signed in: none of its refusals stands.
    Waiting,
}

/// How refusals of a token endpoint are remembered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Throttling<'a> {
    /// Where.
    pub(crate) memory: &'a Throttle,
    /// What tells one credential from another, since assertions differ each time.
    pub(crate) credential: &'a [u8; 32],
    /// How long a 429 or 5xx without `Retry-After` stands.
    pub(crate) pause: Duration,
    /// Whether a refusal of this very request, which stands for a minute, is passed over.
    pub(crate) insist: bool,
}

/// Sends a request, again where that is harmless and may help. Any status but a redirect is an answer.
pub(crate) async fn exchange(
    request: Request,
    terms: Terms<'_>,
    io: &mut Io,
) -> Result<Response, Error> {
    let mut exchange = Exchange::new(terms);
    loop {
        if let Some(response) = exchange.attempt(request.clone(), io).await? {
            return Ok(response);
        }
    }
}

/// An exchange whose request is made anew for each attempt, since it carries something that may be used once only.
pub(crate) struct Exchange<'a> {
    terms: Terms<'a>,
    tried: Tried,
}

impl<'a> Exchange<'a> {
    pub(crate) fn new(terms: Terms<'a>) -> Self {
        let tried = Tried::default();
        Self { terms, tried }
    }

    /// Sends the request once. None means that it is time to send another.
    pub(crate) async fn attempt(
        &mut self,
        request: Request,
        io: &mut Io,
    ) -> Result<Option<Response>, Error> {
        let memory = self
            .terms
            .throttle
            .map(|throttling| Memory::new(&request, throttling));
        if let Some(memory) = &memory {
            memory.check(io)?;
        }
        let max_body = SendOptions::of(&request).max_body;
        let outcome = io.send(timed(request, io)?).await;
        note(self.tried.failed, &outcome);
        if self.tried.failed == 0 {
            self.tried.first = outcome.as_ref().ok().map(Response::status);
        }
        if let Some(pause) = self.terms.retry.pause_after(self.tried, &outcome, io.env())
            && pause < io.time_left()
        {
            io.wait(pause).await;
            self.tried.failed += 1;
            return Ok(None);
        }
        let response = settled(outcome, max_body)?;
        if let Some(memory) = &memory {
            memory.record(&response, self.terms.asker, io);
        }
        Ok(Some(response))
    }

    /// The error that an answer which is no success amounts to.
    pub(crate) fn refusal(&self, response: &Response, io: &Io) -> Error {
        refusal(response, self.terms.asker, io)
    }
}

/// The error that an answer which is no success amounts to.
pub(crate) fn refusal(response: &Response, asker: Asker, io: &Io) -> Error {
    let status = response.status();
    let server = ServerError::read(status.as_u16(), response.body());
    let kind = match status {
        StatusCode::TOO_MANY_REQUESTS => ErrorKind::Throttled,
        _ if server.is_transient() => ErrorKind::Server,
        _ if asker != Asker::App && server.needs_sign_in() => ErrorKind::InteractionRequired,
        _ => ErrorKind::Server,
    };
    paused(Error::new(kind).with_server_error(server), response, io)
}

/// The error with the pause that the answer asks for.
pub(crate) fn paused(error: Error, response: &Response, io: &Io) -> Error {
    match retry_after(response, io.now()) {
        Some(pause) => error.with_retry_after(pause),
        None => error,
    }
}

/// The request with the time that is left for it.
fn timed(mut request: Request, io: &Io) -> Result<Request, Error> {
    let options: &mut SendOptions = request.extensions_mut().get_or_insert_default();
    options.time_left = options.time_left.min(io.time_left());
    if options.time_left.is_zero() {
        return Err(Error::new(ErrorKind::Timeout));
    }
    Ok(request)
}

/// Checks again what the transport was to keep to.
fn settled(outcome: Result<Response, TransportError>, max_body: usize) -> Result<Response, Error> {
    let response = outcome?;
    if response.body().len() > max_body {
        return Err(TransportError::too_large().into());
    }
    if response.status().is_redirection() {
        return Err(Error::new(ErrorKind::Redirected));
    }
    if response.status().is_informational() {
        return Err(Error::new(ErrorKind::InvalidResponse(
            "status of the answer",
        )));
    }
    Ok(response)
}

struct Memory<'a> {
    throttling: Throttling<'a>,
    asked: Asked,
}

impl<'a> Memory<'a> {
    fn new(request: &Request, throttling: Throttling<'a>) -> Self {
        Self {
            throttling,
            asked: request.into(),
        }
    }

    fn check(&self, io: &Io) -> Result<(), Error> {
        let memory = self.throttling.memory;
        if memory.is_empty() {
            return Ok(());
        }
        let uptime = io.env().uptime();
        if let Some((error, left)) = memory.standing(&self.asker(), uptime) {
            return Err(error.with_retry_after(left));
        }
        if self.throttling.insist {
            return Ok(());
        }
        match memory.standing(&self.whole(), uptime) {
            Some((error, _)) => Err(error),
            None => Ok(()),
        }
    }

    fn record(&self, response: &Response, asker: Asker, io: &Io) {
        let status = response.status();
        if status.is_success() {
            return;
        }
        let busy = status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error();
        let named = retry_after(response, io.now());
        // A device that waits asks less often by itself.
        let is_busy = busy && asker != Asker::Waiting;
        let pause = named.or_else(|| is_busy.then_some(self.throttling.pause));
        let error = refusal(response, asker, io);
        let (key, error, pause) = match (pause, asker) {
            (Some(pause), _) => (self.asker(), throttled(&error), pause),
            (None, Asker::Waiting) => return,
            (None, Asker::Silent) if error.needs_interaction() => {
                (self.whole(), error, INTERACTION_STANDS)
            }
            (None, _) => (self.whole(), error, REFUSAL_STANDS),
        };
        if !pause.is_zero() {
            self.throttling
                .memory
                .remember(key, error, io.env().uptime().saturating_add(pause));
        }
    }

    fn asker(&self) -> Fingerprint {
        Fingerprint::asker(&self.asked)
    }

    fn whole(&self) -> Fingerprint {
        Fingerprint::whole(&self.asked, self.throttling.credential)
    }
}

/// What a later call is told while the pause lasts.
fn throttled(error: &Error) -> Error {
    let throttled = Error::new(ErrorKind::Throttled);
    match error.server() {
        Some(server) => throttled.with_server_error(server.clone()),
        None => throttled,
    }
}

/// The pause that the server asks for: seconds, or a date, RFC 9110 section 10.2.3.
pub(crate) fn retry_after(response: &Response, now: Timestamp) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    let pause = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = httpdate::parse_http_date(text).ok()?;
            date.duration_since(SystemTime::from(now))
                .unwrap_or_default()
        }
    };
    Some(pause.min(LONGEST_PAUSE))
}

fn note(attempt: u32, outcome: &Result<Response, TransportError>) {
    match outcome {
        Ok(response) => {
            tracing::debug!(target: "msal", attempt, status = response.status().as_u16(), "answered");
        }
        Err(error) => tracing::debug!(target: "msal", attempt, %error, "not answered"),
    }
}

/// How long it stands that a user must sign in, for the same silent request: a new sign-in makes another one of it.
const INTERACTION_STANDS: Duration = Duration::from_secs(120);
/// How long the refusal of a request stands for that same request.
const REFUSAL_STANDS: Duration = Duration::from_secs(60);
/// A server that asks for more is not believed.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);
