//! A sign-in in a browser: where to send it, and what to do with what comes back.

use std::sync::Arc;

use super::cached::Wanted;
use super::finish::Whose;
use super::user_grant::UserGrant;
use crate::app::auth_code_flow::Parts;
use crate::app::begun::Begun;
use crate::app::{App, AuthCodeFlow, AuthCodeOptions};
use crate::authority::{Endpoints, cloud};
use crate::flow::Io;
use crate::model::ClientInfo;
use crate::pkce::random_text;
use crate::protocol::auth_code::{self, AuthorizationResponse, authorization_url};
use crate::protocol::{UserHint, UserRequest};
use crate::retry::RetryPolicy;
use crate::{
    AuthenticationResult, Authority, AuthorityKind, Error, ErrorKind, PkceVerifier, Scopes,
};

/// Begins a sign-in.
pub(crate) async fn initiate(
    redirect_uri: String,
    options: AuthCodeOptions,
    wanted: &Wanted,
    app: &App,
    io: &mut Io,
) -> Result<AuthCodeFlow, Error> {
    io.span().record("authority_host", wanted.authority.host());
    let endpoints = app.directory.resolve(&wanted.authority, io).await?;
    let verifier = PkceVerifier::random(io.env());
    let (state, nonce) = (random_text::<32>(io.env()), random_text::<32>(io.env()));
    let consented = options.extra_scopes_to_consent.iter().map(String::as_str);
    let scopes = Scopes::parse(wanted.scopes.iter().chain(consented))?.of_sign_in();
    let claims = wanted.merged_claims(app);
    let max_age = options.max_age.map(|age| age.as_secs());
    let max_age_text = max_age.map(|age| age.to_string());
    let challenge = verifier.challenge();
    let id = io.correlation_id().to_string();
    let anchor = options
        .login_hint
        .as_ref()
        .map(|hint| ["UPN:", hint].concat());
    let is_microsoft = wanted.authority.kind() != AuthorityKind::Oidc;
    let own = [
        ("client_id", &*app.client_id),
        ("response_type", "code"),
        ("redirect_uri", &redirect_uri),
        ("scope", scopes.as_str()),
        ("response_mode", options.response_mode.as_str()),
        ("state", &state),
        ("nonce", &nonce),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("client_info", if is_microsoft { "1" } else { "" }),
        ("client-request-id", if is_microsoft { &id } else { "" }),
        (
            "prompt",
            options.prompt.map_or("", |prompt| prompt.as_str()),
        ),
        (
            "login_hint",
            options.login_hint.as_deref().unwrap_or_default(),
        ),
        (
            "domain_hint",
            options.domain_hint.as_deref().unwrap_or_default(),
        ),
        (
            "X-AnchorMailbox",
            anchor
                .as_deref()
                .filter(|_| is_microsoft)
                .unwrap_or_default(),
        ),
        ("claims", claims.as_deref().unwrap_or_default()),
        ("max_age", max_age_text.as_deref().unwrap_or_default()),
        (
            "instance_aware",
            if options.instance_aware { "true" } else { "" },
        ),
    ];
    let parameters = &wanted.call.parameters;
    let is_taken = |name: &str| {
        let mut of_endpoint = endpoints.authorization.query_pairs();
        own.iter().any(|(ours, _)| *ours == name) || of_endpoint.any(|(theirs, _)| theirs == name)
    };
    if let Some((name, _)) = parameters.iter().find(|(name, _)| is_taken(name)) {
        let why = format!("`{name}` is decided by the library or the identity provider");
        return Err(Error::new(ErrorKind::InvalidArgument("extra parameter")).because(why));
    }
    let others = parameters.iter().map(|(name, value)| (&**name, &**value));
    let auth_uri = authorization_url(&endpoints.authorization, own.into_iter().chain(others));
    Ok(AuthCodeFlow(Box::new(Parts {
        begun: Begun::new(wanted, app, io.correlation_id()),
        auth_uri,
        state,
        nonce,
        verifier: verifier.expose().to_owned(),
        redirect_uri,
        response_mode: options.response_mode,
        max_age,
        login_hint: options.login_hint,
        token_endpoint: endpoints.token.clone(),
        jwks: endpoints.jwks.clone(),
        issuer: endpoints.issuer.as_str().to_owned(),
        names_issuer: endpoints.names_issuer_in_responses,
        spa_code: options.spa_code,
        instance_aware: options.instance_aware,
    })))
}

/// Redeems what a sign-in brought back. Its state has been compared before anything else of it is read.
pub(crate) async fn redeem(
    flow: AuthCodeFlow,
    response: AuthorizationResponse,
    mut wanted: Wanted,
    app: &App,
    io: &mut Io,
) -> Result<AuthenticationResult, Error> {
    let mut endpoints = flow.endpoints();
    check_issuer(&response, &endpoints)?;
    let code = response.outcome()?;
    if let Some(authority) = moved(&response, &flow, &wanted.authority)? {
        endpoints = Endpoints::built_in(&authority).unwrap_or(endpoints);
        wanted.authority = authority;
    }
    if flow.0.spa_code {
        let wants_code = ("return_spa_code".to_owned(), "1".to_owned());
        wanted.call.parameters.push(wants_code);
    }
    let endpoints = Arc::new(endpoints);
    let client_info = response.value("client_info").map(ClientInfo::parse);
    let client_info = client_info.transpose().ok().flatten().flatten();
    let home_account_id = client_info.map(|info| info.home_account_id());
    let hint = flow.0.login_hint.as_deref();
    let grant = UserGrant {
        user: match (&home_account_id, hint) {
            (Some(id), _) => UserHint::HomeAccountId(id),
            (None, Some(name)) => UserHint::Username(name),
            (None, None) => UserHint::None,
        },
        // A code works once: it is sent again only if it never arrived.
        retry: RetryPolicy::UNLESS_REACHED,
        endpoints: Some(&endpoints),
        nonce: Some(&flow.0.nonce),
        max_age: flow.max_age(),
        ..UserGrant::new(
            Whose::New {
                source: "authorization_code",
                username: hint,
            },
            &wanted,
            app,
        )
    };
    let verifier = flow.verifier();
    let make = |user: &UserRequest<'_>, endpoint: &url::Url, id| {
        auth_code::request(&code, flow.redirect_uri(), &verifier, user, endpoint, id)
    };
    grant.redeem(make, io).await
}

/// Another identity provider's response must not be taken for this one's, RFC 9207 section 2.4.
fn check_issuer(response: &AuthorizationResponse, endpoints: &Endpoints) -> Result<(), Error> {
    let refused = |why| Err(Error::new(ErrorKind::InvalidResponse(RESPONSE)).because(why));
    match response.value("iss") {
        Some(iss) if endpoints.issuer.accepts(iss) => Ok(()),
        Some(_) => refused("its `iss` is another identity provider"),
        None if response.has("iss") => refused("it has several `iss`"),
        None if endpoints.names_issuer_in_responses => {
            refused("it has no `iss`, which this identity provider always sends")
        }
        None => Ok(()),
    }
}

/// The authority in the cloud that the user turned out to be of, where the sign-in allowed for that. Any host but one
/// that is built in is passed over.
fn moved(
    response: &AuthorizationResponse,
    flow: &AuthCodeFlow,
    authority: &Authority,
) -> Result<Option<Authority>, Error> {
    // No other kind has instances.
    let is_aware = flow.0.instance_aware && authority.kind() == AuthorityKind::EntraId;
    let host = response
        .value("cloud_instance_host_name")
        .map(str::to_ascii_lowercase);
    match host {
        Some(host) if is_aware && cloud::is_built_in(&host) => {
            let tenant = authority.tenant().unwrap_or_default();
            Authority::parse(&["https://", &host, "/", tenant].concat()).map(Some)
        }
        _ => Ok(None),
    }
}

/// What the response of a browser is refused with that is not the flow's.
pub(crate) fn not_of_this_flow() -> Error {
    Error::new(ErrorKind::InvalidResponse(RESPONSE))
        .because("its `state` is not that of this sign-in: begin again")
}

const RESPONSE: &str = "authorization response";
