//! The authorization code grant: the URL that a browser goes to, the response that comes back, and the request that
//! redeems its code. RFC 6749 section 4.1 with PKCE, RFC 7636, and OpenID Connect Core section 3.1.

use std::fmt;

use subtle::ConstantTimeEq;
use url::Url;
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::UserRequest;
use crate::secret::Redacted;
use crate::{
    AuthorizationCode, CorrelationId, Error, ErrorKind, PkceVerifier, Request, ServerError,
};

/// Builds the request that redeems a code.
pub fn request(
    code: &AuthorizationCode,
    redirect_uri: &str,
    verifier: &PkceVerifier,
    user: &UserRequest<'_>,
    token_endpoint: &Url,
    correlation_id: CorrelationId,
) -> Result<Request, Error> {
    let form = user
        .form("authorization_code")
        .with("code", code.expose())
        .with("redirect_uri", redirect_uri)
        .with("code_verifier", verifier.expose());
    user.post(form, token_endpoint, correlation_id)
}

/// The URL that a browser goes to: `endpoint` with these parameters, but for those without a value, after whatever
/// query it has already.
pub fn authorization_url<'a>(
    endpoint: &Url,
    parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Url {
    let mut url = endpoint.clone();
    let given = parameters
        .into_iter()
        .filter(|(_, value)| !value.is_empty());
    url.query_pairs_mut().extend_pairs(given);
    url
}

/// What came back from a browser, read but not believed: nothing is looked at before [`Self::has_state`] says so.
#[derive(Clone)]
pub struct AuthorizationResponse(Vec<(String, Zeroizing<String>)>);

impl AuthorizationResponse {
    /// Reads the query or the form body that came to the redirect URI; a leading `?` and a whole URL are taken too.
    ///
    /// Fails for more than 64 parameters or 64 KiB.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if text.len() > LONGEST {
            return Err(malformed("it is longer than 64 KiB"));
        }
        let query = match text.starts_with("http://") || text.starts_with("https://") {
            true => of_url(text),
            false => text.strip_prefix(['?', '#']).unwrap_or(text),
        };
        let pairs = form_urlencoded::parse(query.as_bytes());
        let pairs =
            pairs.map(|(name, value)| (name.into_owned(), Zeroizing::new(value.into_owned())));
        let pairs: Vec<_> = pairs.take(MOST_PARAMETERS + 1).collect();
        if pairs.len() > MOST_PARAMETERS {
            return Err(malformed("it has more than 64 parameters"));
        }
        Ok(Self(pairs))
    }

    /// Whether it holds exactly one `state`, and that is this one. Takes the same time for every wrong one.
    pub fn has_state(&self, state: &str) -> bool {
        let mut states = self.0.iter().filter(|(name, _)| name == "state");
        let (Some((_, ours)), None) = (states.next(), states.next()) else {
            return false;
        };
        ours.as_bytes().ct_eq(state.as_bytes()).into()
    }

    /// The code, or the error that came in its stead. A parameter that is there twice is none, and no code counts beside
    /// an error.
    pub(crate) fn outcome(&self) -> Result<AuthorizationCode, Error> {
        if self.has("error") {
            let code = self.value("error").filter(|code| !code.is_empty());
            let code = code.ok_or_else(|| malformed("it has an `error` that tells nothing"))?;
            let server = ServerError::of_authorization(
                code,
                self.value("error_description"),
                self.value("suberror")
                    .or_else(|| self.value("error_subcode")),
                self.value("claims"),
            );
            let kind = match code {
                "interaction_required"
                | "login_required"
                | "consent_required"
                | "account_selection_required" => ErrorKind::InteractionRequired,
                _ => ErrorKind::Server,
            };
            return Err(Error::new(kind).with_server_error(server));
        }
        match self.value("code") {
            Some(code) if !code.is_empty() => Ok(AuthorizationCode::new(code)),
            _ => Err(malformed("it has neither a `code` nor an `error`")),
        }
    }

    /// Whether a parameter is there, once or more.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(own, _)| own == name)
    }

    /// A parameter that is there once.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let mut named = self.0.iter().filter(|(own, _)| own == name);
        match (named.next(), named.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }
}

impl fmt::Debug for AuthorizationResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(|(name, _)| (name, Redacted));
        f.debug_map().entries(names).finish()
    }
}

/// The part of a redirect that holds the response: the query, or the fragment where that was the response mode.
fn of_url(url: &str) -> &str {
    let (before, fragment) = url.split_once('#').unwrap_or((url, ""));
    let query = before.split_once('?').map_or("", |(_, query)| query);
    // A browser may add an empty fragment by itself.
    if fragment.contains('=') {
        fragment
    } else {
        query
    }
}

fn malformed(why: &'static str) -> Error {
    Error::new(ErrorKind::InvalidResponse("authorization response")).because(why)
}

const LONGEST: usize = 64 * 1024;
const MOST_PARAMETERS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> AuthorizationResponse {
        AuthorizationResponse::parse(text).unwrap()
    }

    #[test]
    fn a_response_is_read_from_whatever_it_comes_in() {
        for text in [
            "code=c&state=s",
            "?code=c&state=s",
            "http://localhost:1234/?code=c&state=s",
            "http://localhost:1234/?code=c&state=s#",
            "https://web.example/x#code=c&state=s",
            "#code=c&state=s",
            " code=c&state=s\n",
        ] {
            let response = read(text);
            assert!(response.has_state("s"), "{text}");
            assert_eq!(response.outcome().unwrap().expose(), "c", "{text}");
        }
    }

    #[test]
    fn only_one_state_that_is_ours_will_do() {
        for text in [
            "code=c",
            "code=c&state=",
            "state=t",
            "state=s&state=s",
            "State=s",
            "state=s%20",
        ] {
            assert!(!read(text).has_state("s"), "{text}");
        }
    }

    #[test]
    fn an_error_outranks_a_code_and_twice_is_never() {
        let error = read("code=c&error=access_denied&error_subcode=cancel")
            .outcome()
            .unwrap_err();
        assert_eq!(error.code(), Some("access_denied"));
        assert_eq!(error.server().unwrap().suberror(), Some("cancel"));
        assert!(!error.needs_interaction());
        assert!(
            read("error=login_required")
                .outcome()
                .unwrap_err()
                .needs_interaction()
        );
        assert!(read("code=c&code=d").outcome().is_err());
        assert!(read("state=s").outcome().is_err());
    }

    #[test]
    fn more_than_a_browser_would_send_is_refused() {
        assert!(AuthorizationResponse::parse(&"a=b&".repeat(65)).is_err());
        assert!(AuthorizationResponse::parse(&"a".repeat(LONGEST + 1)).is_err());
    }

    #[test]
    fn nothing_of_a_response_is_shown() {
        let shown = format!("{:?}", read("code=sesame&state=s3cret"));
        assert!(
            !shown.contains("sesame") && !shown.contains("s3cret"),
            "{shown}"
        );
    }

    #[test]
    fn a_query_that_is_there_stays() {
        let endpoint = Url::parse("https://b2c.test/authorize?p=policy").unwrap();
        let url = authorization_url(&endpoint, [("scope", "a b"), ("prompt", "")]);
        assert_eq!(
            url.as_str(),
            "https://b2c.test/authorize?p=policy&scope=a+b"
        );
    }
}
