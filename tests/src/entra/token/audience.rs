use url::Url;

use crate::cloud::Cloud;
use crate::context::Context;
use crate::realm::{Kind, Realm};

/// Whether the audience of a client assertion means this token endpoint.
///
/// Entra ID takes the token endpoint or the issuer, at any host of the same cloud, with any name of the same tenant.
pub(super) fn is_meant(context: &Context, audience: &str, realm: &Realm) -> bool {
    let audience = audience.trim_end_matches('/');
    match realm.kind {
        Kind::Adfs | Kind::Oidc => {
            audience == realm.token_endpoint().trim_end_matches('/') || audience == realm.issuer()
        }
        Kind::B2c | Kind::B2cTfp => {
            audience.eq_ignore_ascii_case(&realm.token_endpoint())
                || audience == realm.issuer().trim_end_matches('/')
        }
        Kind::Ciam | Kind::Dsts | Kind::Entra => is_meant_by_entra(context, audience, realm),
    }
}

fn is_meant_by_entra(context: &Context, audience: &str, realm: &Realm) -> bool {
    if audience == realm.issuer() || audience == realm.issuer_version_1().trim_end_matches('/') {
        return true;
    }
    let Some(url) = Url::parse(audience)
        .ok()
        .filter(|url| url.scheme() == "https")
    else {
        return false;
    };
    let Some(host) = url.host_str() else {
        return false;
    };
    let port = url
        .port()
        .map_or_else(String::new, |port| format!(":{port}"));
    let is_same_host = format!("{host}{port}") == realm.authority;
    let is_same_cloud = realm.cloud.is_some_and(|cloud| {
        Cloud::of_host(host).is_some_and(|other| other.preferred_network == cloud.preferred_network)
    });
    let path: Vec<&str> = url.path_segments().into_iter().flatten().collect();
    let path = match (realm.kind, &path[..]) {
        (Kind::Dsts, ["dstsv2", rest @ ..]) => rest,
        (Kind::Dsts, _) => return false,
        (_, path) => path,
    };
    let [tenant, rest @ ..] = path else {
        return false;
    };
    let is_same_tenant = realm.tenant.as_ref().is_some_and(|known| {
        context
            .registry()
            .tenant(tenant)
            .is_some_and(|named| named.id() == known.id())
    });
    (is_same_host || is_same_cloud)
        && is_same_tenant
        && matches!(
            rest,
            ["oauth2", "v2.0", "token"] | ["oauth2", "token"] | ["v2.0"] | []
        )
}
