//! An API that calls another one for the users who call it: on-behalf-of.
//!
//! `cargo run -p msal --example web_api_obo`
//!
//! On its own it starts a local identity provider, calls itself as a desktop app would, and ends. With AZURE_TENANT_ID,
//! AZURE_CLIENT_ID and AZURE_CLIENT_SECRET set, it serves http://localhost:3001/me (or what PORT says) for callers with
//! a token of Microsoft Entra ID for this API.

mod support;

use std::error::Error;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use msal::{ClaimsChallenge, ClientCredential, ConfidentialClientApplication};
use support::Registration;
use support::graph::Graph;
use tokio::net::TcpListener;

struct Api {
    msal: ConfidentialClientApplication,
    graph: Graph,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let registration = Registration::of_web_api()?;
    let api = Arc::new(Api {
        msal: ConfidentialClientApplication::builder(&registration.client_id)
            .authority(registration.authority())
            .credential(ClientCredential::from_secret(&*registration.client_secret))
            .transport(registration.transport()?)
            .build()?,
        graph: Graph::new(&registration)?,
    });
    let routes = axum::Router::new().route("/me", get(me)).with_state(api);

    let port = match registration.local() {
        Some(_) => 0,
        None => std::env::var("PORT").map_or(Ok(3001), |port| port.parse())?,
    };
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let url = format!("http://{}/me", listener.local_addr()?);
    let server = axum::serve(listener, routes);
    match registration.local() {
        None => Ok(server.await?),
        Some(_) => tokio::select! {
            ended = server => Ok(ended?),
            called = caller::call(&url, &registration) => called,
        },
    }
}

async fn me(State(api): State<Arc<Api>>, headers: HeaderMap) -> Result<String, Refusal> {
    let token = bearer_token(&headers).ok_or(Refusal::NoToken)?;
    // An API of one's own must validate the token before anything else: its signature, issuer, audience, times and
    // scopes. That is not this library's part, see
    // https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-tokens.
    let for_graph = api
        .msal
        .acquire_token_on_behalf_of(token, ["User.Read"])
        .await?;
    Ok(api.graph.me(&for_graph).await?)
}

fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// What the caller is told when it does not work out.
enum Refusal {
    NoToken,
    OnBehalfOf(msal::Error),
    Other(Box<dyn Error + Send + Sync>),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let challenge = match &self {
            Self::NoToken => HeaderValue::from_static("Bearer"),
            Self::OnBehalfOf(error) => match ClaimsChallenge::of_error(error) {
                // Only the caller can ask the user: it signs them in with these claims, and calls again.
                Some(challenge) => challenge.to_header(),
                // No claims would help: the user may not do this, or nobody has consented to it.
                None if error.needs_interaction() => {
                    return (StatusCode::FORBIDDEN, error.to_string()).into_response();
                }
                None => return bad_gateway(error),
            },
            Self::Other(error) => return bad_gateway(&**error),
        };
        (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, challenge)]).into_response()
    }
}

/// The error is for whoever runs the API.
fn bad_gateway(error: &dyn Error) -> Response {
    eprintln!("{error}");
    StatusCode::BAD_GATEWAY.into_response()
}

impl From<msal::Error> for Refusal {
    fn from(error: msal::Error) -> Self {
        Self::OnBehalfOf(error)
    }
}

impl From<Box<dyn Error + Send + Sync>> for Refusal {
    fn from(error: Box<dyn Error + Send + Sync>) -> Self {
        Self::Other(error)
    }
}

/// The other side: an app that calls this API, with users of the local identity provider.
mod caller {
    use msal::{AuthenticationResult, ClaimsChallenge, PublicClientApplication, ResponseMode};
    use msal_testing::{LocalIdentityProvider, defaults};
    use reqwest::{Response, header};
    use serde_json::json;

    use super::{Error, Registration};

    #[expect(clippy::print_stdout, reason = "an example shows what it got")]
    pub(crate) async fn call(url: &str, registration: &Registration) -> Result<(), Box<dyn Error>> {
        let Some(provider) = registration.local() else {
            return Ok(());
        };
        let app = PublicClientApplication::builder(defaults::PUBLIC_CLIENT_ID)
            .authority(registration.authority())
            .transport(registration.transport()?)
            .client_capabilities(["CP1"])
            .build()?;

        let token = sign_in(&app, provider, None).await?;
        let response = ask(url, &token).await?.error_for_status()?;
        println!(
            "Microsoft Graph says to the API: {}",
            response.text().await?
        );

        // From now on, Microsoft Graph is only for who has signed in with more than a password.
        let more = json!({ "access_token": { "acrs": { "essential": true, "value": "c1" } } });
        provider.demand_claims(defaults::GRAPH, more);
        let token = sign_in(&app, provider, None).await?;
        let response = ask(url, &token).await?;
        println!("The API says: {}", response.status());
        let headers = response.headers().get_all(header::WWW_AUTHENTICATE).iter();
        let headers = headers.filter_map(|value| value.to_str().ok());
        let challenge = ClaimsChallenge::parse(headers).ok_or("there is no claims challenge")?;
        let claims = challenge.claims().as_str();
        println!("It wants a token with: {claims}");

        let token = sign_in(&app, provider, Some(claims)).await?;
        let response = ask(url, &token).await?.error_for_status()?;
        println!(
            "Microsoft Graph says to the API: {}",
            response.text().await?
        );
        Ok(())
    }

    async fn ask(url: &str, token: &AuthenticationResult) -> Result<Response, Box<dyn Error>> {
        let request = reqwest::Client::builder().no_proxy().build()?.get(url);
        let header = token.authorization_header()?;
        Ok(request.header(header::AUTHORIZATION, header).send().await?)
    }

    async fn sign_in(
        app: &PublicClientApplication,
        provider: &LocalIdentityProvider,
        claims: Option<&str>,
    ) -> Result<AuthenticationResult, Box<dyn Error>> {
        let scope = format!("{}/access_as_user", defaults::API_CLIENT);
        let mut call = app
            .initiate_auth_code_flow([scope], "http://localhost")
            .response_mode(ResponseMode::Query);
        if let Some(claims) = claims {
            call = call.claims(claims);
        }
        let flow = call.await?;
        let (username, password) = (defaults::USERNAME, defaults::PASSWORD);
        let answer = provider.sign_in(flow.auth_uri().as_str(), username, password)?;
        let response = answer.location().and_then(|url| url.split_once('?'));
        let (_, response) = response.ok_or("the answer is not in the query")?;
        Ok(app.acquire_token_by_auth_code_flow(flow, response).await?)
    }
}
