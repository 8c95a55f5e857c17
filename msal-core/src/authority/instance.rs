//! Instance discovery: asks a host that is built in whether an unknown one is an instance of Microsoft Entra ID, and
//! under which names it goes.
//!
//! What the answer teaches holds for the network: where requests go, and on which hosts an OpenID configuration may
//! name its endpoints. It never joins two places in a cache: for that, only the [built-in table](super::cloud) counts.

use std::sync::Arc;

use serde::Deserialize;

use super::cloud;
use super::host::Host;
use super::{Authority, document};
use crate::{Error, ErrorKind, Request, Response, ServerError};

/// The names of one place, all in lower case.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InstanceMetadata {
    preferred_network: Arc<str>,
    preferred_cache: Arc<str>,
    aliases: Arc<[Arc<str>]>,
}

impl InstanceMetadata {
    /// What is known of `authority`'s host without asking: its cloud's names where it is built in, else its own.
    pub fn built_in(authority: &Authority) -> Self {
        match authority.built_in_cloud() {
            Some(cloud) => Self {
                preferred_network: cloud.preferred_network.into(),
                preferred_cache: cloud.preferred_cache.into(),
                aliases: cloud.aliases.iter().map(|alias| (*alias).into()).collect(),
            },
            None => Self {
                preferred_network: authority.environment().clone(),
                preferred_cache: authority.environment().clone(),
                aliases: Arc::new([authority.environment().clone()]),
            },
        }
    }

    /// Reads a whole document of instance metadata, as the instance discovery endpoint gives it.
    pub fn parse_document(json: impl AsRef<[u8]>) -> Result<Vec<Self>, Error> {
        let document: Document = document::parse(json.as_ref(), DOCUMENT)?;
        document.into_entries()
    }

    /// The host that requests go to.
    pub fn preferred_network(&self) -> &str {
        &self.preferred_network
    }

    /// The host that MSAL .NET, Java and Node write into a cache.
    pub fn preferred_cache(&self) -> &str {
        &self.preferred_cache
    }

    /// Every host name of the place.
    pub fn aliases(&self) -> impl Iterator<Item = &str> {
        self.aliases.iter().map(|alias| &**alias)
    }

    /// Whether `host`, in lower case, is one of the names.
    pub fn contains(&self, host: &str) -> bool {
        self.aliases().any(|alias| alias == host)
    }

    fn mixes_clouds(&self) -> bool {
        let mut built_in = self.aliases().filter(|alias| cloud::is_built_in(alias));
        let first = built_in.next();
        built_in.any(|alias| first.is_some_and(|first| !cloud::same_cloud(first, alias)))
    }
}

/// Asks about `authority`: at its own host where that is built in, else at `login.microsoftonline.com`. An unknown
/// host never vouches for itself.
pub fn request(authority: &Authority) -> Result<Request, Error> {
    let host = match cloud::is_built_in(authority.host()) {
        true => authority.host(),
        false => cloud::PUBLIC,
    };
    let mut url = authority.endpoint(&["oauth2", "v2.0", "authorize"]);
    let asked_for = url.to_string();
    url.set_path("/common/discovery/instance");
    // The setters fail only for URLs without a host, and for a name that is none.
    let moved = url.set_scheme("https").is_ok()
        && url.set_port(None).is_ok()
        && url.set_host(Some(host)).is_ok();
    if !moved {
        return Err(Error::new(ErrorKind::InvalidArgument("authority")));
    }
    url.query_pairs_mut()
        .append_pair("api-version", "1.1")
        .append_pair("authorization_endpoint", &asked_for);
    document::request(&url)
}

/// Reads the answer: the entry that names `authority`'s host, or none where the host is fine but no entry does.
///
/// Fails with [`ErrorKind::Authority`] where the host is no instance (`invalid_instance`). Every other failure says
/// nothing about the host.
pub fn parse(
    response: &Response,
    authority: &Authority,
) -> Result<Option<InstanceMetadata>, Error> {
    let status = response.status();
    if !status.is_success() {
        let server = ServerError::read(status.as_u16(), response.body());
        if server.code() != Some("invalid_instance") {
            return Err(Error::new(ErrorKind::Server).with_server_error(server));
        }
        let why = [
            "the host ",
            authority.host(),
            " is no instance of Microsoft Entra ID that is known publicly: check it, or if it is meant, name it as a \
             known authority or turn instance discovery off",
        ];
        return Err(Error::new(ErrorKind::Authority)
            .because(why.concat())
            .with_server_error(server));
    }
    let mut document: Document = document::parse(response.body(), DOCUMENT)?;
    if document.tenant_discovery_endpoint.is_none() && document.metadata.is_none() {
        return Err(invalid(
            "it has neither a `tenant_discovery_endpoint` nor `metadata`",
        ));
    }
    document.keep_only(authority.host());
    Ok(document.into_entries()?.pop())
}

/// The wire form. `tenant_discovery_endpoint` is not followed: an authority's own URL says where its configuration is.
#[derive(Deserialize)]
struct Document {
    tenant_discovery_endpoint: Option<String>,
    metadata: Option<Vec<Entry>>,
}

#[derive(Deserialize)]
struct Entry {
    preferred_network: String,
    preferred_cache: String,
    aliases: Vec<String>,
}

impl Document {
    /// Entries about other places need not even be well formed.
    fn keep_only(&mut self, host: &str) {
        let entries = self.metadata.iter_mut();
        for entries in entries {
            entries.retain(|entry| entry.aliases.iter().any(|a| a.eq_ignore_ascii_case(host)));
            entries.truncate(1);
        }
    }

    fn into_entries(self) -> Result<Vec<InstanceMetadata>, Error> {
        let entries = self.metadata.into_iter().flatten();
        entries.map(Entry::check).collect()
    }
}

impl Entry {
    fn check(self) -> Result<InstanceMetadata, Error> {
        let aliases: Result<Arc<[_]>, _> = self.aliases.iter().map(|alias| name(alias)).collect();
        let entry = InstanceMetadata {
            preferred_network: name(&self.preferred_network)?,
            preferred_cache: name(&self.preferred_cache)?,
            aliases: aliases?,
        };
        if !entry.contains(&entry.preferred_network) || !entry.contains(&entry.preferred_cache) {
            return Err(invalid("an entry prefers a host that it does not list"));
        }
        if entry.mixes_clouds() {
            return Err(invalid("an entry mixes hosts of two clouds"));
        }
        Ok(entry)
    }
}

fn name(host: &str) -> Result<Arc<str>, Error> {
    match Host::parse(host, 443) {
        Ok(Host { name, port: None }) => Ok(name),
        _ => Err(invalid("a host in it is malformed")),
    }
}

fn invalid(why: &'static str) -> Error {
    Error::new(ErrorKind::InvalidResponse(DOCUMENT)).because(why)
}

const DOCUMENT: &str = "instance discovery document";

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    const OWN: &str = "https://login.contoso.example/contoso.com";

    fn authority(url: &str) -> Authority {
        Authority::parse(url).unwrap()
    }

    fn answer(status: u16, body: &str) -> Result<Option<InstanceMetadata>, Error> {
        let response = http::Response::builder().status(status);
        let response = response.body(Bytes::from(body.to_owned())).unwrap();
        parse(&response, &authority(OWN))
    }

    fn entry(preferred: &str, aliases: &[&str]) -> String {
        serde_json::json!({
            "tenant_discovery_endpoint": "https://evil.example/",
            "api-version": "1.1",
            "metadata": [
                { "preferred_network": preferred, "preferred_cache": preferred, "aliases": aliases },
            ],
        })
        .to_string()
    }

    #[test]
    fn an_unknown_host_is_asked_about_at_microsoft_and_a_known_one_at_itself() {
        let uri = |url| request(&authority(url)).unwrap().uri().to_string();
        assert_eq!(
            uri(OWN),
            "https://login.microsoftonline.com/common/discovery/instance?api-version=1.1&authorization_endpoint=\
             https%3A%2F%2Flogin.contoso.example%2Fcontoso.com%2Foauth2%2Fv2.0%2Fauthorize"
        );
        let gov = uri("https://login.microsoftonline.us/contoso.us");
        assert!(gov.starts_with("https://login.microsoftonline.us/common/discovery/instance?"));
        let port = uri("https://login.contoso.example:8443/contoso.com");
        assert!(
            port.starts_with("https://login.microsoftonline.com/common/"),
            "{port}"
        );
    }

    #[test]
    fn the_entry_that_names_the_host_is_taken() {
        let found = answer(
            200,
            &entry(
                "login.contoso.example",
                &["LOGIN.contoso.example", "sts.contoso.example"],
            ),
        );
        let found = found.unwrap().unwrap();
        assert_eq!(found.preferred_network(), "login.contoso.example");
        assert!(found.contains("sts.contoso.example"));
        assert_eq!(
            answer(200, &entry("other.example", &["other.example"])).unwrap(),
            None
        );
        assert_eq!(
            answer(200, r#"{"tenant_discovery_endpoint":"x"}"#).unwrap(),
            None
        );
        // About other places it may say what it likes.
        assert_eq!(answer(200, &entry("a b", &["a b"])).unwrap(), None);
    }

    #[test]
    fn an_entry_that_cannot_be_right_is_refused() {
        for (preferred, aliases) in [
            ("evil.example", &["login.contoso.example"][..]),
            (
                "login.contoso.example",
                &["login.contoso.example", "a b"][..],
            ),
            (
                "login.contoso.example",
                &["login.contoso.example", "l\u{43e}gin.example"][..],
            ),
            (
                "login.contoso.example",
                &["login.contoso.example", "a.example:8443"][..],
            ),
            (
                "login.contoso.example",
                &["login.contoso.example", "user@a.example"][..],
            ),
            (
                "login.contoso.example",
                &[
                    "login.contoso.example",
                    "login.microsoftonline.com",
                    "login.microsoftonline.us",
                ][..],
            ),
        ] {
            let error = answer(200, &entry(preferred, aliases)).unwrap_err();
            assert_eq!(
                error.kind().name(),
                "invalid_response",
                "{preferred} {aliases:?}"
            );
        }
        let twice = r#"{"metadata":[],"metadata":[]}"#;
        for body in [
            "",
            "{}",
            "[]",
            "null",
            "{",
            r#"{"metadata":{}}"#,
            twice,
            &"[".repeat(100_000),
        ] {
            let error = answer(200, body).unwrap_err();
            assert_eq!(
                error.kind().name(),
                "invalid_response",
                "{}",
                &body[..body.len().min(20)]
            );
        }
    }

    #[test]
    fn only_invalid_instance_speaks_against_the_host() {
        let body = r#"{"error":"invalid_instance","error_description":"AADSTS50049","error_codes":[50049]}"#;
        let error = answer(400, body).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Authority);
        assert!(
            error.to_string().contains("login.contoso.example"),
            "{error}"
        );
        assert!(!error.is_retryable());
        for (status, body) in [
            (400, "{}"),
            (400, r#"{"error":"invalid_request"}"#),
            (404, ""),
            (500, "<html>"),
            (503, ""),
        ] {
            let error = answer(status, body).unwrap_err();
            assert_eq!(error.kind(), &ErrorKind::Server, "{status} {body}");
            assert_eq!(error.is_retryable(), status >= 500);
        }
    }

    #[test]
    fn a_host_that_is_built_in_brings_its_clouds_names() {
        let known = InstanceMetadata::built_in(&authority("https://login.windows.net/common"));
        assert_eq!(known.preferred_network(), "login.microsoftonline.com");
        assert_eq!(known.preferred_cache(), "login.windows.net");
        assert!(known.contains("sts.windows.net") && !known.contains("login.microsoftonline.us"));
        let own = InstanceMetadata::built_in(&authority(OWN));
        assert_eq!(own.aliases().collect::<Vec<_>>(), ["login.contoso.example"]);
    }
}
