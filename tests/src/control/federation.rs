use http::StatusCode;
use serde_json::Value;

use super::{done, refuse};
use crate::context::Context;
use crate::registry::{FederatedDomain, SamlVersion, WsTrustVersion};
use crate::reply::Reply;

/// Registers a federated domain.
pub(super) fn answer(context: &Context, body: &[u8]) -> Reply {
    match serde_json::from_slice(body)
        .ok()
        .and_then(|body| read(&body))
    {
        Some(domain) => {
            context.registry_mut().put_federated_domain(domain);
            done()
        }
        None => refuse(
            StatusCode::BAD_REQUEST,
            "a member is missing, or of another type",
        ),
    }
}

fn read(body: &Value) -> Option<FederatedDomain> {
    let text = |name: &str| body.get(name)?.as_str();
    let mut domain = FederatedDomain::new(text("name")?, text("host")?);
    if let Some(versions) = body.get("ws_trust") {
        let versions: Option<Vec<WsTrustVersion>> = versions
            .as_array()?
            .iter()
            .map(|version| WsTrustVersion::from_segment(version.as_str()?))
            .collect();
        domain = domain.ws_trust(versions?);
    }
    match body.get("saml").map(Value::as_str) {
        None => {}
        Some(Some("1.1")) => domain = domain.saml(SamlVersion::V1_1),
        Some(Some("2.0")) => domain = domain.saml(SamlVersion::V2_0),
        Some(_) => return None,
    }
    if let Some(metadata) = body.get("metadata")
        && !metadata.as_bool()?
    {
        domain = domain.without_metadata_url();
    }
    Some(domain)
}
