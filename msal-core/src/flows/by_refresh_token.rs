//! A token by a refresh token that another library kept: how a program moves its users over without a new sign-in.

use url::Url;

use super::cached::Wanted;
use super::finish::Whose;
use super::user_grant::UserGrant;
use crate::app::App;
use crate::flow::Io;
use crate::protocol::{UserRequest, refresh};
use crate::{AuthenticationResult, Error, RefreshToken};

/// Redeems the refresh token, and keeps what comes of it as a new sign-in.
pub(crate) async fn acquire(
    refresh_token: RefreshToken,
    wanted: Wanted,
    app: App,
    mut io: Io,
) -> Result<AuthenticationResult, Error> {
    let whose = Whose::New {
        source: "refresh_token",
        username: None,
    };
    let make = |user: &UserRequest<'_>, endpoint: &Url, id| {
        refresh::request(&refresh_token, user, endpoint, id)
    };
    let grant = UserGrant {
        refresh_token: Some(&refresh_token),
        ..UserGrant::new(whose, &wanted, &app)
    };
    grant.redeem(make, &mut io).await
}
