use std::fmt;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use serde::Deserialize;
use url::Url;
use zeroize::Zeroizing;

use super::{answer, required};
use crate::managed_identity::endpoint::{self, PlainHttp};
use crate::{ClientAssertion, Error, ErrorKind, Request, Response, SendOptions};

/// A run of Azure Pipelines, which gets tokens for a service connection that uses workload identity federation.
///
/// Source: <https://learn.microsoft.com/rest/api/azure/devops/distributedtask/oidctoken/create>.
#[derive(Clone)]
pub struct AzurePipelines {
    url: Url,
    token: Zeroizing<String>,
}

impl AzurePipelines {
    pub(super) const NAME: &str = "Azure Pipelines";

    /// The run that the environment variable `SYSTEM_OIDCREQUESTURI` tells of, for the service connection of this id.
    ///
    /// `system_access_token` is the run's `$(System.AccessToken)`, which a step gets by its `env`. Fails where one of
    /// them is empty, and for an address that the token must not be sent to.
    pub fn read(
        service_connection_id: &str,
        system_access_token: impl Into<String>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Error> {
        let id = Some(service_connection_id.to_owned());
        let id = required("service connection id", id, "it is empty")?;
        let token = Some(system_access_token.into());
        let token = required(
            ACCESS_TOKEN,
            token,
            "it is empty: map `$(System.AccessToken)` into the step's `env`",
        )?;
        const WHY: &str = "it is not set: is this a run of Azure Pipelines?";
        let url = required(REQUEST_URI, variable(REQUEST_URI), WHY)?;
        let mut url = endpoint::parse(&url, REQUEST_URI, PlainHttp::Loopback)?;
        url.query_pairs_mut()
            .append_pair("api-version", "7.1")
            .append_pair("serviceConnectionId", &id);
        Ok(Self {
            url,
            token: Zeroizing::new(token),
        })
    }

    /// The request for a token. It holds a secret.
    pub fn request(&self) -> Result<Request, Error> {
        let malformed = || {
            Error::new(ErrorKind::InvalidArgument(ACCESS_TOKEN)).because("it fits into no header")
        };
        let bearer = Zeroizing::new(["Bearer ", &self.token].concat());
        let mut bearer = HeaderValue::try_from(bearer.as_str()).map_err(|_| malformed())?;
        bearer.set_sensitive(true);
        http::Request::post(self.url.as_str())
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header(AUTHORIZATION, bearer)
            .header(NO_REDIRECT, HeaderValue::from_static("Suppress"))
            .extension(SendOptions::default())
            .body(Bytes::new())
            .map_err(|_| malformed())
    }

    /// Reads the answer.
    pub fn parse(response: &Response) -> Result<ClientAssertion, Error> {
        answer::token(
            response,
            "oidcToken",
            &["x-vss-e2eid", "x-msedge-ref"],
            |wire: Wire| wire.oidc_token.map(Zeroizing::new),
        )
    }
}

impl fmt::Debug for AzurePipelines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AzurePipelines")
            .field("host", &self.url.host_str())
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "oidcToken")]
    oidc_token: Option<String>,
}

const ACCESS_TOKEN: &str = "system access token";
/// Otherwise a refusal is a redirect to a page for signing in.
const NO_REDIRECT: HeaderName = HeaderName::from_static("x-tfs-fedauthredirect");
const REQUEST_URI: &str = "SYSTEM_OIDCREQUESTURI";

#[cfg(test)]
mod tests {
    use super::*;

    fn run(id: &str, token: &str, uri: Option<&'static str>) -> Result<AzurePipelines, Error> {
        AzurePipelines::read(id, token, |name| {
            assert_eq!(name, REQUEST_URI);
            uri.map(str::to_owned)
        })
    }

    #[test]
    fn a_request_is_a_post_without_a_body() {
        let run = run(
            "c&d",
            "canary",
            Some("https://dev.azure.test/o/p/oidctoken"),
        )
        .unwrap();
        let request = run.request().unwrap();
        assert_eq!(
            format!("{} {}", request.method(), request.uri()),
            "POST https://dev.azure.test/o/p/oidctoken?api-version=7.1&serviceConnectionId=c%26d"
        );
        let header = |name| request.headers()[name].to_str().unwrap();
        assert_eq!(header("authorization"), "Bearer canary");
        assert_eq!(header("x-tfs-fedauthredirect"), "Suppress");
        assert!(request.body().is_empty());
        assert!(!format!("{run:?} {request:?}").contains("canary"));
    }

    #[test]
    fn what_is_missing_is_named() {
        let kind = |outcome: Result<AzurePipelines, Error>| outcome.unwrap_err().kind().clone();
        let uri = Some("https://dev.azure.test/");
        let missing = ErrorKind::InvalidArgument;
        assert_eq!(kind(run("", "t", uri)), missing("service connection id"));
        assert_eq!(kind(run("c", "", uri)), missing(ACCESS_TOKEN));
        assert_eq!(kind(run("c", "t", None)), missing(REQUEST_URI));
        let plain = Some("http://dev.azure.test/");
        assert_eq!(kind(run("c", "t", plain)), missing(REQUEST_URI));
        let error = run("c", "a\nb", uri).unwrap().request().unwrap_err();
        assert_eq!(error.kind(), &missing(ACCESS_TOKEN));
    }

    #[test]
    fn a_refusal_quotes_what_support_asks_for() {
        let refused = http::Response::builder()
            .status(403)
            .header("x-vss-e2eid", "e2e-7")
            .header("x-msedge-ref", "Ref A: 1")
            .body(Bytes::from_static(b"{\"message\":\"TF400813\"}"))
            .unwrap();
        let text = AzurePipelines::parse(&refused).unwrap_err().to_string();
        for part in [
            "x-vss-e2eid: e2e-7",
            "x-msedge-ref: Ref A: 1",
            "TF400813",
            "403",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }
}
