//! A request for a security token (RST), taken apart and checked.

use roxmltree::{Document, Node};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::fault::Fault;
use super::names::{
    ADDRESSING, POLICY, SAML_1, SAML_2, SECURITY_EXTENSION, SECURITY_UTILITY, SOAP, issue, no_key,
    request_action, trust,
};
use crate::{Request, SamlVersion, WsTrustVersion};

/// A request in good form, of a user who has not been believed yet.
pub(super) struct TokenRequest {
    pub(super) username: String,
    pub(super) password: String,
    pub(super) applies_to: String,
    /// The version of SAML asked for, if any.
    pub(super) saml: Option<SamlVersion>,
}

/// The envelope of a request.
pub(super) struct Message<'text> {
    header: Node<'text, 'text>,
    body: Node<'text, 'text>,
}

impl<'text> Message<'text> {
    /// Finds the parts of an envelope, if the document is one.
    pub(super) fn of(document: &'text Document<'text>) -> Option<Self> {
        let root = document.root_element();
        if !root.has_tag_name((SOAP, "Envelope")) {
            return None;
        }
        Some(Self {
            header: child(root, SOAP, "Header")?,
            body: child(root, SOAP, "Body")?,
        })
    }

    pub(super) fn id(&self) -> Option<&'text str> {
        text(child(self.header, ADDRESSING, "MessageID")?)
    }

    /// Reads what is asked for at an endpoint of that version.
    pub(super) fn read(
        &self,
        request: &Request,
        version: WsTrustVersion,
        endpoint: &str,
        now: OffsetDateTime,
    ) -> Result<TokenRequest, Fault> {
        let header = |name| child(self.header, ADDRESSING, name).and_then(text);
        let action = header("Action").ok_or(Fault::ActionNotSupported)?;
        // SOAP 1.2 has the action in the content type, but many clients write SOAP 1.1's header.
        let named = request
            .header("soapaction")
            .map(|action| action.trim_matches('"'));
        if named.is_some_and(|named| named != action) {
            return Err(Fault::ActionMismatch);
        }
        if action != request_action(version) {
            return Err(Fault::ActionNotSupported);
        }
        if header("To") != Some(endpoint) {
            return Err(Fault::DestinationUnreachable);
        }
        if self.id().is_none_or(str::is_empty) {
            return Err(Fault::MissingMessageId);
        }
        let security =
            child(self.header, SECURITY_EXTENSION, "Security").ok_or(Fault::InvalidSecurity)?;
        check_timestamp(security, now)?;
        let (username, password) = credentials(security).ok_or(Fault::InvalidSecurity)?;
        let token =
            child(self.body, trust(version), "RequestSecurityToken").ok_or(Fault::RequestFailed)?;
        let member = |name| child(token, trust(version), name).and_then(text);
        if member("RequestType") != Some(issue(version))
            || member("KeyType").is_some_and(|kind| kind != no_key(version))
        {
            return Err(Fault::RequestFailed);
        }
        let saml = match member("TokenType") {
            None => None,
            Some(SAML_1 | SAML_1_PROFILE) => Some(SamlVersion::V1_1),
            Some(SAML_2 | SAML_2_PROFILE) => Some(SamlVersion::V2_0),
            Some(_) => return Err(Fault::RequestFailed),
        };
        Ok(TokenRequest {
            username,
            password,
            applies_to: applies_to(token).ok_or(Fault::InvalidScope)?,
            saml,
        })
    }
}

fn check_timestamp(security: Node<'_, '_>, now: OffsetDateTime) -> Result<(), Fault> {
    let time = |name| {
        let timestamp = child(security, SECURITY_UTILITY, "Timestamp")?;
        let written = text(child(timestamp, SECURITY_UTILITY, name)?)?;
        OffsetDateTime::parse(written, &Rfc3339).ok()
    };
    let (Some(created), Some(expires)) = (time("Created"), time("Expires")) else {
        return Err(Fault::InvalidSecurity);
    };
    let is_current = created < expires && created - SKEW <= now && now < expires + SKEW;
    is_current.then_some(()).ok_or(Fault::InvalidSecurity)
}

fn credentials(security: Node<'_, '_>) -> Option<(String, String)> {
    let token = child(security, SECURITY_EXTENSION, "UsernameToken")?;
    let password = child(token, SECURITY_EXTENSION, "Password")?;
    if password
        .attribute("Type")
        .is_some_and(|kind| kind != PASSWORD_TEXT)
    {
        return None;
    }
    let username = text(child(token, SECURITY_EXTENSION, "Username")?)?;
    Some((
        username.to_owned(),
        password.text().unwrap_or_default().to_owned(),
    ))
}

fn applies_to(token: Node<'_, '_>) -> Option<String> {
    let reference = child(
        child(token, POLICY, "AppliesTo")?,
        ADDRESSING,
        "EndpointReference",
    )?;
    Some(text(child(reference, ADDRESSING, "Address")?)?.to_owned())
}

/// The only child element of that name. Where there are two, whoever reads the other one is deceived.
fn child<'text>(
    node: Node<'text, 'text>,
    namespace: &'static str,
    name: &'static str,
) -> Option<Node<'text, 'text>> {
    let mut found = node
        .children()
        .filter(|child| child.has_tag_name((namespace, name)));
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

fn text<'text>(node: Node<'text, 'text>) -> Option<&'text str> {
    node.text().map(str::trim)
}

/// What Windows Communication Foundation allows clocks to differ by.
const SKEW: Duration = Duration::minutes(5);

const PASSWORD_TEXT: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText";

const SAML_1_PROFILE: &str =
    "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1";

const SAML_2_PROFILE: &str =
    "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV2.0";
