//! The resource owner password grant, RFC 6749 section 4.3: the user's name and password, handed in by the program.
//!
//! Discouraged: no second factor is possible, and the program sees the password.

use url::Url;

use super::UserRequest;
use crate::{CorrelationId, Error, ErrorKind, Password, Request};

/// Builds the request. Fails with [`ErrorKind::InvalidArgument`] where the user name or the password is empty.
pub fn request(
    username: &str,
    password: &Password,
    user: &UserRequest<'_>,
    token_endpoint: &Url,
    correlation_id: CorrelationId,
) -> Result<Request, Error> {
    let password = password.expose();
    for (text, name) in [(username, "user name"), (password, "password")] {
        if text.is_empty() {
            return Err(Error::new(ErrorKind::InvalidArgument(name)).because("it is empty"));
        }
    }
    let form = user
        .form("password")
        .with("username", username)
        .with("password", password);
    user.post(form, token_endpoint, correlation_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scopes;
    use crate::protocol::UserHint;

    fn sent(username: &str, password: &str) -> Result<Request, Error> {
        let user = UserRequest {
            client_id: "app",
            authentication: None,
            scopes: &Scopes::granted("User.Read"),
            claims: Some("{}"),
            user: UserHint::Username(username),
            parameters: &[("dc".to_owned(), "x".to_owned())],
        };
        let endpoint = Url::parse("https://login.test/t/oauth2/v2.0/token").unwrap();
        let id = "0f8fad5b-d9cb-469f-a165-70867728950e".parse().unwrap();
        request(username, &Password::new(password), &user, &endpoint, id)
    }

    #[test]
    fn a_public_client_sends_name_and_password() {
        let request = sent("canary@contoso.com", "canary&pass=word ü").unwrap();
        assert_eq!(
            request.body(),
            "client_id=app&grant_type=password&scope=User.Read+offline_access+openid+profile&client_info=1\
             &claims=%7B%7D&dc=x&username=canary%40contoso.com&password=canary%26pass%3Dword+%C3%BC"
        );
        let mailbox = &request.headers()["x-anchormailbox"];
        assert_eq!(mailbox, "UPN:canary@contoso.com");
        assert!(!format!("{:?}", request.headers()).contains("canary"));
    }

    #[test]
    fn empty_names_and_passwords_are_not_sent() {
        for (username, password, name) in [("", "p", "user name"), ("u", "", "password")] {
            let error = sent(username, password).unwrap_err();
            assert_eq!(error.kind(), &ErrorKind::InvalidArgument(name));
        }
    }
}
