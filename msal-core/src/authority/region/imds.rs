//! The instance metadata service of Azure's virtual machines: tells the region that a program runs in.

use std::net::Ipv4Addr;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use url::Url;

use super::Region;
use crate::authority::document;
use crate::authority::host::Host;
use crate::{Error, ErrorKind, ProxyUse, Request, Response, SendOptions, ServerError};

/// Where the instance metadata service is.
///
/// Plain http is for this machine and its link-local network; anything else must be https.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ImdsBase(Url);

impl ImdsBase {
    /// Reads a base URL, such as the value of `AZURE_POD_IDENTITY_AUTHORITY_HOST`. Final slashes do not count.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let malformed =
            |why: &'static str| Error::new(ErrorKind::InvalidArgument(HOST_VARIABLE)).because(why);
        let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'\\' | b'?' | b'#' | b'@' | b'%');
        if !text.bytes().all(plain) {
            return Err(malformed(
                "it must be a plain URL of a host, without user name or query",
            ));
        }
        let text = text.trim_end_matches('/');
        let (secure, rest) = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (true, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (false, rest),
            _ => return Err(malformed("it must begin with http:// or https://")),
        };
        let host = rest.split('/').next().unwrap_or_default();
        let host = Host::parse(host, if secure { 443 } else { 80 }).map_err(malformed)?;
        if !secure && !host.is_loopback() && !is_link_local(&host) {
            return Err(malformed(
                "plain http is for this machine and link-local addresses only: use https",
            ));
        }
        let url = Url::parse(text).map_err(|_| malformed("it is no well-formed URL"))?;
        match Host::of(&url) {
            Some(read) if read == host => Ok(Self(url)),
            _ => Err(malformed("it is written in an ambiguous way")),
        }
    }

    fn compute(&self) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty()
                .extend(["metadata", "instance", "compute"]);
        }
        url
    }
}

impl Default for ImdsBase {
    /// The service's link-local address.
    fn default() -> Self {
        let url = Url::parse("http://169.254.169.254").expect("the literal is a URL");
        Self(url)
    }
}

/// A version of the service's API: a date.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApiVersion(String);

impl ApiVersion {
    fn parse(text: &str) -> Option<Self> {
        let shape = "0000-00-00".bytes();
        let fits = |(ours, theirs): (u8, u8)| match ours {
            b'0' => theirs.is_ascii_digit(),
            _ => theirs == ours,
        };
        (text.len() == shape.len() && shape.zip(text.bytes()).all(fits))
            .then(|| Self(text.to_owned()))
    }
}

impl Default for ApiVersion {
    fn default() -> Self {
        Self("2021-02-01".to_owned())
    }
}

/// What the service said.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// The region that the program runs in.
    Region(Region),
    /// It does not know the version it was asked in.
    UnknownVersion,
}

/// Asks for the machine's description: in this version, or in none, which makes the service list those it has.
pub fn request(base: &ImdsBase, version: Option<&ApiVersion>) -> Result<Request, Error> {
    let mut url = base.compute();
    match version {
        Some(ApiVersion(version)) => url.query_pairs_mut().append_pair("api-version", version),
        None => url.query_pairs_mut().append_pair("format", "json"),
    };
    let options = SendOptions {
        time_left: LONGEST_WAIT,
        max_body: LARGEST,
        // The service refuses what came through a proxy.
        proxy: ProxyUse::Never,
        ..SendOptions::default()
    };
    http::Request::get(url.as_str())
        .header("Metadata", "true")
        .extension(options)
        .body(Bytes::new())
        .map_err(|_| Error::new(ErrorKind::InvalidArgument(HOST_VARIABLE)))
}

/// Reads the machine's description.
pub fn parse(response: &Response) -> Result<Answer, Error> {
    #[derive(Deserialize)]
    struct Compute {
        location: String,
    }
    match response.status().as_u16() {
        200 => {}
        400 => return Ok(Answer::UnknownVersion),
        status => {
            let server = ServerError::read(status, response.body());
            return Err(Error::new(ErrorKind::Server).with_server_error(server));
        }
    }
    let compute: Compute = document::parse(response.body(), DOCUMENT)?;
    match Region::parse(&compute.location) {
        Ok(region) => Ok(Answer::Region(region)),
        Err(error) => Err(Error::new(ErrorKind::InvalidResponse(DOCUMENT)).with_source(error)),
    }
}

/// Reads the newest version that the service has, from its answer of status 400.
pub fn parse_newest_version(response: &Response) -> Result<ApiVersion, Error> {
    #[derive(Deserialize)]
    struct Versions {
        #[serde(rename = "newest-versions")]
        newest: Vec<String>,
    }
    let versions: Versions = document::parse(response.body(), DOCUMENT)?;
    let newest = versions
        .newest
        .first()
        .and_then(|text| ApiVersion::parse(text));
    newest.ok_or_else(|| Error::new(ErrorKind::InvalidResponse(DOCUMENT)))
}

fn is_link_local(host: &Host) -> bool {
    host.name
        .parse()
        .is_ok_and(|v4: Ipv4Addr| v4.is_link_local())
}

pub(super) const HOST_VARIABLE: &str = "AZURE_POD_IDENTITY_AUTHORITY_HOST";
const DOCUMENT: &str = "instance metadata of the machine";
const LONGEST_WAIT: Duration = Duration::from_secs(2);
const LARGEST: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, body: &str) -> Response {
        let response = http::Response::builder().status(status);
        response.body(Bytes::from(body.to_owned())).unwrap()
    }

    #[test]
    fn plain_http_stays_on_this_machine_and_its_link() {
        for (text, shown) in [
            (
                "http://169.254.169.254",
                Some("http://169.254.169.254/metadata/instance/compute"),
            ),
            (
                "http://127.0.0.1:8080//",
                Some("http://127.0.0.1:8080/metadata/instance/compute"),
            ),
            (
                "http://localhost:8080/imds/",
                Some("http://localhost:8080/imds/metadata/instance/compute"),
            ),
            (
                "http://[::1]",
                Some("http://[::1]/metadata/instance/compute"),
            ),
            (
                "https://imds.example",
                Some("https://imds.example/metadata/instance/compute"),
            ),
            ("http://imds.example", None),
            ("http://10.0.0.1", None),
            ("http://169.254.169.254.evil.example", None),
            ("http://169.254.169.254@evil.example", None),
            ("http://2852039166", None),
            ("http://0xa9fea9fe", None),
            ("http://localhost.evil.example", None),
            ("https://user:pass@imds.example", None),
            ("https://imds.example?x", None),
            ("https://imds.example#x", None),
            ("https://imds.example\\x", None),
            ("https://imds.example/%2e", None),
            ("ftp://localhost", None),
            ("localhost:8080", None),
            ("http://", None),
            ("", None),
            ("http://127.0.0.1 ", None),
        ] {
            let base = ImdsBase::parse(text);
            let url = base.as_ref().ok().map(|base| base.compute().to_string());
            assert_eq!(url.as_deref(), shown, "{text}");
            if let Err(error) = base {
                assert_eq!(error.kind(), &ErrorKind::InvalidArgument(HOST_VARIABLE));
                assert!(!error.to_string().contains("pass"));
            }
        }
    }

    #[test]
    fn a_request_goes_without_a_proxy_and_soon_gives_up() {
        let request = request(&ImdsBase::default(), Some(&ApiVersion::default())).unwrap();
        assert_eq!(
            request.uri(),
            "http://169.254.169.254/metadata/instance/compute?api-version=2021-02-01"
        );
        assert_eq!(request.headers()["metadata"], "true");
        let options = SendOptions::of(&request);
        assert_eq!(options.proxy, ProxyUse::Never);
        assert_eq!(options.time_left, Duration::from_secs(2));
        let versionless = super::request(&ImdsBase::default(), None).unwrap();
        assert_eq!(versionless.uri().query(), Some("format=json"));
    }

    #[test]
    fn the_location_is_a_region_or_an_error() {
        let region = |body| parse(&response(200, body)).map_err(|error| error.kind().name());
        let answer = Ok(Answer::Region(Region::parse("westus2").unwrap()));
        assert_eq!(region(r#"{"location":"westus2","x":1}"#), answer);
        assert_eq!(region(r#"{"location":"West US 2"}"#), answer);
        for body in [
            "",
            "{}",
            r#"{"location":""}"#,
            r#"{"location":"a.b"}"#,
            r#"{"location":7}"#,
            "westus2",
        ] {
            assert_eq!(region(body), Err("invalid_response"), "{body}");
        }
        assert_eq!(parse(&response(400, "")).unwrap(), Answer::UnknownVersion);
        assert!(parse(&response(503, "")).unwrap_err().is_retryable());
        assert!(parse(&response(404, "")).is_err());
    }

    #[test]
    fn only_a_date_becomes_a_version() {
        let newest = |body: &str| parse_newest_version(&response(400, body)).ok();
        let body = r#"{"error":"Bad request","newest-versions":["2023-11-15","2021-12-13"]}"#;
        assert_eq!(newest(body), Some(ApiVersion("2023-11-15".to_owned())));
        for version in [
            "",
            "2021",
            "2021-02-01&x=y",
            "2021-02-0a",
            "2021/02/01",
            "2021-02-011",
        ] {
            let body = serde_json::json!({ "newest-versions": [version] }).to_string();
            assert_eq!(newest(&body), None, "{version}");
        }
        assert_eq!(newest(r#"{"newest-versions":[]}"#), None);
        assert_eq!(newest("{}"), None);
    }
}
