//! `GET /common/discovery/instance`: whether a host is known, and which hosts are one cloud.

use http::StatusCode;
use serde_json::{Value, json};
use url::Url;

use super::error::{EntraError, decorate};
use crate::Request;
use crate::cloud::{CLOUDS, Cloud};
use crate::context::Context;
use crate::realm::Realm;
use crate::reply::Reply;

pub(crate) fn answer(context: &Context, request: &Request, realm: &Realm) -> Reply {
    match discover(context, request) {
        Ok(body) => decorate(Reply::json(StatusCode::OK, &body), request),
        Err(error) => error.reply(context, request, realm),
    }
}

fn discover(context: &Context, request: &Request) -> Result<Value, EntraError> {
    let version = request
        .query_parameter("api-version")
        .unwrap_or_else(|| "1.0".to_owned());
    if !matches!(version.as_str(), "1.0" | "1.1") {
        let message = format!("The api-version '{version}' is not supported.");
        return Err(EntraError::invalid_request(50_049, message));
    }
    let Some(endpoint) = request.query_parameter("authorization_endpoint") else {
        let message = "The required field 'authorization_endpoint' is missing from the credential.";
        return Err(EntraError::invalid_request(90_014, message));
    };
    let tenant_discovery_endpoint =
        tenant_discovery_endpoint(context, &endpoint).ok_or_else(|| {
            EntraError::new("invalid_instance", 50_049, "Unknown or invalid instance.")
        })?;
    let mut body = json!({ "tenant_discovery_endpoint": tenant_discovery_endpoint });
    if version == "1.1" {
        body["api-version"] = json!(version);
        body["metadata"] = CLOUDS.iter().map(metadata).collect();
    }
    Ok(body)
}

/// Where the tenant of an authorization endpoint has its OpenID configuration, if the host is a known one.
fn tenant_discovery_endpoint(context: &Context, authorization_endpoint: &str) -> Option<String> {
    let url = Url::parse(authorization_endpoint)
        .ok()
        .filter(|url| url.scheme() == "https")?;
    let host = url.host_str()?.to_ascii_lowercase();
    let is_built_in = CLOUDS
        .iter()
        .any(|cloud| cloud.aliases.contains(&host.as_str()));
    if !is_built_in && !context.registry().known_hosts.contains(&host) {
        return None;
    }
    let authority = url
        .port()
        .map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
    let mut segments = url.path_segments()?;
    let tenant = segments
        .next()
        .filter(|tenant| !tenant.is_empty())
        .unwrap_or("common");
    let version = if segments.any(|segment| segment == "v2.0") {
        "/v2.0"
    } else {
        ""
    };
    Some(format!(
        "https://{authority}/{tenant}{version}/.well-known/openid-configuration"
    ))
}

fn metadata(cloud: &Cloud) -> Value {
    json!({
        "preferred_network": cloud.preferred_network,
        "preferred_cache": cloud.preferred_cache,
        "aliases": cloud.aliases,
    })
}
