//! The names of XML, as the specifications give them.

use crate::WsTrustVersion;

pub(super) const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
pub(super) const POLICY: &str = "http://schemas.xmlsoap.org/ws/2004/09/policy";
pub(super) const SECURITY_EXTENSION: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
pub(super) const SECURITY_UTILITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
pub(super) const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
pub(super) const SAML_1: &str = "urn:oasis:names:tc:SAML:1.0:assertion";
pub(super) const SAML_2: &str = "urn:oasis:names:tc:SAML:2.0:assertion";

/// The SOAP action of a request for a token.
pub(super) const fn request_action(version: WsTrustVersion) -> &'static str {
    match version {
        WsTrustVersion::February2005 => "http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue",
        WsTrustVersion::V1_3 => "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue",
    }
}

/// The SOAP action of the answer to it.
pub(super) const fn response_action(version: WsTrustVersion) -> &'static str {
    match version {
        WsTrustVersion::February2005 => "http://schemas.xmlsoap.org/ws/2005/02/trust/RSTR/Issue",
        WsTrustVersion::V1_3 => "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RSTRC/IssueFinal",
    }
}

pub(super) const fn trust(version: WsTrustVersion) -> &'static str {
    match version {
        WsTrustVersion::February2005 => "http://schemas.xmlsoap.org/ws/2005/02/trust",
        WsTrustVersion::V1_3 => "http://docs.oasis-open.org/ws-sx/ws-trust/200512",
    }
}

pub(super) const fn issue(version: WsTrustVersion) -> &'static str {
    match version {
        WsTrustVersion::February2005 => "http://schemas.xmlsoap.org/ws/2005/02/trust/Issue",
        WsTrustVersion::V1_3 => "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Issue",
    }
}

/// The type of key of a token that whoever holds it may use.
pub(super) const fn no_key(version: WsTrustVersion) -> &'static str {
    match version {
        WsTrustVersion::February2005 => "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey",
        WsTrustVersion::V1_3 => "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Bearer",
    }
}
