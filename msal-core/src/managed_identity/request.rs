use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use url::form_urlencoded::Serializer;

use super::{ManagedIdentityId, ManagedIdentitySource, Service};
use crate::{CorrelationId, Error, ErrorKind, ProxyUse, Request, SendOptions, ServerTrust};

/// What a token service is asked for.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct MachineRequest<'a> {
    /// Which identity.
    pub id: &'a ManagedIdentityId,
    /// For which resource, without `/.default`.
    pub resource: &'a str,
    /// What the client can handle, for services that take it.
    pub capabilities: &'a [String],
    /// The hash of the token that is not to be given again, for services that take it.
    pub refused_token: Option<&'a str>,
    /// The key that the challenge of Azure Arc's agent asked for.
    pub arc_key: Option<&'a HeaderValue>,
}

impl<'a> MachineRequest<'a> {
    /// The request for a token of this identity for this resource.
    pub fn new(id: &'a ManagedIdentityId, resource: &'a str) -> Self {
        Self {
            id,
            resource,
            capabilities: &[],
            refused_token: None,
            arc_key: None,
        }
    }
}

/// The request for a token. It goes straight to the service, by no proxy.
pub fn request(
    asked: &MachineRequest<'_>,
    service: &Service,
    correlation_id: CorrelationId,
) -> Result<Request, Error> {
    let mut url = service.url.clone();
    let mut body = String::new();
    let mut method = Method::GET;
    match service.source {
        ManagedIdentitySource::CloudShell => {
            method = Method::POST;
            body = Serializer::new(body)
                .append_pair("resource", asked.resource)
                .finish();
        }
        _ => {
            let mut query = url.query_pairs_mut();
            query.append_pair("api-version", api_version(service, asked.id));
            query.append_pair("resource", asked.resource);
            if let Some((name, value)) = identity(service, asked.id)? {
                query.append_pair(name, value);
            }
            if service.takes_claims() && !asked.capabilities.is_empty() {
                query.append_pair("xms_cc", &asked.capabilities.join(","));
            }
            if let Some(hash) = asked.refused_token.filter(|_| service.takes_claims()) {
                query.append_pair("token_sha256_to_refresh", hash);
            }
        }
    }
    let options = SendOptions {
        time_left: LONGEST_ATTEMPT,
        proxy: ProxyUse::Never,
        trust: match service.pin {
            Some(pin) => ServerTrust::PinnedLeaf(pin),
            None => ServerTrust::Platform,
        },
        ..SendOptions::default()
    };
    let malformed = || {
        Error::new(ErrorKind::InvalidArgument("managed identity"))
            .because("a request cannot be made of the service's address")
    };
    let mut request = http::Request::builder()
        .method(method)
        .uri(url.as_str())
        .header(ACCEPT, HeaderValue::from_static("application/json"))
        .extension(options)
        .body(Bytes::from(body))
        .map_err(|_| malformed())?;
    let headers = request.headers_mut();
    if service.source == ManagedIdentitySource::CloudShell {
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, form);
    }
    if service.source != ManagedIdentitySource::ServiceFabric {
        headers.insert(METADATA, HeaderValue::from_static("true"));
    }
    if let (Some(name), Some(secret)) = (secret_header(service.source), &service.secret) {
        let mut value = HeaderValue::try_from(secret.expose()).map_err(|_| {
            Error::new(ErrorKind::InvalidArgument("managed identity"))
                .because("the secret in the environment fits into no header")
        })?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    if let Some(key) = asked.arc_key {
        headers.insert(AUTHORIZATION, key.clone());
    }
    if service.source == ManagedIdentitySource::Imds {
        let id = HeaderValue::try_from(correlation_id.to_string()).map_err(|_| malformed())?;
        headers.insert(MS_CLIENT_REQUEST_ID, id);
        headers.insert(CLIENT_SKU, HeaderValue::from_static("MSAL.Rust"));
        let version = HeaderValue::from_static(env!("CARGO_PKG_VERSION"));
        headers.insert(CLIENT_VERSION, version);
    }
    Ok(request)
}

fn api_version(service: &Service, id: &ManagedIdentityId) -> &'static str {
    match (service.source, id) {
        (ManagedIdentitySource::AppService, _) => "2019-08-01",
        (ManagedIdentitySource::AzureArc, _) => "2020-06-01",
        (ManagedIdentitySource::AzureMl, _) => "2017-09-01",
        // The version that knows `principalId`.
        (ManagedIdentitySource::ServiceFabric, ManagedIdentityId::ObjectId(_)) => "2020-05-01",
        (ManagedIdentitySource::ServiceFabric, _) => "2019-07-01-preview",
        _ => "2018-02-01",
    }
}

/// How the service calls the identity. Fails for what it would ignore.
fn identity<'a>(
    service: &'a Service,
    id: &'a ManagedIdentityId,
) -> Result<Option<(&'static str, &'a str)>, Error> {
    use ManagedIdentityId::{ClientId, ObjectId, ResourceId, SystemAssigned};
    use ManagedIdentitySource::{AppService, AzureMl, ServiceFabric};
    service.check(id)?;
    Ok(match (service.source, id) {
        (AzureMl, SystemAssigned) => {
            let own = service.default_client_id.as_deref();
            own.map(|id| ("clientid", id))
        }
        (_, SystemAssigned) => None,
        (AzureMl, ClientId(id)) => Some(("clientid", id)),
        (_, ClientId(id)) => Some(("client_id", id)),
        (ServiceFabric, ObjectId(id)) => Some(("principalId", id)),
        (_, ObjectId(id)) => Some(("object_id", id)),
        (AppService, ResourceId(id)) => Some(("mi_res_id", id)),
        (_, ResourceId(id)) => Some(("msi_res_id", id)),
    })
}

fn secret_header(source: ManagedIdentitySource) -> Option<HeaderName> {
    match source {
        ManagedIdentitySource::AppService => Some(HeaderName::from_static("x-identity-header")),
        ManagedIdentitySource::AzureMl | ManagedIdentitySource::ServiceFabric => {
            Some(HeaderName::from_static("secret"))
        }
        _ => None,
    }
}

const METADATA: HeaderName = HeaderName::from_static("metadata");
const MS_CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-client-request-id");
const CLIENT_SKU: HeaderName = HeaderName::from_static("x-client-sku");
const CLIENT_VERSION: HeaderName = HeaderName::from_static("x-client-ver");
/// A service of the machine's own answers soon or never.
const LONGEST_ATTEMPT: Duration = Duration::from_secs(10);
