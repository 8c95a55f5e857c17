//! A web app: signs its users in, calls Microsoft Graph for them, and signs them out.
//!
//! `cargo run -p msal --example web_app`, then open http://localhost:3000 (or what PORT says)
//!
//! On its own it starts a local identity provider, and says how to show its pages in Chromium. With AZURE_TENANT_ID,
//! AZURE_CLIENT_ID and AZURE_CLIENT_SECRET set, it signs in at Microsoft Entra ID. Register these redirect URIs of the
//! platform "Web": http://localhost:3000/auth/redirect and, for after the sign-out, http://localhost:3000.

mod cookies;
mod page;
mod sessions;
#[path = "../support/mod.rs"]
mod support;

use std::error::Error;
use std::sync::Arc;

use axum::extract::{RawForm, State};
use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use msal::{Account, ClientCredential, ConfidentialClientApplication};
use page::{escaped, page};
use sessions::Sessions;
use support::Registration;
use support::graph::Graph;
use tokio::net::TcpListener;

const SCOPES: [&str; 1] = ["User.Read"];

struct App {
    msal: ConfidentialClientApplication,
    graph: Graph,
    sessions: Sessions,
    url: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let registration = Registration::of_web_app()?;
    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let app = Arc::new(App {
        msal: ConfidentialClientApplication::builder(&registration.client_id)
            .authority(registration.authority())
            .credential(ClientCredential::from_secret(&*registration.client_secret))
            .transport(registration.transport()?)
            .build()?,
        graph: Graph::new(&registration)?,
        sessions: Sessions::default(),
        url: format!("http://localhost:{}", listener.local_addr()?.port()),
    });
    say_where(&app.url, &registration);

    let routes = axum::Router::new()
        .route("/", get(home))
        .route("/sign-in", post(sign_in))
        .route("/auth/redirect", post(signed_in))
        .route("/me", get(me))
        .route("/sign-out", post(sign_out))
        .with_state(app);
    Ok(axum::serve(listener, routes).await?)
}

async fn home(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Failure> {
    let Some(account) = app.account(&headers).await? else {
        let form = "<form method=post action=/sign-in><button id=sign-in>Sign in</button></form>";
        return Ok(page("Nobody is signed in", form).into_response());
    };
    let name = account.name();
    let name = name.as_deref().unwrap_or_else(|| account.username());
    let body = format!(
        "<p id=user>{}</p><p><a id=me href=/me>Who does Microsoft Graph say I am?</a></p>\
         <form method=post action=/sign-out><button id=sign-out>Sign out</button></form>",
        escaped(account.username())
    );
    Ok(page(&format!("Hello, {name}"), &body).into_response())
}

/// Sends the browser to the identity provider.
async fn sign_in(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Failure> {
    app.check_origin(&headers)?;
    app.begin_sign_in(None).await
}

/// What the identity provider has the browser post here (the response mode `form_post`).
async fn signed_in(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    RawForm(response): RawForm,
) -> Result<Response, Failure> {
    let response = str::from_utf8(&response).map_err(|_| Failure::Refused("That is no form."))?;
    // The response must be for a sign-in that this very browser began: otherwise somebody else could sign it in as
    // themselves, and read what the user then types.
    let flow = cookies::find(&headers, cookies::SIGN_IN)
        .and_then(|key| app.sessions.take_sign_in(key, response))
        .ok_or(Failure::Refused(
            "That is no sign-in that began here, or it took too long.",
        ))?;
    let result = app
        .msal
        .acquire_token_by_auth_code_flow(flow, response)
        .await?;
    let account = result
        .account()
        .ok_or(Failure::Refused("Nobody signed in."))?;
    // A new session for a new user: no key from before is worth anything now.
    let key = app.sessions.open(account.home_account_id());
    let cookies = [cookies::set_session(&key), cookies::clear_sign_in()];
    Ok((cookies::headers(cookies), Redirect::to("/")).into_response())
}

/// Calls an API for the user.
async fn me(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Failure> {
    let Some(account) = app.account(&headers).await? else {
        return Ok(Redirect::to("/").into_response());
    };
    // Silent for each request: mostly from the cache, and renewed when it is due.
    let token = match app.msal.acquire_token_silent(SCOPES, &account).await {
        Ok(token) => token,
        Err(error) if error.needs_interaction() => return app.begin_sign_in(error.claims()).await,
        Err(error) => return Err(error.into()),
    };
    let profile = app.graph.me(&token).await?;
    let body = format!(
        "<pre id=profile>{}</pre><p id=source>by a token from {}</p><p><a href=/>Back</a></p>",
        escaped(&profile),
        token.token_source().name()
    );
    Ok(page("What Microsoft Graph says", &body).into_response())
}

/// Forgets the user's tokens, and has the identity provider end its own session.
async fn sign_out(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Failure> {
    app.check_origin(&headers)?;
    let Some(account) = app.account(&headers).await? else {
        return Ok(Redirect::to("/").into_response());
    };
    if let Some(key) = cookies::find(&headers, cookies::SESSION) {
        app.sessions.close(key);
    }
    app.msal.remove_account(&account).await?;
    let url = app
        .msal
        .logout_url()
        .account(&account)
        .post_logout_redirect_uri(&app.url)
        .await?;
    let cookies = [cookies::clear_session()];
    Ok((cookies::headers(cookies), Redirect::to(url.as_str())).into_response())
}

impl App {
    async fn begin_sign_in(&self, claims: Option<&str>) -> Result<Response, Failure> {
        let redirect_uri = format!("{}/auth/redirect", self.url);
        let mut call = self.msal.initiate_auth_code_flow(SCOPES, redirect_uri);
        if let Some(claims) = claims {
            call = call.claims(claims);
        }
        let flow = call.await?;
        let redirect = Redirect::to(flow.auth_uri().as_str());
        let key = self.sessions.keep_sign_in(flow);
        Ok((cookies::headers([cookies::set_sign_in(&key)]), redirect).into_response())
    }

    /// Whose session the request belongs to.
    async fn account(&self, headers: &HeaderMap) -> Result<Option<Account>, msal::Error> {
        let session = cookies::find(headers, cookies::SESSION);
        let Some(id) = session.and_then(|key| self.sessions.home_account_id(key)) else {
            return Ok(None);
        };
        Ok(self.msal.accounts().home_account_id(&id).await?.pop())
    }

    /// Whether one of our own pages sent the form. The cookies are `SameSite=Lax`, but all of localhost is one site.
    fn check_origin(&self, headers: &HeaderMap) -> Result<(), Failure> {
        match headers.get(ORIGIN) {
            Some(origin) if origin.as_bytes() == self.url.as_bytes() => Ok(()),
            _ => Err(Failure::Refused("Another site sent that form.")),
        }
    }
}

/// What the browser is told when something does not work out.
enum Failure {
    Refused(&'static str),
    SignIn(msal::Error),
    Other(Box<dyn Error + Send + Sync>),
}

impl From<msal::Error> for Failure {
    fn from(error: msal::Error) -> Self {
        Self::SignIn(error)
    }
}

impl From<Box<dyn Error + Send + Sync>> for Failure {
    fn from(error: Box<dyn Error + Send + Sync>) -> Self {
        Self::Other(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, title, text) = match self {
            Self::Refused(why) => (StatusCode::BAD_REQUEST, "Sorry", why.to_owned()),
            // The user's own doing, or an administrator's: `access_denied` after "Cancel".
            Self::SignIn(error) if error.code().is_some() => (
                StatusCode::FORBIDDEN,
                "You are not signed in",
                error.code().unwrap_or_default().to_owned(),
            ),
            Self::SignIn(error) => internal(&error),
            Self::Other(error) => internal(&*error),
        };
        let body = format!(
            "<p id=error>{}</p><p><a href=/>Back</a></p>",
            escaped(&text)
        );
        (status, page(title, &body)).into_response()
    }
}

/// The error is for whoever runs the app.
fn internal(error: &dyn Error) -> (StatusCode, &'static str, String) {
    eprintln!("{error}");
    let text = "Please try again later.".to_owned();
    (StatusCode::BAD_GATEWAY, "Something went wrong", text)
}

#[expect(clippy::print_stdout, reason = "it is for whoever runs the app")]
fn say_where(url: &str, registration: &Registration) {
    if let Some(local) = registration.local() {
        println!("{}", support::how_to_browse(local, url));
    }
    println!("Open {url}");
}
