use std::fmt;

use http::header::{HeaderName, HeaderValue};
use url::Url;

use super::Post;
use crate::credential::ClientAuthentication;
use crate::secret::Redacted;
use crate::{CorrelationId, Error, Request, Scopes};

/// What every request for a user's tokens says, whatever the grant.
#[derive(Clone, Copy)]
pub struct UserRequest<'a> {
    /// The application.
    pub client_id: &'a str,
    /// How it proves who it is; none for a public client.
    pub authentication: Option<&'a ClientAuthentication>,
    /// What it asks for. The scopes that give an id token and a refresh token are added.
    pub scopes: &'a Scopes,
    /// The merged claims, the text of a JSON object.
    pub claims: Option<&'a str>,
    /// Whose request it is, as far as that is known, for the identity provider's routing.
    pub user: UserHint<'a>,
    /// Further parameters.
    pub parameters: &'a [(String, String)],
}

/// Whose request it is. A hint for routing: nothing depends on it.
#[derive(Clone, Copy, Default)]
#[non_exhaustive]
pub enum UserHint<'a> {
    /// A user known by home account id (`uid.utid`).
    HomeAccountId(&'a str),
    /// Not known.
    #[default]
    None,
    /// A user known by the name they sign in with.
    Username(&'a str),
}

impl UserRequest<'_> {
    /// The form of this grant, to which the grant adds its own.
    pub(super) fn form(&self, grant_type: &str) -> Post {
        Post::new()
            .with("client_id", self.client_id)
            .with("grant_type", grant_type)
            .with("scope", self.scopes.of_sign_in().as_str())
            .with("client_info", "1")
            .with("claims", self.claims.unwrap_or_default())
            .with_all(
                self.authentication
                    .into_iter()
                    .flat_map(ClientAuthentication::form_pairs),
            )
            .with_all(self.parameters.iter().map(|(name, value)| (name, value)))
    }

    /// The request that posts a form of this.
    pub(super) fn post(
        &self,
        form: Post,
        endpoint: &Url,
        correlation_id: CorrelationId,
    ) -> Result<Request, Error> {
        let mut request = form.to(endpoint, correlation_id)?;
        if let Some(value) = self.user.header() {
            request.headers_mut().insert(ANCHOR_MAILBOX, value);
        }
        Ok(request)
    }
}

impl UserHint<'_> {
    /// The value of `X-AnchorMailbox`; none where it would not fit into a header.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        let text = match self {
            Self::HomeAccountId(id) => {
                let (uid, utid) = id.split_once('.')?;
                ["Oid:", uid, "@", utid].concat()
            }
            Self::None => return None,
            // Some servers choke on what is not printable.
            Self::Username(name) if !name.bytes().all(|byte| byte.is_ascii_graphic()) => {
                return None;
            }
            Self::Username(name) => ["UPN:", name].concat(),
        };
        let mut value = HeaderValue::try_from(text).ok()?;
        // It is about a person.
        value.set_sensitive(true);
        Some(value)
    }
}

impl fmt::Debug for UserRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters = self.parameters.iter().map(|(name, _)| name);
        f.debug_struct("UserRequest")
            .field("client_id", &self.client_id)
            .field("authentication", &self.authentication)
            .field("scopes", &self.scopes)
            .field("claims", &self.claims.map(|_| Redacted))
            .field("parameters", &parameters.collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for UserHint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HomeAccountId(_) => "HomeAccountId([redacted])",
            Self::None => "None",
            Self::Username(_) => "Username([redacted])",
        })
    }
}

const ANCHOR_MAILBOX: HeaderName = HeaderName::from_static("x-anchormailbox");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_is_a_header_where_it_fits_into_one() {
        let header = |hint: UserHint<'_>| Some(hint.header()?.to_str().unwrap().to_owned());
        let oid = header(UserHint::HomeAccountId("u.t"));
        assert_eq!(oid.as_deref(), Some("Oid:u@t"));
        let upn = header(UserHint::Username("a@b"));
        assert_eq!(upn.as_deref(), Some("UPN:a@b"));
        assert_eq!(header(UserHint::HomeAccountId("sub")), None);
        for username in ["bücher@contoso.com", "a b@contoso.com", "a\r\nx: y", "a\0"] {
            assert!(
                UserHint::Username(username).header().is_none(),
                "{username:?}"
            );
        }
    }
}
