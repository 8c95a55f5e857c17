use std::fmt;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use serde::Deserialize;
use url::Url;
use zeroize::Zeroizing;

use super::{AUDIENCE, answer, required};
use crate::managed_identity::endpoint::{self, PlainHttp};
use crate::{ClientAssertion, Error, ErrorKind, Request, Response, SendOptions};

/// A run of GitHub Actions that may ask for tokens about itself: its job has the permission `id-token: write`.
///
/// Source: <https://docs.github.com/actions/reference/security/oidc>.
#[derive(Clone)]
pub struct GitHubActions {
    url: Url,
    token: Zeroizing<String>,
    audience: String,
}

impl GitHubActions {
    pub(super) const NAME: &str = "GitHub Actions";

    /// The run that these environment variables tell of: `ACTIONS_ID_TOKEN_REQUEST_URL` and
    /// `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
    ///
    /// Fails where one is missing, and for an address that the token must not be sent to.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        const WHY: &str = "it is not set: is this a run of GitHub Actions, and has its job the permission `id-token: write`?";
        let url = required(REQUEST_URL, variable(REQUEST_URL), WHY)?;
        let token = required(REQUEST_TOKEN, variable(REQUEST_TOKEN), WHY)?;
        Ok(Self {
            url: endpoint::parse(&url, REQUEST_URL, PlainHttp::Loopback)?,
            token: Zeroizing::new(token),
            audience: AUDIENCE.to_owned(),
        })
    }

    /// Whom the tokens are for, where the application's registration names another than `api://AzureADTokenExchange`, as
    /// in other clouds.
    #[must_use]
    pub fn audience(self, audience: impl Into<String>) -> Self {
        Self {
            audience: audience.into(),
            ..self
        }
    }

    /// The request for a token. It holds a secret.
    pub fn request(&self) -> Result<Request, Error> {
        let mut url = self.url.clone();
        url.query_pairs_mut()
            .append_pair("audience", &self.audience);
        let malformed = || {
            Error::new(ErrorKind::InvalidArgument(REQUEST_TOKEN)).because("it fits into no header")
        };
        let bearer = Zeroizing::new(["bearer ", &self.token].concat());
        let mut bearer = HeaderValue::try_from(bearer.as_str()).map_err(|_| malformed())?;
        bearer.set_sensitive(true);
        http::Request::get(url.as_str())
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .header(AUTHORIZATION, bearer)
            .extension(SendOptions::default())
            .body(Bytes::new())
            .map_err(|_| malformed())
    }

    /// Reads the answer.
    pub fn parse(response: &Response) -> Result<ClientAssertion, Error> {
        answer::token(response, "value", &["x-github-request-id"], |wire: Wire| {
            wire.value.map(Zeroizing::new)
        })
    }
}

impl fmt::Debug for GitHubActions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitHubActions")
            .field("host", &self.url.host_str())
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Wire {
    value: Option<String>,
}

const REQUEST_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";
const REQUEST_URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";

#[cfg(test)]
mod tests {
    use super::*;

    fn run(url: &'static str) -> Result<GitHubActions, Error> {
        GitHubActions::read(|name| match name {
            REQUEST_URL => Some(url.to_owned()),
            REQUEST_TOKEN => Some("canary".to_owned()),
            _ => None,
        })
    }

    #[test]
    fn a_request_keeps_the_query_and_names_the_audience() {
        let run = run("https://run.actions.test/idtoken/1?api-version=2.0").unwrap();
        let request = run.request().unwrap();
        assert_eq!(
            request.uri().to_string(),
            "https://run.actions.test/idtoken/1?api-version=2.0&audience=api%3A%2F%2FAzureADTokenExchange"
        );
        assert_eq!(request.headers()["authorization"], "bearer canary");
        assert!(!format!("{run:?} {request:?}").contains("canary"));
        let request = run.audience("api://other").request().unwrap();
        assert!(
            request
                .uri()
                .query()
                .unwrap()
                .ends_with("audience=api%3A%2F%2Fother")
        );
    }

    #[test]
    fn a_token_is_sent_over_tls_or_within_this_machine() {
        for url in [
            "http://127.0.0.1:1/t?a=b",
            "http://localhost:1/",
            "https://a.test/",
        ] {
            assert!(run(url).is_ok(), "{url}");
        }
        for url in [
            "http://run.actions.test/",
            "http://10.0.0.1/",
            "http://169.254.169.254/",
            "https://user@run.actions.test/",
            "https://run.actions.test@evil.test/",
            "https://run.actions.test/#",
            "ftp://run.actions.test/",
            "run.actions.test",
            "https://",
        ] {
            let error = run(url).unwrap_err();
            let named = ErrorKind::InvalidArgument(REQUEST_URL);
            assert_eq!(error.kind(), &named, "{url}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = GitHubActions::read(|_| None).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::InvalidArgument(REQUEST_URL));
        let error = GitHubActions::read(|name| {
            Some(
                if name == REQUEST_URL {
                    "https://a.test"
                } else {
                    " "
                }
                .to_owned(),
            )
        });
        let named = ErrorKind::InvalidArgument(REQUEST_TOKEN);
        assert_eq!(error.unwrap_err().kind(), &named);
    }

    #[test]
    fn an_answer_holds_a_token_or_is_an_error() {
        let answer = |status: u16, body: &'static str| {
            let body = Bytes::from_static(body.as_bytes());
            let answer = http::Response::builder().status(status).body(body).unwrap();
            GitHubActions::parse(&answer)
        };
        let token = answer(200, r#"{"count":1,"value":"a.b.c"}"#).unwrap();
        assert_eq!(token.expose(), "a.b.c");
        for body in [
            "",
            "[]",
            "{}",
            r#"{"value":null}"#,
            r#"{"value":""}"#,
            r#"{"value":"a\nb"}"#,
        ] {
            let error = answer(200, body).unwrap_err();
            let kind = ErrorKind::InvalidResponse("issuer's answer");
            assert_eq!(error.kind(), &kind, "{body}");
        }
        let error = answer(401, r#"{"message":"no"}"#).unwrap_err();
        assert_eq!(error.server().unwrap().status(), 401);
    }
}
