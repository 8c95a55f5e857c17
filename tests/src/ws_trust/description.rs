//! `GET /adfs/services/trust/mex`: AD FS's description of its WS-Trust endpoints, a WSDL with policies.

use std::fmt::Write as _;

use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};

use super::names::{ADDRESSING, POLICY, SECURITY_UTILITY, request_action, response_action, trust};
use crate::context::Context;
use crate::realm::Realm;
use crate::reply::Reply;
use crate::{Request, WsTrustVersion};

pub(crate) fn describe(context: &Context, request: &Request, realm: &Realm) -> Reply {
    let domains = context.registry().federated_domains_at(&request.host);
    if domains.is_empty() {
        return Reply::new(StatusCode::NOT_FOUND, "");
    }
    if request.method != Method::GET {
        return Reply::new(StatusCode::METHOD_NOT_ALLOWED, "");
    }
    let offers = |binding: &&Binding| {
        binding.credential != Credential::Password
            || domains.iter().any(|domain| domain.offers(binding.version))
    };
    let bindings: Vec<&Binding> = BINDINGS.iter().filter(offers).collect();
    let mut reply = Reply::new(StatusCode::OK, document(&realm.authority, &bindings));
    reply.set(CONTENT_TYPE.as_str(), "text/xml; charset=utf-8");
    reply.set("server", "Microsoft-HTTPAPI/2.0");
    reply
}

/// One of AD FS's endpoints.
struct Binding {
    name: &'static str,
    path: &'static str,
    version: WsTrustVersion,
    credential: Credential,
}

/// What an endpoint believes a user by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Credential {
    /// A certificate in the message.
    Certificate,
    /// A certificate in the TLS handshake.
    CertificateInTransport,
    /// A token that somebody else issued.
    IssuedToken,
    Password,
    /// HTTP Negotiate: Kerberos.
    Windows,
}

fn document(authority: &str, bindings: &[&Binding]) -> String {
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><wsdl:definitions name=\"SecurityTokenService\" \
         targetNamespace=\"{SERVICE}\" xmlns:wsdl=\"http://schemas.xmlsoap.org/wsdl/\" \
         xmlns:soap12=\"http://schemas.xmlsoap.org/wsdl/soap12/\" xmlns:wsp=\"{POLICY}\" \
         xmlns:wsu=\"{SECURITY_UTILITY}\" xmlns:wsa10=\"{ADDRESSING}\" \
         xmlns:wsam=\"http://www.w3.org/2007/05/addressing/metadata\" \
         xmlns:wsaw=\"http://www.w3.org/2006/05/addressing/wsdl\" \
         xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" \
         xmlns:trust=\"{}\" xmlns:t=\"{}\" xmlns:tns=\"{SERVICE}\">",
        trust(WsTrustVersion::V1_3),
        trust(WsTrustVersion::February2005),
    );
    // Writing to a string cannot fail.
    let mut write = |part: String| text.push_str(&part);
    for binding in bindings {
        write(policy(binding));
    }
    write(interfaces());
    for binding in bindings {
        write(operations(binding));
    }
    write("<wsdl:service name=\"SecurityTokenService\">".to_owned());
    for binding in bindings {
        write(port(authority, binding));
    }
    write("</wsdl:service></wsdl:definitions>".to_owned());
    text
}

fn policy(binding: &Binding) -> String {
    let is_new = binding.version == WsTrustVersion::V1_3;
    let (security, token) = if is_new {
        (
            "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702",
            "sp:SignedEncryptedSupportingTokens",
        )
    } else {
        (
            "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy",
            "sp:SignedSupportingTokens",
        )
    };
    let included = format!("sp:IncludeToken=\"{security}/IncludeToken/AlwaysToRecipient\"");
    let support = match binding.credential {
        Credential::Certificate => format!(
            "<sp:EndorsingSupportingTokens xmlns:sp=\"{security}\"><wsp:Policy><sp:X509Token {included}><wsp:Policy>\
             <sp:RequireThumbprintReference/><sp:WssX509V3Token10/></wsp:Policy></sp:X509Token></wsp:Policy>\
             </sp:EndorsingSupportingTokens>"
        ),
        Credential::CertificateInTransport => String::new(),
        Credential::IssuedToken => format!(
            "<sp:EndorsingSupportingTokens xmlns:sp=\"{security}\"><wsp:Policy><sp:IssuedToken {included}>\
             <sp:RequestSecurityTokenTemplate></sp:RequestSecurityTokenTemplate><wsp:Policy>\
             <sp:RequireInternalReference/></wsp:Policy></sp:IssuedToken></wsp:Policy></sp:EndorsingSupportingTokens>"
        ),
        Credential::Password => format!(
            "<{token} xmlns:sp=\"{security}\"><wsp:Policy><sp:UsernameToken {included}><wsp:Policy>\
             <sp:WssUsernameToken10/></wsp:Policy></sp:UsernameToken></wsp:Policy></{token}>"
        ),
        Credential::Windows => "<http:NegotiateAuthentication \
                                xmlns:http=\"http://schemas.microsoft.com/ws/06/2004/policy/http\"/>"
            .to_owned(),
    };
    let (before, after) = match binding.credential {
        Credential::Windows => (support, String::new()),
        _ => (String::new(), support),
    };
    let https = match (is_new, binding.credential) {
        (true, Credential::CertificateInTransport) => {
            "<sp:HttpsToken><wsp:Policy><sp:RequireClientCertificate/></wsp:Policy></sp:HttpsToken>"
        }
        (true, _) => "<sp:HttpsToken><wsp:Policy/></sp:HttpsToken>",
        (false, Credential::CertificateInTransport) => {
            "<sp:HttpsToken RequireClientCertificate=\"true\"/>"
        }
        (false, _) => "<sp:HttpsToken RequireClientCertificate=\"false\"/>",
    };
    let trust = if is_new { "Trust13" } else { "Trust10" };
    format!(
        "<wsp:Policy wsu:Id=\"{name}_policy\"><wsp:ExactlyOne><wsp:All>{before}\
         <sp:TransportBinding xmlns:sp=\"{security}\"><wsp:Policy><sp:TransportToken><wsp:Policy>{https}</wsp:Policy>\
         </sp:TransportToken><sp:AlgorithmSuite><wsp:Policy><sp:Basic256/></wsp:Policy></sp:AlgorithmSuite>\
         <sp:Layout><wsp:Policy><sp:Strict/></wsp:Policy></sp:Layout><sp:IncludeTimestamp/></wsp:Policy>\
         </sp:TransportBinding>{after}\
         <sp:Wss11 xmlns:sp=\"{security}\"><wsp:Policy/></sp:Wss11>\
         <sp:{trust} xmlns:sp=\"{security}\"><wsp:Policy><sp:MustSupportIssuedTokens/><sp:RequireClientEntropy/>\
         <sp:RequireServerEntropy/></wsp:Policy></sp:{trust}><wsaw:UsingAddressing/>\
         </wsp:All></wsp:ExactlyOne></wsp:Policy>",
        name = binding.name
    )
}

/// The messages and the interfaces of both versions.
fn interfaces() -> String {
    let mut text = "<wsdl:types><xsd:schema targetNamespace=\"http://schemas.microsoft.com/Message\"></xsd:schema>\
                    </wsdl:types>"
        .to_owned();
    for version in [WsTrustVersion::February2005, WsTrustVersion::V1_3] {
        let (interface, operation) = interface(version);
        let (prefix, response) = match version {
            WsTrustVersion::February2005 => ("t", "RequestSecurityTokenResponse"),
            WsTrustVersion::V1_3 => ("trust", "RequestSecurityTokenResponseCollection"),
        };
        let (input, output) = (request_action(version), response_action(version));
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "<wsdl:message name=\"{interface}_{operation}_InputMessage\">\
             <wsdl:part name=\"request\" element=\"{prefix}:RequestSecurityToken\"/></wsdl:message>\
             <wsdl:message name=\"{interface}_{operation}_OutputMessage\">\
             <wsdl:part name=\"{operation}Result\" element=\"{prefix}:{response}\"/></wsdl:message>\
             <wsdl:portType name=\"{interface}\"><wsdl:operation name=\"{operation}\">\
             <wsdl:input wsaw:Action=\"{input}\" message=\"tns:{interface}_{operation}_InputMessage\"/>\
             <wsdl:output wsaw:Action=\"{output}\" message=\"tns:{interface}_{operation}_OutputMessage\"/>\
             </wsdl:operation></wsdl:portType>"
        );
    }
    text
}

fn operations(binding: &Binding) -> String {
    let name = binding.name;
    let (interface, operation) = interface(binding.version);
    let action = request_action(binding.version);
    format!(
        "<wsdl:binding name=\"{name}\" type=\"tns:{interface}\"><wsp:PolicyReference URI=\"#{name}_policy\"/>\
         <soap12:binding transport=\"http://schemas.xmlsoap.org/soap/http\"/><wsdl:operation name=\"{operation}\">\
         <soap12:operation soapAction=\"{action}\" style=\"document\"/>\
         <wsdl:input><soap12:body use=\"literal\"/></wsdl:input>\
         <wsdl:output><soap12:body use=\"literal\"/></wsdl:output></wsdl:operation></wsdl:binding>"
    )
}

fn port(authority: &str, binding: &Binding) -> String {
    let name = binding.name;
    let address = format!("https://{authority}/adfs/services/trust/{}", binding.path);
    format!(
        "<wsdl:port name=\"{name}\" binding=\"tns:{name}\"><soap12:address location=\"{address}\"/>\
         <wsa10:EndpointReference><wsa10:Address>{address}</wsa10:Address></wsa10:EndpointReference></wsdl:port>"
    )
}

/// The names of interface and operation.
const fn interface(version: WsTrustVersion) -> (&'static str, &'static str) {
    match version {
        WsTrustVersion::February2005 => ("IWSTrustFeb2005Async", "TrustFeb2005IssueAsync"),
        WsTrustVersion::V1_3 => ("IWSTrust13Async", "Trust13IssueAsync"),
    }
}

const fn binding(
    name: &'static str,
    path: &'static str,
    version: WsTrustVersion,
    credential: Credential,
) -> Binding {
    Binding {
        name,
        path,
        version,
        credential,
    }
}

/// In the order in which AD FS lists them.
const BINDINGS: [Binding; 9] = [
    binding(
        "CustomBinding_IWSTrustFeb2005Async",
        "2005/windowstransport",
        WsTrustVersion::February2005,
        Credential::Windows,
    ),
    binding(
        "CertificateWSTrustBinding_IWSTrustFeb2005Async",
        "2005/certificatemixed",
        WsTrustVersion::February2005,
        Credential::Certificate,
    ),
    binding(
        "CertificateWSTrustBinding_IWSTrustFeb2005Async1",
        "2005/certificatetransport",
        WsTrustVersion::February2005,
        Credential::CertificateInTransport,
    ),
    binding(
        "UserNameWSTrustBinding_IWSTrustFeb2005Async",
        "2005/usernamemixed",
        WsTrustVersion::February2005,
        Credential::Password,
    ),
    binding(
        "IssuedTokenWSTrustBinding_IWSTrustFeb2005Async",
        "2005/issuedtokenmixedsymmetricbasic256",
        WsTrustVersion::February2005,
        Credential::IssuedToken,
    ),
    binding(
        "CustomBinding_IWSTrust13Async",
        "13/windowstransport",
        WsTrustVersion::V1_3,
        Credential::Windows,
    ),
    binding(
        "CertificateWSTrustBinding_IWSTrust13Async",
        "13/certificatemixed",
        WsTrustVersion::V1_3,
        Credential::Certificate,
    ),
    binding(
        "UserNameWSTrustBinding_IWSTrust13Async",
        "13/usernamemixed",
        WsTrustVersion::V1_3,
        Credential::Password,
    ),
    binding(
        "IssuedTokenWSTrustBinding_IWSTrust13Async",
        "13/issuedtokenmixedsymmetricbasic256",
        WsTrustVersion::V1_3,
        Credential::IssuedToken,
    ),
];

const SERVICE: &str = "http://schemas.microsoft.com/ws/2008/06/identity/securitytokenservice";
