//! A sign-in with a name and a password that the program was given: checked by the identity provider, or by the
//! federation server of the user's organisation.

use url::Url;

use super::cached::Wanted;
use super::finish::Whose;
use super::user_grant::UserGrant;
use crate::app::App;
use crate::exchange::{Asker, Terms, exchange, paused};
use crate::flow::Io;
use crate::protocol::user_realm::{self, UserRealm};
use crate::protocol::{UserHint, UserRequest, password, saml};
use crate::retry::RetryPolicy;
use crate::wstrust::{Endpoint, SamlAssertion, mex, response, rst};
use crate::{AuthenticationResult, Error, ErrorKind, Password, Request, Response};

/// Who signs in.
pub(crate) struct Credentials {
    pub(crate) username: String,
    pub(crate) password: Password,
}

/// Finds out who checks the password, has it checked there, and keeps what comes of it.
pub(crate) async fn acquire(
    who: Credentials,
    wanted: Wanted,
    app: App,
    mut io: Io,
) -> Result<AuthenticationResult, Error> {
    io.span().record("authority_host", wanted.authority.host());
    let grant = UserGrant {
        user: UserHint::Username(&who.username),
        ..UserGrant::new(
            Whose::New {
                source: "password",
                username: Some(&who.username),
            },
            &wanted,
            &app,
        )
    };
    let Some(assertion) = federated(&who, &wanted, &app, &mut io).await? else {
        let make = |user: &UserRequest<'_>, endpoint: &Url, id| {
            password::request(&who.username, &who.password, user, endpoint, id)
        };
        return grant.redeem(make, &mut io).await;
    };
    let make =
        |user: &UserRequest<'_>, endpoint: &Url, id| saml::request(&assertion, user, endpoint, id);
    grant.redeem(make, &mut io).await
}

/// The assertion of the user's federation server; none where the identity provider checks passwords itself.
///
/// A confidential client is not asked for federated users by any MSAL: it goes to the identity provider at once.
async fn federated(
    who: &Credentials,
    wanted: &Wanted,
    app: &App,
    io: &mut Io,
) -> Result<Option<SamlAssertion>, Error> {
    let endpoints = app.directory.resolve(&wanted.authority, io).await?;
    let realm = user_realm::endpoint(&wanted.authority, &endpoints.token);
    let Some(realm) = realm.filter(|_| app.credential.is_none()) else {
        return Ok(None);
    };
    let request = user_realm::request(&realm, &who.username, io.correlation_id())?;
    let answer = fetch(request, RetryPolicy::REPEATABLE, io).await?;
    match user_realm::parse(&answer).map_err(|error| paused(error, &answer, io))? {
        UserRealm::Federated {
            metadata_url,
            active_auth_url,
            audience_urn,
        } => {
            let server = server(metadata_url, active_auth_url, io).await?;
            let ask = rst::TokenRequest {
                username: &who.username,
                password: &who.password,
                audience: &audience_urn,
                message_id: io.env().guid(),
                token_id: io.env().guid(),
                created: io.now(),
            };
            let request = rst::request(&ask, &server, io.correlation_id())?;
            // A wrong password is answered with status 500, and each try counts towards locking the user out.
            let answer = fetch(request, RetryPolicy::UNLESS_REACHED, io).await?;
            let assertion = response::parse(&answer);
            assertion
                .map(Some)
                .map_err(|error| paused(error, &answer, io))
        }
        UserRealm::Personal => Err(Error::new(ErrorKind::Unsupported(
            "sign-in with user name and password",
        ))
        .because("personal accounts sign in with a browser or a device code only")),
        UserRealm::Managed { .. } | UserRealm::NoService | UserRealm::Unknown => Ok(None),
    }
}

/// Where the federation server takes passwords: as its metadata says, or where the realm says so.
async fn server(
    metadata_url: Option<Url>,
    active_auth_url: Option<Url>,
    io: &mut Io,
) -> Result<Endpoint, Error> {
    let fallback = active_auth_url.as_ref().and_then(Endpoint::of_active_url);
    let described = match &metadata_url {
        Some(url) => match fetch(mex::request(url)?, RetryPolicy::REPEATABLE, io).await {
            Ok(answer) => mex::parse(&answer),
            Err(error) => Err(error),
        },
        None => Err(Error::new(ErrorKind::Unsupported(
            "sign-in with user name and password",
        ))
        .because("the user's federation server names no WS-Trust endpoint that takes them")),
    };
    match (described, fallback) {
        (Ok(server), _) => Ok(server),
        (Err(error), Some(fallback)) if !io.time_left().is_zero() => {
            tracing::debug!(target: "msal", %error, "the federation server's metadata is of no use");
            Ok(fallback)
        }
        (Err(error), _) => Err(error),
    }
}

async fn fetch(request: Request, retry: RetryPolicy, io: &mut Io) -> Result<Response, Error> {
    let terms = Terms {
        retry,
        throttle: None,
        asker: Asker::User,
    };
    exchange(request, terms, io).await
}
