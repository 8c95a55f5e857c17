//! The metadata of a federation server (WS-MetadataExchange): a WSDL document that names its endpoints and what each
//! wants to see.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use roxmltree::Node;
use url::Url;

use super::{Endpoint, Version, secure_url, xml};
use crate::{Error, ErrorKind, Request, Response, SendOptions, ServerError};

/// Asks for the metadata: at most 256 KiB, within 10 seconds. Only https is asked.
pub fn request(metadata_url: &Url) -> Result<Request, Error> {
    let invalid =
        |why| Error::new(ErrorKind::InvalidArgument("federation metadata URL")).because(why);
    let url = secure_url(metadata_url.as_str()).map_err(invalid)?;
    let options = SendOptions {
        max_body: xml::LARGEST,
        time_left: LONGEST_WAIT,
        ..SendOptions::default()
    };
    http::Request::get(url.as_str())
        .extension(options)
        .body(Bytes::new())
        .map_err(|_| invalid("a request cannot be made of it"))
}

/// Reads the answer and picks the endpoint, see [`parse_document`].
pub fn parse(response: &Response) -> Result<Endpoint, Error> {
    let status = response.status();
    if status.is_success() {
        return parse_document(response.body());
    }
    let kind = match status {
        StatusCode::TOO_MANY_REQUESTS => ErrorKind::Throttled,
        _ => ErrorKind::Server,
    };
    Err(Error::new(kind)
        .because("the federation server has no metadata to give")
        .with_server_error(ServerError::read(status.as_u16(), b"")))
}

/// Picks, from a WSDL document, the endpoint that takes a user name and a password over https: one of WS-Trust 1.3
/// where there is one, else of WS-Trust 2005.
///
/// Fails with [`ErrorKind::Unsupported`] where there is none.
pub fn parse_document(wsdl: &[u8]) -> Result<Endpoint, Error> {
    let document = xml::parse(wsdl, DOCUMENT)?;
    let definitions = document.root_element();
    if !definitions.has_tag_name((WSDL, "definitions")) {
        return Err(malformed("it is no WSDL document"));
    }
    let policies = password_policies(definitions)?;
    let bindings = password_bindings(definitions, &policies)?;
    let endpoints: Vec<_> = ports(definitions, &bindings).collect();
    let insecure = endpoints.iter().any(Option::is_none);
    // `max_by_key` would take the last of equals.
    let preferred = endpoints.into_iter().flatten().reduce(|best, next| {
        if next.version() > best.version() {
            next
        } else {
            best
        }
    });
    preferred.ok_or_else(|| {
        Error::new(ErrorKind::Unsupported("sign-in with user name and password")).because(if insecure {
            "the federation server takes a password only at addresses that are not https"
        } else {
            "the federation server has no WS-Trust endpoint for user names: sign in with a browser, or have its \
             `usernamemixed` endpoint enabled"
        })
    })
}

/// The ids of the policies that ask for a user name and a password, under the protection of TLS.
fn password_policies<'a>(definitions: Node<'a, '_>) -> Result<HashSet<&'a str>, Error> {
    let mut seen = HashSet::new();
    let mut policies = HashSet::new();
    for policy in xml::children(definitions, WSP, "Policy") {
        let Some(id) = policy.attribute((WSU, "Id")) else {
            continue;
        };
        if !seen.insert(id) {
            return Err(malformed("it has two policies of one id"));
        }
        if alternatives(policy).any(|all| has_transport(all) && has_user_name(all)) {
            policies.insert(id);
        }
    }
    Ok(policies)
}

fn alternatives<'a, 'i: 'a>(policy: Node<'a, 'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    xml::children(policy, WSP, "ExactlyOne").flat_map(|one| xml::children(one, WSP, "All"))
}

fn has_transport(all: Node<'_, '_>) -> bool {
    SP.iter()
        .any(|sp| xml::child(all, sp, "TransportBinding").is_some())
}

fn has_user_name(all: Node<'_, '_>) -> bool {
    let tokens = |sp| {
        SUPPORTING_TOKENS
            .iter()
            .flat_map(move |name| xml::children(all, sp, name))
    };
    let asked = |sp| {
        tokens(sp)
            .flat_map(|tokens| xml::children(tokens, WSP, "Policy"))
            .flat_map(move |policy| xml::children(policy, sp, "UsernameToken"))
            .flat_map(|token| xml::children(token, WSP, "Policy"))
            .any(|policy| xml::child(policy, sp, "WssUsernameToken10").is_some())
    };
    SP.into_iter().any(asked)
}

/// The names of the bindings that follow such a policy, speak SOAP 1.2 over HTTP and give out tokens.
fn password_bindings<'a>(
    definitions: Node<'a, '_>,
    policies: &HashSet<&str>,
) -> Result<HashMap<&'a str, Version>, Error> {
    let mut seen = HashSet::new();
    let mut bindings = HashMap::new();
    for binding in xml::children(definitions, WSDL, "binding") {
        let Some(name) = binding.attribute("name") else {
            continue;
        };
        if !seen.insert(name) {
            return Err(malformed("it has two bindings of one name"));
        }
        let soap = xml::child(binding, SOAP12, "binding");
        let over_http = soap.and_then(|soap| soap.attribute("transport")) == Some(SOAP_OVER_HTTP);
        let mut references = xml::children(binding, WSP, "PolicyReference");
        let follows = references.any(|reference| {
            let uri = reference.attribute("URI").unwrap_or_default();
            uri.strip_prefix('#')
                .is_some_and(|id| policies.contains(id))
        });
        if !over_http || !follows {
            continue;
        }
        let version = xml::children(binding, WSDL, "operation")
            .flat_map(|operation| xml::children(operation, SOAP12, "operation"))
            .find_map(|operation| Version::of_action(operation.attribute("soapAction")?));
        if let Some(version) = version {
            bindings.insert(name, version);
        }
    }
    Ok(bindings)
}

/// The endpoints of these bindings, in the document's order; none for an address that is not https.
fn ports<'a, 'i: 'a>(
    definitions: Node<'a, 'i>,
    bindings: &HashMap<&'a str, Version>,
) -> impl Iterator<Item = Option<Endpoint>> {
    xml::children(definitions, WSDL, "service")
        .flat_map(|service| xml::children(service, WSDL, "port"))
        .filter_map(|port| {
            let binding = port.attribute("binding")?;
            // A name in the document's own namespace: the prefix says nothing more.
            let binding = binding.split_once(':').map_or(binding, |(_, name)| name);
            let version = bindings.get(binding)?;
            let reference = xml::child(port, WSA, "EndpointReference")?;
            let address = xml::text(xml::child(reference, WSA, "Address")?)?;
            Some(Endpoint::new(address, *version).ok())
        })
}

fn malformed(why: &'static str) -> Error {
    Error::new(ErrorKind::InvalidResponse(DOCUMENT)).because(why)
}

const DOCUMENT: &str = "federation metadata";
const LONGEST_WAIT: Duration = Duration::from_secs(10);

const SOAP12: &str = "http://schemas.xmlsoap.org/wsdl/soap12/";
const SOAP_OVER_HTTP: &str = "http://schemas.xmlsoap.org/soap/http";
/// WS-SecurityPolicy, of 2005 and 1.2.
const SP: [&str; 2] = [
    "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy",
    "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702",
];
const SUPPORTING_TOKENS: [&str; 2] = ["SignedEncryptedSupportingTokens", "SignedSupportingTokens"];
const WSA: &str = "http://www.w3.org/2005/08/addressing";
const WSDL: &str = "http://schemas.xmlsoap.org/wsdl/";
const WSP: &str = "http://schemas.xmlsoap.org/ws/2004/09/policy";
const WSU: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";

#[cfg(test)]
mod tests;
