//! Which endpoint a request is for. A new endpoint is a file with an answer, a kind in [`Endpoint`], and a line here.

use bytes::Bytes;
use http::{Method, StatusCode};

use crate::context::Context;
use crate::entra::{
    authorize, device_authorization, end_session, instance_discovery, keys, login, native_client,
    openid_configuration, token, user_realm,
};
use crate::machine::{self, Machine};
use crate::realm::{Kind, Realm};
use crate::reply::Reply;
use crate::{
    Endpoint, Request, adfs, control, graph, instance_metadata, key_vault, workloads, ws_trust,
};

/// Where a request goes.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) endpoint: Endpoint,
    pub(crate) answer: Answer,
    pub(crate) realm: Realm,
}

/// How an endpoint answers: from what is shared and the request, with no waiting.
pub(crate) type Answer = fn(&Context, &Request, &Realm) -> Reply;

pub(crate) fn route(context: &Context, request: &Request) -> Route {
    let (realm, rest) = Realm::of(context, request);
    let (endpoint, answer) = find(context, request, &realm, &rest);
    Route {
        endpoint,
        answer,
        realm,
    }
}

fn find(context: &Context, request: &Request, realm: &Realm, rest: &[&str]) -> (Endpoint, Answer) {
    if request.method == Method::CONNECT {
        return (Endpoint::Connect, accept);
    }
    if context.settings.control && request.path.starts_with(control::PREFIX) {
        return (Endpoint::Control, control::answer);
    }
    if Machine::asked(request).is_some() {
        return (Endpoint::ManagedIdentity, machine::answer);
    }
    if request.host.eq_ignore_ascii_case(graph::HOST) {
        return (Endpoint::Graph, graph::answer);
    }
    if key_vault::is_vault(request) {
        return (Endpoint::KeyVault, key_vault::answer);
    }
    if workloads::is_asked(request) {
        return (Endpoint::WorkloadIssuer, workloads::answer);
    }
    if user_realm::username_in(&request.path).is_some() {
        return (Endpoint::UserRealm, user_realm::answer);
    }
    match (realm.kind, rest) {
        (Kind::Adfs, ["oauth2", "token"]) => (Endpoint::Token, token::answer),
        (Kind::Adfs, ["oauth2", "authorize"]) | (Kind::Oidc, ["connect", "authorize"]) => {
            (Endpoint::Authorize, authorize::answer)
        }
        (Kind::Adfs, ["oauth2", "devicecode"])
        | (Kind::Oidc, ["connect", "deviceauthorization"]) => {
            (Endpoint::DeviceAuthorization, device_authorization::answer)
        }
        (Kind::Adfs, ["oauth2", "deviceauth"]) | (Kind::Oidc, ["device"]) => {
            (Endpoint::DevicePage, device_authorization::page)
        }
        (Kind::Adfs, ["oauth2", "logout"]) | (Kind::Oidc, ["connect", "endsession"]) => {
            (Endpoint::EndSession, end_session::answer)
        }
        (Kind::Adfs, ["ls"]) | (_, ["login"]) => (Endpoint::Login, login::answer),
        (Kind::Adfs, ["discovery", "keys"]) => (Endpoint::Keys, keys::answer),
        (Kind::Adfs, ["services", "trust", "mex"]) => {
            (Endpoint::FederationMetadata, ws_trust::describe)
        }
        (Kind::Adfs, ["services", "trust", _, _]) => (Endpoint::WsTrust, ws_trust::answer),
        (Kind::Oidc, ["connect", "token"]) => (Endpoint::Token, token::answer),
        (Kind::Oidc, ["keys"]) => (Endpoint::Keys, keys::answer),
        (Kind::Adfs | Kind::Oidc, [".well-known", "openid-configuration"]) => {
            (Endpoint::OpenIdConfiguration, openid_configuration::answer)
        }
        (Kind::Adfs | Kind::Oidc, _) => (Endpoint::Unknown, not_found),
        (_, ["oauth2", "v2.0", "authorize"]) => (Endpoint::Authorize, authorize::answer),
        (_, ["oauth2", "v2.0", "devicecode"]) => {
            (Endpoint::DeviceAuthorization, device_authorization::answer)
        }
        (_, ["oauth2", "v2.0", "logout"]) => (Endpoint::EndSession, end_session::answer),
        (_, ["oauth2", "deviceauth"]) => (Endpoint::DevicePage, device_authorization::page),
        (Kind::Entra, ["oauth2", "nativeclient"]) => (Endpoint::Login, native_client::answer),
        (Kind::Entra, []) if request.path == "/devicelogin" => {
            (Endpoint::DevicePage, device_authorization::short_address)
        }
        (_, ["oauth2", "v2.0", "token"]) => (Endpoint::Token, token::answer),
        (_, ["discovery", "v2.0", "keys"]) => (Endpoint::Keys, keys::answer),
        (_, ["v2.0", ".well-known", "openid-configuration"]) => {
            (Endpoint::OpenIdConfiguration, openid_configuration::answer)
        }
        (Kind::Entra, ["discovery", "instance"]) => {
            (Endpoint::InstanceDiscovery, instance_discovery::answer)
        }
        (Kind::Entra, _) if request.path == adfs::WEBFINGER_PATH => {
            (Endpoint::WebFinger, adfs::web_finger)
        }
        (Kind::Entra, _) if request.path.starts_with(instance_metadata::PREFIX) => {
            (Endpoint::InstanceMetadata, instance_metadata::answer)
        }
        _ => (Endpoint::Unknown, not_found),
    }
}

fn accept(_: &Context, _: &Request, _: &Realm) -> Reply {
    Reply::new(StatusCode::OK, Bytes::new())
}

/// Entra ID answers paths that it does not know with an empty body.
fn not_found(_: &Context, _: &Request, _: &Realm) -> Reply {
    Reply::new(StatusCode::NOT_FOUND, Bytes::new())
}
