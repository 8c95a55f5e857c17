//! The grant by which an agent identity signs in as a user of its own, whose federated credential it holds.
//!
//! Source: <https://learn.microsoft.com/entra/agent-id/identity-platform/agent-user-oauth-flow>.

use std::fmt;

use url::Url;
use uuid::Uuid;

use super::UserRequest;
use crate::{CorrelationId, Error, ErrorKind, Request, UserFederatedIdentityCredential};

/// The user that is signed in by a federated credential.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub enum FederatedUser {
    /// By object id, a GUID: it stays when the user is renamed.
    ObjectId(String),
    /// By the name that the user would sign in with.
    Username(String),
}

impl FederatedUser {
    fn parameter(&self) -> Result<(&'static str, &str), Error> {
        let refused = |why| Error::new(ErrorKind::InvalidArgument("federated user")).because(why);
        match self {
            Self::ObjectId(id) => match Uuid::try_parse(id) {
                Ok(read) if read.to_string().eq_ignore_ascii_case(id) => Ok(("user_id", id)),
                _ => Err(refused("an object id is a GUID, with hyphens")),
            },
            Self::Username(name) if name.is_empty() => Err(refused("the name is empty")),
            Self::Username(name) => Ok(("username", name)),
        }
    }
}

impl fmt::Debug for FederatedUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ObjectId(_) => "ObjectId([redacted])",
            Self::Username(_) => "Username([redacted])",
        })
    }
}

/// Refuses what no request can be made of, before anybody is asked.
pub(crate) fn check(
    credential: &UserFederatedIdentityCredential,
    who: &FederatedUser,
) -> Result<(), Error> {
    if credential.expose().trim().is_empty() {
        let name = "user federated identity credential";
        return Err(Error::new(ErrorKind::InvalidArgument(name)).because("it is empty"));
    }
    who.parameter().map(drop)
}

/// Builds the request. Fails with [`ErrorKind::InvalidArgument`] where the credential or the user's name is empty, or the
/// user's id no GUID.
pub fn request(
    credential: &UserFederatedIdentityCredential,
    who: &FederatedUser,
    user: &UserRequest<'_>,
    token_endpoint: &Url,
    correlation_id: CorrelationId,
) -> Result<Request, Error> {
    check(credential, who)?;
    let (name, value) = who.parameter()?;
    let form = user
        .form("user_fic")
        .with(
            "user_federated_identity_credential",
            credential.expose().trim(),
        )
        .with(name, value);
    user.post(form, token_endpoint, correlation_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scopes;
    use crate::credential::ClientAuthentication;
    use crate::protocol::UserHint;

    const OID: &str = "a11ce000-5a3f-4c1d-8b2e-0123456789ab";

    fn sent(credential: &str, who: &FederatedUser) -> Result<Request, Error> {
        let authentication = ClientAuthentication::Assertion("t.1.x".into());
        let user = UserRequest {
            client_id: "agent",
            authentication: Some(&authentication),
            scopes: &Scopes::granted("User.Read"),
            claims: None,
            user: UserHint::None,
            parameters: &[],
        };
        let endpoint = Url::parse("https://login.test/t/oauth2/v2.0/token").unwrap();
        let id = "0f8fad5b-d9cb-469f-a165-70867728950e".parse().unwrap();
        request(&credential.into(), who, &user, &endpoint, id)
    }

    #[test]
    fn a_user_is_named_by_id_or_by_name() {
        let common = "client_id=agent&grant_type=user_fic&scope=User.Read+offline_access+openid+profile&client_info=1\
            &client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer\
            &client_assertion=t.1.x&user_federated_identity_credential=t.2.x";
        let by_id = sent(" t.2.x\n", &FederatedUser::ObjectId(OID.into())).unwrap();
        assert_eq!(by_id.body(), &format!("{common}&user_id={OID}"));
        let by_name = sent("t.2.x", &FederatedUser::Username("a@b".into())).unwrap();
        assert_eq!(by_name.body(), &format!("{common}&username=a%40b"));
    }

    #[test]
    fn what_no_request_can_be_made_of_is_refused() {
        let kind = |outcome: Result<Request, Error>| outcome.unwrap_err().kind().clone();
        let name = FederatedUser::Username("a@b".into());
        let empty = ErrorKind::InvalidArgument("user federated identity credential");
        assert_eq!(kind(sent(" ", &name)), empty);
        let user = ErrorKind::InvalidArgument("federated user");
        assert_eq!(
            kind(sent("t", &FederatedUser::Username(String::new()))),
            user
        );
        for id in [
            "",
            "a@b",
            "a11ce0005a3f4c1d8b2e0123456789ab",
            "{a11ce000-5a3f-4c1d-8b2e-0123456789ab}",
        ] {
            assert_eq!(
                kind(sent("t", &FederatedUser::ObjectId(id.into()))),
                user,
                "{id}"
            );
        }
    }

    #[test]
    fn nothing_of_the_user_is_shown() {
        let name = FederatedUser::Username("canary@b".into());
        assert!(!format!("{name:?}").contains("canary"));
    }
}
