//! A sign-in on another device: a code for the user to type there, and asking until they have.

use std::time::Duration;

use super::cached::Wanted;
use super::finish::Whose;
use super::user_grant::UserGrant;
use crate::app::begun::Begun;
use crate::app::device_code_flow::Parts;
use crate::app::{App, DeviceCodeFlow};
use crate::exchange::{Asker, Exchange, Terms};
use crate::flow::Io;
use crate::protocol::{UserHint, UserRequest, device_code};
use crate::retry::RetryPolicy;
use crate::{AuthenticationResult, Error, ErrorKind};

/// Asks for a code.
pub(crate) async fn initiate(
    wanted: Wanted,
    app: App,
    mut io: Io,
) -> Result<DeviceCodeFlow, Error> {
    io.span().record("authority_host", wanted.authority.host());
    let endpoints = app.directory.resolve(&wanted.authority, &mut io).await?;
    let Some(endpoint) = &endpoints.device_authorization else {
        return Err(Error::new(ErrorKind::Unsupported("sign-in by device code"))
            .because("this authority names no endpoint for it"));
    };
    let claims = wanted.merged_claims(&app);
    let parameters = wanted.call.scheme.parameters(&wanted.call.parameters);
    let user = UserRequest {
        client_id: &app.client_id,
        authentication: None,
        scopes: &wanted.scopes,
        claims: claims.as_deref(),
        user: UserHint::None,
        parameters: &parameters,
    };
    let request = device_code::authorization_request(&user, endpoint, io.correlation_id())?;
    let mut exchange = Exchange::new(Terms {
        retry: RetryPolicy::REPEATABLE,
        throttle: None,
        asker: Asker::User,
    });
    let response = loop {
        if let Some(response) = exchange.attempt(request.clone(), &mut io).await? {
            break response;
        }
    };
    // Some services report an error with the status of a success.
    if !response.status().is_success() || device_code::is_refusal(&response) {
        return Err(exchange.refusal(&response, &io));
    }
    let answer = device_code::parse(&response)?;
    Ok(DeviceCodeFlow(Box::new(Parts {
        begun: Begun::new(&wanted, &app, io.correlation_id()),
        device_code: answer.device_code.expose().to_owned(),
        user_code: answer.user_code,
        verification_uri: answer.verification_uri,
        verification_uri_complete: answer.verification_uri_complete,
        message: answer.message,
        expires_on: (io.now() + answer.expires_in).as_secs(),
        life: answer.expires_in.as_secs(),
        interval: answer.interval.as_secs(),
    })))
}

/// Asks whether the user has signed in, until they have, will not, or the code no longer works.
pub(crate) async fn redeem(
    flow: DeviceCodeFlow,
    wanted: Wanted,
    app: App,
    mut io: Io,
) -> Result<AuthenticationResult, Error> {
    let code = flow.device_code();
    let mut interval = Duration::from_secs(flow.0.interval);
    let mut pause = interval;
    let over = io.env().uptime().saturating_add(flow.left(io.now()));
    let grant = UserGrant {
        asker: Asker::Waiting,
        retry: RetryPolicy::NEVER,
        ..UserGrant::new(
            Whose::New {
                source: "urn:ietf:params:oauth:grant-type:device_code",
                username: None,
            },
            &wanted,
            &app,
        )
    };
    let make = |user: &UserRequest<'_>, endpoint: &url::Url, id| {
        device_code::request(&code, user, endpoint, id)
    };
    loop {
        let left = over.saturating_sub(io.env().uptime());
        if left.is_zero() {
            return Err(Error::new(ErrorKind::Expired("device code"))
                .because("nobody signed in with it in time: begin again"));
        }
        if io.time_left().is_zero() {
            return Err(Error::new(ErrorKind::Timeout));
        }
        let rest = left.min(io.time_left());
        io.wait(pause.min(rest)).await;
        // RFC 8628 section 3.5: whoever has not waited for the whole of it must not ask.
        if rest < pause {
            continue;
        }
        let error = match grant.redeem(make, &mut io).await {
            Ok(result) => return Ok(result),
            Err(error) => error,
        };
        pause = match error.code() {
            Some("authorization_pending") => interval,
            Some("slow_down") => {
                interval = interval.saturating_add(SLOWER);
                interval
            }
            // A pause that outlasts the call, or the code, is for the caller to know.
            _ if error
                .retry_after()
                .is_some_and(|named| named > rest.saturating_sub(pause)) =>
            {
                return Err(error);
            }
            // RFC 8628 section 3.5: who gets no answer asks less often, until there is one.
            _ if error.is_retryable() && !io.time_left().is_zero() => {
                let named = error.retry_after().unwrap_or_default();
                let longer = pause.saturating_mul(2).min(LONGEST_INTERVAL);
                longer.max(interval).max(named.min(LONGEST_PAUSE))
            }
            _ => return Err(explained(error)),
        };
    }
}

/// What the user can do about it.
fn explained(error: Error) -> Error {
    match error.code() {
        Some("authorization_declined" | "access_denied") => {
            error.because("the user declined to sign in")
        }
        Some("expired_token") => {
            error.because("nobody signed in with the code in time: begin again")
        }
        _ => error,
    }
}

/// RFC 8628 section 3.5.
const SLOWER: Duration = Duration::from_secs(5);
const LONGEST_INTERVAL: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
