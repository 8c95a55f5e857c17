//! The resource owner password grant, RFC 6749 section 4.3: the user's name and password, handed in by the program.
//!
//! Discouraged: no second factor is possible, and the program sees the password.

use std::fmt;

use http::header::{HeaderName, HeaderValue};
use url::Url;

use super::Post;
use crate::credential::ClientAuthentication;
use crate::secret::Redacted;
use crate::{CorrelationId, Error, ErrorKind, Password, Request};

/// What the request says.
#[derive(Clone, Copy)]
pub struct PasswordGrant<'a> {
    /// The application.
    pub client_id: &'a str,
    /// How a confidential client proves who it is.
    pub authentication: Option<&'a ClientAuthentication>,
    /// The user's name.
    pub username: &'a str,
    /// The user's password.
    pub password: &'a Password,
    /// What it asks for, with the scopes of a sign-in among it; separated by spaces.
    pub scope: &'a str,
    /// The merged claims, the text of a JSON object.
    pub claims: Option<&'a str>,
    /// Further parameters.
    pub parameters: &'a [(String, String)],
}

impl fmt::Debug for PasswordGrant<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters = self.parameters.iter().map(|(name, _)| name);
        f.debug_struct("PasswordGrant")
            .field("client_id", &self.client_id)
            .field("authentication", &self.authentication)
            .field("username", &Redacted)
            .field("password", &self.password)
            .field("scope", &self.scope)
            .field("claims", &self.claims.map(|_| Redacted))
            .field("parameters", &parameters.collect::<Vec<_>>())
            .finish()
    }
}

/// Builds the request. Fails with [`ErrorKind::InvalidArgument`] where the user name or the password is empty.
pub fn request(
    grant: &PasswordGrant<'_>,
    token_endpoint: &Url,
    correlation_id: CorrelationId,
) -> Result<Request, Error> {
    let password = grant.password.expose();
    for (text, name) in [(grant.username, "user name"), (password, "password")] {
        if text.is_empty() {
            return Err(Error::new(ErrorKind::InvalidArgument(name)).because("it is empty"));
        }
    }
    let authentication = grant.authentication.into_iter();
    let mut request = Post::new()
        .with("client_id", grant.client_id)
        .with("grant_type", "password")
        .with("username", grant.username)
        .with("password", password)
        .with("scope", grant.scope)
        .with("client_info", "1")
        .with_all(authentication.flat_map(ClientAuthentication::form_pairs))
        .with("claims", grant.claims.unwrap_or_default())
        .with_all(grant.parameters.iter().map(|(name, value)| (name, value)))
        .to(token_endpoint, correlation_id)?;
    if let Some(mailbox) = anchor_mailbox(grant.username) {
        request.headers_mut().insert(ANCHOR_MAILBOX, mailbox);
    }
    Ok(request)
}

/// Where the user's data is: a hint for routing, which may be missing. Names that do not fit a header have none.
fn anchor_mailbox(username: &str) -> Option<HeaderValue> {
    if !username.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let mut value = HeaderValue::try_from(["UPN:", username].concat()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

const ANCHOR_MAILBOX: HeaderName = HeaderName::from_static("x-anchormailbox");

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(username: &str, authentication: Option<&ClientAuthentication>) -> Request {
        let grant = PasswordGrant {
            client_id: "app",
            authentication,
            username,
            password: &Password::new("canary&pass=word ü"),
            scope: "User.Read offline_access openid profile",
            claims: Some("{}"),
            parameters: &[("dc".to_owned(), "x".to_owned())],
        };
        assert!(
            !format!("{grant:?}{grant:#?}").contains("canary"),
            "{grant:?}"
        );
        let endpoint = Url::parse("https://login.test/t/oauth2/v2.0/token").unwrap();
        let id = "0f8fad5b-d9cb-469f-a165-70867728950e".parse().unwrap();
        request(&grant, &endpoint, id).unwrap()
    }

    #[test]
    fn a_public_client_sends_name_and_password() {
        let request = sent("canary@contoso.com", None);
        assert_eq!(
            request.body(),
            "client_id=app&grant_type=password&username=canary%40contoso.com&password=canary%26pass%3Dword+%C3%BC\
             &scope=User.Read+offline_access+openid+profile&client_info=1&claims=%7B%7D&dc=x"
        );
        let mailbox = &request.headers()["x-anchormailbox"];
        assert_eq!(mailbox, "UPN:canary@contoso.com");
        assert!(!format!("{:?}", request.headers()).contains("canary"));
    }

    #[test]
    fn a_confidential_client_proves_itself_too() {
        let secret = ClientAuthentication::Secret("hush".into());
        let request = sent("u@contoso.com", Some(&secret));
        let body = String::from_utf8_lossy(request.body()).into_owned();
        assert!(
            body.contains("&client_info=1&client_secret=hush&claims="),
            "{body}"
        );
    }

    #[test]
    fn a_name_that_does_not_fit_a_header_is_left_out_of_it() {
        for username in ["bücher@contoso.com", "a b@contoso.com", "a\r\nx: y", "a\0"] {
            let request = sent(username, None);
            assert!(
                !request.headers().contains_key("x-anchormailbox"),
                "{username:?}"
            );
        }
    }

    #[test]
    fn empty_names_and_passwords_are_not_sent() {
        for (username, password, name) in [("", "p", "user name"), ("u", "", "password")] {
            let grant = PasswordGrant {
                client_id: "app",
                authentication: None,
                username,
                password: &Password::new(password),
                scope: "openid",
                claims: None,
                parameters: &[],
            };
            let endpoint = Url::parse("https://login.test/token").unwrap();
            let id = "0f8fad5b-d9cb-469f-a165-70867728950e".parse().unwrap();
            let error = request(&grant, &endpoint, id).unwrap_err();
            assert_eq!(error.kind(), &ErrorKind::InvalidArgument(name));
        }
    }
}
