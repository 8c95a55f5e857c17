//! Signing out of the browser.

use url::Url;

use crate::app::{App, LogoutOptions};
use crate::flow::Io;
use crate::protocol::auth_code::authorization_url;
use crate::store::{Entity, UserFilter};
use crate::{Account, AuthorityKind, Error, ErrorKind, IdTokenClaims};

/// The URL that ends a session, OpenID Connect RP-Initiated Logout section 2.
pub(crate) async fn url(options: &LogoutOptions, app: &App, io: &mut Io) -> Result<Url, Error> {
    let endpoints = app.directory.resolve(&app.authority, io).await?;
    let Some(endpoint) = &endpoints.end_session else {
        return Err(
            Error::new(ErrorKind::Unsupported("signing out of the browser"))
                .because("this authority names no endpoint for it"),
        );
    };
    let hint = options
        .account
        .as_ref()
        .and_then(|account| hint(account, app));
    let id = io.correlation_id().to_string();
    let is_microsoft = app.authority.kind() != AuthorityKind::Oidc;
    let parameters = [
        (
            "post_logout_redirect_uri",
            options.post_logout_redirect_uri.as_deref(),
        ),
        ("logout_hint", hint.as_deref()),
        ("state", options.state.as_deref()),
        ("client_id", Some(&*app.client_id).filter(|_| !is_microsoft)),
        ("client-request-id", Some(&*id).filter(|_| is_microsoft)),
    ];
    let given = parameters
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    Ok(authorization_url(endpoint, given))
}

/// What the cached id token says to find the user by.
fn hint(account: &Account, app: &App) -> Option<String> {
    let filter = UserFilter::HomeAccountId(account.home_account_id());
    let users = app.store.users(app.authority.cloud(), filter);
    let mut entities = users.iter().flat_map(|user| user.iter());
    entities.find_map(|entity| {
        let Entity::IdToken(token) = entity else {
            return None;
        };
        let claims = IdTokenClaims::parse(&token.secret).ok()?;
        claims.login_hint().map(str::to_owned)
    })
}
