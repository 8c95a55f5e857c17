//! `GET /common/userrealm/{user name}?api-version=1.0`: who signs in the users of a name's domain.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::error::{EntraError, decorate};
use crate::Request;
use crate::context::Context;
use crate::realm::{Kind, Realm};
use crate::reply::Reply;

/// The user name at the end of a path of this service, still percent-encoded. A matter of the path alone, so
/// that the journal shows who asked a host that has no such service.
pub(crate) fn username_in(path: &str) -> Option<&str> {
    let mut segments = path.split('/').skip(1);
    let mut first = segments.next()?;
    if first.eq_ignore_ascii_case("dstsv2") {
        first = segments.next()?;
    }
    let service = segments.next()?;
    let username = segments.next()?;
    let is_service =
        first.eq_ignore_ascii_case("common") && service.eq_ignore_ascii_case("userrealm");
    (is_service && !username.is_empty() && segments.next().is_none()).then_some(username)
}

pub(crate) fn answer(context: &Context, request: &Request, realm: &Realm) -> Reply {
    let is_here = match realm.kind {
        Kind::Dsts => true,
        Kind::Entra => realm.cloud.is_some(),
        _ => false,
    };
    let username = username_in(&request.path).filter(|_| is_here && request.method == Method::GET);
    let Some(username) = username else {
        return Reply::new(StatusCode::NOT_FOUND, "");
    };
    if request.query_parameter("api-version").as_deref() != Some("1.0") {
        let message = "Invalid input received: 'api-version' is missing or not supported.";
        return EntraError::invalid_request(90_013, message).reply(context, request, realm);
    }
    let username = percent_encoding::percent_decode_str(username).decode_utf8_lossy();
    decorate(
        Reply::json(StatusCode::OK, &describe(context, realm, &username)),
        request,
    )
    .no_store()
}

/// Whether a user name's domain holds personal accounts.
pub(crate) fn is_personal(username: &str) -> bool {
    username.rsplit_once('@').is_some_and(|(_, domain)| {
        PERSONAL_DOMAINS
            .iter()
            .any(|personal| personal.eq_ignore_ascii_case(domain))
    })
}

fn describe(context: &Context, realm: &Realm, username: &str) -> Value {
    let cloud = realm
        .cloud
        .map_or("microsoftonline.com", |cloud| cloud.name);
    let mut body = json!({
        "ver": "1.0",
        "account_type": "Unknown",
        "cloud_instance_name": cloud,
        "cloud_audience_urn": audience(realm),
    });
    let Some((_, domain)) = username.rsplit_once('@') else {
        return body;
    };
    if is_personal(username) {
        body["account_type"] = json!("Managed");
        body["domain_name"] = json!("live.com");
        return body;
    }
    let registry = context.registry();
    if let Some(federated) = registry.federated_domain(domain) {
        body["account_type"] = json!("Federated");
        body["domain_name"] = json!(federated.name());
        body["federation_protocol"] = json!("WSTrust");
        if federated.has_metadata_url() {
            body["federation_metadata_url"] = json!(federated.metadata_url());
        }
        body["federation_active_auth_url"] = json!(federated.active_url());
    } else if registry
        .tenant(domain)
        .is_some_and(|tenant| tenant.id() != domain)
    {
        body["account_type"] = json!("Managed");
        body["domain_name"] = json!(domain.to_ascii_lowercase());
    }
    body
}

/// How Entra ID names itself to those who vouch for users: the audience of their assertions.
pub(crate) fn audience(realm: &Realm) -> &'static str {
    match realm.cloud.map(|cloud| cloud.preferred_network) {
        Some("login.partner.microsoftonline.cn") => "urn:federation:partner.microsoftonline.cn",
        Some("login.microsoftonline.de") => "urn:federation:microsoftonline.de",
        _ => "urn:federation:MicrosoftOnline",
    }
}

/// Domains in which Microsoft gives addresses to people.
const PERSONAL_DOMAINS: [&str; 4] = ["hotmail.com", "live.com", "msn.com", "outlook.com"];

#[cfg(test)]
mod tests {
    use super::username_in;

    #[test]
    fn the_service_is_known_by_its_path_in_any_case() {
        assert_eq!(username_in("/common/userrealm/a%40b.c"), Some("a%40b.c"));
        assert_eq!(username_in("/common/UserRealm/a@b.c"), Some("a@b.c"));
        assert_eq!(username_in("/dstsv2/common/userrealm/a@b.c"), Some("a@b.c"));
        assert_eq!(username_in("/common/userrealm/"), None);
        assert_eq!(username_in("/common/userrealm/a/b"), None);
        assert_eq!(username_in("/tenant/userrealm/a@b.c"), None);
        assert_eq!(username_in("/common/oauth2/token"), None);
    }
}
