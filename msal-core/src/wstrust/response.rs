//! The answer (`RequestSecurityTokenResponse`): an assertion, or a SOAP fault that says why there is none.

use std::fmt;

use http::StatusCode;
use roxmltree::Node;
use zeroize::Zeroizing;

use super::{Version, xml};
use crate::{Error, ErrorKind, Response, ServerError};

/// A signed statement of a federation server about a user, exactly as the server wrote it.
///
/// It is as good as a password for a while: wiped when dropped, not shown by `Debug`.
#[derive(Clone, Eq, PartialEq)]
pub struct SamlAssertion {
    version: SamlVersion,
    xml: Zeroizing<Vec<u8>>,
}

impl SamlAssertion {
    /// Which version of SAML it is written in.
    pub fn version(&self) -> SamlVersion {
        self.version
    }

    /// The XML, byte for byte: for the request that needs it, never for a log.
    pub fn expose(&self) -> &[u8] {
        &self.xml
    }
}

impl fmt::Debug for SamlAssertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SamlAssertion({:?}, [redacted])", self.version)
    }
}

/// A version of SAML: it decides under which grant an assertion is handed in.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum SamlVersion {
    /// SAML 1.0 and 1.1.
    V1,
    /// SAML 2.0.
    V2,
}

impl SamlVersion {
    const ALL: [Self; 2] = [Self::V1, Self::V2];

    fn namespace(self) -> &'static str {
        match self {
            Self::V1 => "urn:oasis:names:tc:SAML:1.0:assertion",
            Self::V2 => "urn:oasis:names:tc:SAML:2.0:assertion",
        }
    }

    /// The type's other name (SAML Token Profile 1.1 section 3.1).
    fn profile(self) -> &'static str {
        match self {
            Self::V1 => "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1",
            Self::V2 => "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV2.0",
        }
    }
}

/// Reads the answer, which must have exactly one token, and that a SAML assertion that can stand alone.
///
/// A fault fails with [`ErrorKind::Server`], with its subcode as the [code](Error::code): `FailedAuthentication` for a
/// wrong user name or password, where asking again would be refused again, and may lock the user out.
pub fn parse(response: &Response) -> Result<SamlAssertion, Error> {
    let status = response.status();
    let document = match xml::parse(response.body(), DOCUMENT) {
        Ok(document) => document,
        Err(error) if status.is_success() => return Err(error),
        Err(_) => return Err(refused(status, ServerError::read(status.as_u16(), b""))),
    };
    let body = body(document.root_element());
    if let Some(fault) = body.and_then(|body| xml::child(body, SOAP, "Fault")) {
        return Err(failed(status, fault));
    }
    if !status.is_success() {
        return Err(refused(status, ServerError::read(status.as_u16(), b"")));
    }
    let body = body.ok_or_else(|| malformed("it is no SOAP message"))?;
    let answer = only_answer(body)?;
    let assertion = only_assertion(answer)?;
    let version = saml_version(answer, assertion)?;
    let bytes = document
        .input_text()
        .get(assertion.range())
        .unwrap_or_default();
    check_alone(bytes, assertion)?;
    Ok(SamlAssertion {
        version,
        xml: Zeroizing::new(bytes.as_bytes().to_vec()),
    })
}

fn body<'a, 'i>(envelope: Node<'a, 'i>) -> Option<Node<'a, 'i>> {
    if !envelope.has_tag_name((SOAP, "Envelope")) {
        return None;
    }
    let mut bodies = xml::children(envelope, SOAP, "Body");
    let body = bodies.next()?;
    bodies.next().is_none().then_some(body)
}

/// The one `RequestSecurityTokenResponse`, in its collection or (WS-Trust 2005) without.
fn only_answer<'a, 'i>(body: Node<'a, 'i>) -> Result<Node<'a, 'i>, Error> {
    let in_trust = |parent: Node<'a, 'i>, name| {
        Version::ALL
            .into_iter()
            .find_map(|version| xml::child(parent, version.namespace(), name))
    };
    // Anywhere and in any namespace: nothing may be there that another reader could take for the answer.
    let count = |name: &str| {
        let of_name = |node: &Node<'_, '_>| node.is_element() && node.tag_name().name() == name;
        body.document().descendants().filter(of_name).count()
    };
    if count(ANSWER) > 1 || count(TOKEN) > 1 {
        return Err(malformed("it has more than one token"));
    }
    let parent = in_trust(body, COLLECTION).unwrap_or(body);
    in_trust(parent, ANSWER).ok_or_else(|| malformed("it has no token"))
}

/// The one element of `RequestedSecurityToken`, an `Assertion`.
fn only_assertion<'a, 'i>(answer: Node<'a, 'i>) -> Result<Node<'a, 'i>, Error> {
    let namespace = answer.tag_name().namespace();
    let token = answer.children().find(|child| {
        child.tag_name().name() == TOKEN && child.tag_name().namespace() == namespace
    });
    let token = token.ok_or_else(|| malformed("it has no token"))?;
    let is_space = |node: &Node<'_, '_>| {
        node.is_text() && node.text().is_some_and(|text| text.trim_ascii().is_empty())
    };
    let mut inside = token.children().filter(|node| !is_space(node));
    match (inside.next(), inside.next()) {
        (Some(only), None) if only.is_element() && only.tag_name().name() == "Assertion" => {
            Ok(only)
        }
        _ => Err(malformed(
            "its token is not one SAML assertion in the clear",
        )),
    }
}

/// The version that the `TokenType` says; without one, that of the assertion's namespace. Both must agree.
fn saml_version(answer: Node<'_, '_>, assertion: Node<'_, '_>) -> Result<SamlVersion, Error> {
    let trust = answer.tag_name().namespace();
    let written = SamlVersion::ALL
        .into_iter()
        .find(|version| assertion.tag_name().namespace() == Some(version.namespace()))
        .ok_or_else(|| malformed("its token is no SAML assertion"))?;
    let mut types = answer.children().filter(|child| {
        child.tag_name().name() == "TokenType" && child.tag_name().namespace() == trust
    });
    let Some(named) = types.next() else {
        return Ok(written);
    };
    let named = xml::text(named).ok_or_else(|| malformed("its `TokenType` is no plain text"))?;
    if types.next().is_some() || ![written.namespace(), written.profile()].contains(&named) {
        return Err(malformed("its `TokenType` is not that of its token"));
    }
    Ok(written)
}

/// The assertion leaves its message as it is. One that needs a namespace declared around it would be read otherwise,
/// or not at all, by whoever gets it.
fn check_alone(bytes: &str, assertion: Node<'_, '_>) -> Result<(), Error> {
    let alone = xml::parse(bytes.as_bytes(), DOCUMENT);
    // The same bytes have the same elements; only what their names stand for can differ.
    let same = |alone: &roxmltree::Document<'_>| {
        let pairs = alone
            .root_element()
            .descendants()
            .zip(assertion.descendants());
        pairs
            .into_iter()
            .all(|(alone, inside)| alone.tag_name() == inside.tag_name())
    };
    match alone {
        Ok(alone) if same(&alone) => Ok(()),
        _ => Err(malformed(
            "its assertion relies on namespaces that are declared outside of it",
        )),
    }
}

/// What a SOAP fault amounts to.
fn failed(status: StatusCode, fault: Node<'_, '_>) -> Error {
    let code = xml::child(fault, SOAP, "Code");
    let value = |code: Option<Node<'_, '_>>| {
        let qualified = xml::text(xml::child(code?, SOAP, "Value")?)?;
        Some(
            qualified
                .split_once(':')
                .map_or(qualified, |(_, name)| name)
                .to_owned(),
        )
    };
    let subcode = code.and_then(|code| xml::child(code, SOAP, "Subcode"));
    let blamed = value(code).unwrap_or_default();
    let subcode = value(subcode).unwrap_or_default();
    let reason =
        xml::child(fault, SOAP, "Reason").and_then(|reason| xml::child(reason, SOAP, "Text"));
    let reason = reason.and_then(xml::text);
    let name = match (&*subcode, &*blamed) {
        ("", "") => "Fault",
        ("", blamed) => blamed,
        (subcode, _) => subcode,
    };
    // SOAP 1.2 part 1 section 5.4.6: `Sender` says that the message must not be sent again as it is.
    let is_ours = blamed == "Sender" || subcode == FAILED_AUTHENTICATION;
    let server = ServerError::fault(status.as_u16(), name, reason, is_ours);
    if subcode == FAILED_AUTHENTICATION {
        return Error::new(ErrorKind::Server)
            .because("the federation server refused the user name or the password")
            .with_server_error(server);
    }
    refused(status, server)
}

fn refused(status: StatusCode, server: ServerError) -> Error {
    let kind = match status {
        StatusCode::TOO_MANY_REQUESTS => ErrorKind::Throttled,
        _ => ErrorKind::Server,
    };
    Error::new(kind)
        .because("the federation server gave no assertion")
        .with_server_error(server)
}

fn malformed(why: &'static str) -> Error {
    Error::new(ErrorKind::InvalidResponse(DOCUMENT)).because(why)
}

const ANSWER: &str = "RequestSecurityTokenResponse";
const COLLECTION: &str = "RequestSecurityTokenResponseCollection";
const DOCUMENT: &str = "answer of the federation server";
/// WS-Security 1.0 section 12; WS-Trust has a fault of the same name.
const FAILED_AUTHENTICATION: &str = "FailedAuthentication";
const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
const TOKEN: &str = "RequestedSecurityToken";

#[cfg(test)]
mod tests;
