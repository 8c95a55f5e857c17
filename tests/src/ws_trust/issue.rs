//! `POST /adfs/services/trust/{version}/usernamemixed`: an assertion for a user name and a password.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode};
use roxmltree::Document;
use time::Duration;
use uuid::Uuid;

use super::envelope::{self, escape, instant};
use super::fault::Fault;
use super::names::{
    ADDRESSING, POLICY, SECURITY_EXTENSION, SECURITY_UTILITY, issue, no_key, response_action, trust,
};
use super::request::{Message, TokenRequest};
use super::saml::{Assertion, namespace};
use crate::context::Context;
use crate::realm::Realm;
use crate::registry::{FederatedDomain, User};
use crate::reply::Reply;
use crate::{Request, SamlVersion, WsTrustVersion};

pub(crate) fn answer(context: &Context, request: &Request, _: &Realm) -> Reply {
    let domains = context.registry().federated_domains_at(&request.host);
    if domains.is_empty() {
        return Reply::new(StatusCode::NOT_FOUND, "");
    }
    let mut path = request.path.rsplit('/');
    let (kind, version) = (path.next(), path.next());
    let version = version.and_then(WsTrustVersion::from_segment);
    let (Some("usernamemixed"), Some(version)) = (kind, version) else {
        return elsewhere(kind.unwrap_or_default());
    };
    // What Windows says of an address that nobody listens at: the endpoint is disabled.
    if !domains.iter().any(|domain| domain.offers(version)) {
        return Reply::new(StatusCode::SERVICE_UNAVAILABLE, "");
    }
    if request.method != Method::POST {
        return Reply::new(StatusCode::METHOD_NOT_ALLOWED, "");
    }
    if request.content_type().as_deref() != Some("application/soap+xml") {
        return Reply::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "");
    }
    // No document type may be declared, which Windows Communication Foundation forbids as well.
    let text = std::str::from_utf8(&request.body).ok();
    let document = text.and_then(|text| Document::parse(text).ok());
    let Some(message) = document.as_ref().and_then(Message::of) else {
        return Reply::new(StatusCode::BAD_REQUEST, "");
    };
    let written = issue_token(context, request, &domains, &message, version);
    written.unwrap_or_else(|fault| fault.reply(context, version, message.id()))
}

/// The id that a user of a federated domain keeps through every renaming: made of the object id, as the tools
/// do that copy a directory.
pub(crate) fn immutable_id(user: &User) -> String {
    Uuid::parse_str(user.object_id()).map_or_else(
        |_no_guid| STANDARD.encode(user.object_id()),
        |id| STANDARD.encode(id.to_bytes_le()),
    )
}

fn issue_token(
    context: &Context,
    request: &Request,
    domains: &[Arc<FederatedDomain>],
    message: &Message<'_>,
    version: WsTrustVersion,
) -> Result<Reply, Fault> {
    let now = context.clock.now();
    let endpoint = request.url();
    let asked = message.read(request, version, &endpoint, now)?;
    let (user, domain) = sign_in(context, domains, &asked)?;
    if !is_relying_party(&asked.applies_to) {
        return Err(Fault::InvalidScope);
    }
    let assertion = Assertion {
        version: asked.saml.unwrap_or_else(|| domain.saml_version()),
        issuer: domain.issuer(),
        audience: asked.applies_to,
        username: user.username().to_owned(),
        immutable_id: immutable_id(&user),
        not_before: now,
        not_on_or_after: now + Duration::seconds(domain.lifetime()),
    };
    let text = assertion
        .sign(context.signing_key)
        .map_err(|_broken| Fault::RequestFailed)?;
    Ok(envelope::reply(
        context,
        StatusCode::OK,
        response_action(version),
        message.id(),
        &body(&assertion, &text, version),
    ))
}

/// Believes a user by the password. Which of the two is wrong is not said.
fn sign_in(
    context: &Context,
    domains: &[Arc<FederatedDomain>],
    asked: &TokenRequest,
) -> Result<(Arc<User>, Arc<FederatedDomain>), Fault> {
    let (_, name) = asked
        .username
        .rsplit_once('@')
        .ok_or(Fault::FailedAuthentication)?;
    let domain = domains
        .iter()
        .find(|domain| domain.name().eq_ignore_ascii_case(name))
        .ok_or(Fault::FailedAuthentication)?;
    let user = context
        .registry()
        .user(&asked.username)
        .filter(|user| user.has_password(&asked.password))
        .filter(|user| !user.is_disabled() && !user.has_expired_password())
        .ok_or(Fault::FailedAuthentication)?;
    Ok((user, Arc::clone(domain)))
}

/// AD FS knows Entra ID by the name of each of its clouds.
fn is_relying_party(audience: &str) -> bool {
    audience.starts_with("urn:federation:")
}

fn body(assertion: &Assertion, text: &str, version: WsTrustVersion) -> String {
    let (created, expires) = (
        instant(assertion.not_before),
        instant(assertion.not_on_or_after),
    );
    let audience = escape(&assertion.audience);
    let (kind, key, action) = (
        namespace(assertion.version),
        no_key(version),
        issue(version),
    );
    let prefix = match version {
        WsTrustVersion::February2005 => "t",
        WsTrustVersion::V1_3 => "trust",
    };
    let reference = reference(assertion.version, text);
    let response = format!(
        "<{prefix}:Lifetime><wsu:Created xmlns:wsu=\"{SECURITY_UTILITY}\">{created}</wsu:Created>\
         <wsu:Expires xmlns:wsu=\"{SECURITY_UTILITY}\">{expires}</wsu:Expires></{prefix}:Lifetime>\
         <wsp:AppliesTo xmlns:wsp=\"{POLICY}\"><wsa:EndpointReference xmlns:wsa=\"{ADDRESSING}\">\
         <wsa:Address>{audience}</wsa:Address></wsa:EndpointReference></wsp:AppliesTo>\
         <{prefix}:RequestedSecurityToken>{text}</{prefix}:RequestedSecurityToken>\
         <{prefix}:RequestedAttachedReference>{reference}</{prefix}:RequestedAttachedReference>\
         <{prefix}:RequestedUnattachedReference>{reference}</{prefix}:RequestedUnattachedReference>\
         <{prefix}:TokenType>{kind}</{prefix}:TokenType>\
         <{prefix}:RequestType>{action}</{prefix}:RequestType><{prefix}:KeyType>{key}</{prefix}:KeyType>"
    );
    let namespace = trust(version);
    match version {
        WsTrustVersion::February2005 => format!(
            "<t:RequestSecurityTokenResponse xmlns:t=\"{namespace}\">{response}</t:RequestSecurityTokenResponse>"
        ),
        WsTrustVersion::V1_3 => format!(
            "<trust:RequestSecurityTokenResponseCollection xmlns:trust=\"{namespace}\">\
             <trust:RequestSecurityTokenResponse>{response}</trust:RequestSecurityTokenResponse>\
             </trust:RequestSecurityTokenResponseCollection>"
        ),
    }
}

/// How a message refers to the assertion within it (the SAML token profile of WS-Security).
fn reference(version: SamlVersion, assertion: &str) -> String {
    let (label, kind, value) = match version {
        SamlVersion::V1_1 => ("AssertionID", "SAMLV1.1", "1.0#SAMLAssertionID"),
        SamlVersion::V2_0 => ("ID", "SAMLV2.0", "1.1#SAMLID"),
    };
    let id = assertion
        .split_once(&format!(" {label}=\""))
        .and_then(|(_, rest)| rest.split_once('"'))
        .map_or("", |(id, _)| id);
    format!(
        "<o:SecurityTokenReference xmlns:o=\"{SECURITY_EXTENSION}\" xmlns:k=\"{EXTENSION_1_1}\" \
         k:TokenType=\"http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#{kind}\">\
         <o:KeyIdentifier ValueType=\"http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-{value}\">{id}\
         </o:KeyIdentifier></o:SecurityTokenReference>"
    )
}

/// The endpoints that take something other than a password.
fn elsewhere(kind: &str) -> Reply {
    let mut reply = Reply::new(
        match kind {
            "windowstransport" | "windowsmixed" => StatusCode::UNAUTHORIZED,
            "certificatemixed" | "certificatetransport" => StatusCode::FORBIDDEN,
            _ => StatusCode::NOT_FOUND,
        },
        "",
    );
    if reply.status == StatusCode::UNAUTHORIZED {
        reply.set("www-authenticate", "Negotiate");
    }
    reply
}

const EXTENSION_1_1: &str = "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd";
