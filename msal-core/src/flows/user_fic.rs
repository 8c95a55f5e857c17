//! A sign-in of an agent identity as its own user, by the credential that it holds for it.

use url::Url;

use super::cached::Wanted;
use super::finish::Whose;
use super::user_grant::UserGrant;
use crate::app::App;
use crate::flow::Io;
use crate::protocol::user_fic::{self, FederatedUser};
use crate::protocol::{UserHint, UserRequest};
use crate::{AuthenticationResult, Error, UserFederatedIdentityCredential};

/// Who signs in, and by what.
pub(crate) struct AgentUser {
    pub(crate) credential: UserFederatedIdentityCredential,
    pub(crate) user: FederatedUser,
}

/// Redeems the credential, and keeps what comes of it as a new sign-in.
pub(crate) async fn acquire(
    who: AgentUser,
    wanted: Wanted,
    app: App,
    mut io: Io,
) -> Result<AuthenticationResult, Error> {
    let (username, id) = match &who.user {
        FederatedUser::ObjectId(id) => {
            let tenant = wanted.authority.tenant().unwrap_or_default();
            (None, [id, ".", tenant].concat())
        }
        FederatedUser::Username(name) => (Some(name.as_str()), String::new()),
    };
    let whose = Whose::New {
        source: "user_fic",
        username,
    };
    let make = |user: &UserRequest<'_>, endpoint: &Url, id| {
        user_fic::request(&who.credential, &who.user, user, endpoint, id)
    };
    let grant = UserGrant {
        user: match username {
            Some(name) => UserHint::Username(name),
            None => UserHint::HomeAccountId(&id),
        },
        ..UserGrant::new(whose, &wanted, &app)
    };
    grant.redeem(make, &mut io).await
}
