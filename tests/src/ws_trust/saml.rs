//! The assertions in which AD FS vouches for a user (SAML 1.1 and 2.0), with an enveloped XML signature.
//!
//! They are written in canonical form (Exclusive XML Canonicalization), so that the signature over their bytes
//! is the one that XML Signature asks for. Read back they must be the same bytes: whoever writes the XML anew on the
//! way has broken it.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use roxmltree::{Document, Node};
use sha2::{Digest as _, Sha256};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::envelope::{escape, instant};
use super::names::{SAML_1, SAML_2};
use crate::SamlVersion;
use crate::signing_key::SigningKey;

/// What an assertion says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assertion {
    pub(crate) version: SamlVersion,
    pub(crate) issuer: String,
    pub(crate) audience: String,
    /// The user's name (UPN).
    pub(crate) username: String,
    /// What the directory knows the user by, whatever the name.
    pub(crate) immutable_id: String,
    pub(crate) not_before: OffsetDateTime,
    pub(crate) not_on_or_after: OffsetDateTime,
}

/// Why an assertion is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It is no assertion of that version, or lacks what it must say.
    Malformed,
    /// Its signature is missing, or does not fit its bytes.
    Signature,
}

impl Assertion {
    /// Writes and signs it.
    pub(crate) fn sign(&self, key: &SigningKey) -> io::Result<String> {
        let id = format!("_{}", Uuid::new_v4());
        let (start, end) = match self.version {
            SamlVersion::V1_1 => self.write_version_1(&id),
            SamlVersion::V2_0 => self.write_version_2(&id),
        };
        let signature = signature(key, &id, &start, &end)?;
        Ok(format!("{start}{signature}{end}"))
    }

    /// Reads one, and checks its signature. Time and audience are for the caller to judge.
    pub(crate) fn verify(key: &SigningKey, text: &str, version: SamlVersion) -> Result<Self, Flaw> {
        let document = Document::parse(text).map_err(|_not_xml| Flaw::Malformed)?;
        let root = document.root_element();
        let namespace = namespace(version);
        if !root.has_tag_name((namespace, "Assertion")) {
            return Err(Flaw::Malformed);
        }
        let mut signatures = root
            .children()
            .filter(|child| child.has_tag_name((SIGNATURE, "Signature")));
        let (Some(found), None) = (signatures.next(), signatures.next()) else {
            return Err(Flaw::Signature);
        };
        let id = root.attribute(match version {
            SamlVersion::V1_1 => "AssertionID",
            SamlVersion::V2_0 => "ID",
        });
        let range = found.range();
        let (Some(id), Some(start), Some(end), Some(written)) = (
            id,
            text.get(..range.start),
            text.get(range.end..),
            text.get(range),
        ) else {
            return Err(Flaw::Malformed);
        };
        // RSASSA-PKCS1-v1_5 has one signature for a message, so that a true one can be made again.
        let expected = signature(key, id, start, end).map_err(|_broken| Flaw::Signature)?;
        if written != expected {
            return Err(Flaw::Signature);
        }
        Self::read(root, version).ok_or(Flaw::Malformed)
    }

    fn read(root: Node<'_, '_>, version: SamlVersion) -> Option<Self> {
        let namespace = namespace(version);
        let element = |name: &str| {
            root.descendants()
                .find(move |node| node.has_tag_name((namespace, name)))
        };
        let text = |name| Some(element(name)?.text()?.to_owned());
        let attribute = |name: &str| {
            let label = match version {
                SamlVersion::V1_1 => "AttributeName",
                SamlVersion::V2_0 => "Name",
            };
            let attribute = root.descendants().find(|node| {
                node.has_tag_name((namespace, "Attribute"))
                    && node
                        .attribute(label)
                        .is_some_and(|found| found.rsplit('/').next() == Some(name))
            })?;
            Some(attribute.first_element_child()?.text()?.to_owned())
        };
        let conditions = element("Conditions")?;
        let time = |name| OffsetDateTime::parse(conditions.attribute(name)?, &Rfc3339).ok();
        Some(Self {
            version,
            issuer: match version {
                SamlVersion::V1_1 => root.attribute("Issuer")?.to_owned(),
                SamlVersion::V2_0 => text("Issuer")?,
            },
            audience: text("Audience")?,
            username: attribute("UPN")?,
            immutable_id: attribute("ImmutableID")?,
            not_before: time("NotBefore")?,
            not_on_or_after: time("NotOnOrAfter")?,
        })
    }

    /// What comes before and after the signature.
    fn write_version_1(&self, id: &str) -> (String, String) {
        let (issued, expires) = (instant(self.not_before), instant(self.not_on_or_after));
        let (issuer, audience) = (quote(&self.issuer), escape(&self.audience));
        let (name, immutable) = (escape(&self.username), escape(&self.immutable_id));
        let subject = format!(
            "<saml:Subject><saml:NameIdentifier Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified\">\
             {immutable}</saml:NameIdentifier><saml:SubjectConfirmation><saml:ConfirmationMethod>\
             urn:oasis:names:tc:SAML:1.0:cm:bearer</saml:ConfirmationMethod></saml:SubjectConfirmation></saml:Subject>"
        );
        let start = format!(
            "<saml:Assertion xmlns:saml=\"{SAML_1}\" AssertionID=\"{id}\" IssueInstant=\"{issued}\" \
             Issuer=\"{issuer}\" MajorVersion=\"1\" MinorVersion=\"1\">\
             <saml:Conditions NotBefore=\"{issued}\" NotOnOrAfter=\"{expires}\"><saml:AudienceRestrictionCondition>\
             <saml:Audience>{audience}</saml:Audience></saml:AudienceRestrictionCondition></saml:Conditions>\
             <saml:AttributeStatement>{subject}\
             <saml:Attribute AttributeName=\"UPN\" AttributeNamespace=\"http://schemas.xmlsoap.org/claims\">\
             <saml:AttributeValue>{name}</saml:AttributeValue></saml:Attribute>\
             <saml:Attribute AttributeName=\"ImmutableID\" \
             AttributeNamespace=\"http://schemas.microsoft.com/LiveID/Federation/2008/05\">\
             <saml:AttributeValue>{immutable}</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>\
             <saml:AuthenticationStatement AuthenticationInstant=\"{issued}\" \
             AuthenticationMethod=\"urn:oasis:names:tc:SAML:1.0:am:password\">{subject}</saml:AuthenticationStatement>"
        );
        (start, "</saml:Assertion>".to_owned())
    }

    fn write_version_2(&self, id: &str) -> (String, String) {
        let (issued, expires) = (instant(self.not_before), instant(self.not_on_or_after));
        let (issuer, audience) = (escape(&self.issuer), escape(&self.audience));
        let (name, immutable) = (escape(&self.username), escape(&self.immutable_id));
        let confirmed = instant(self.not_before + CONFIRMATION);
        let start = format!(
            "<Assertion xmlns=\"{SAML_2}\" ID=\"{id}\" IssueInstant=\"{issued}\" Version=\"2.0\">\
             <Issuer>{issuer}</Issuer>"
        );
        let end = format!(
            "<Subject><NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">{immutable}</NameID>\
             <SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
             <SubjectConfirmationData NotOnOrAfter=\"{confirmed}\"></SubjectConfirmationData></SubjectConfirmation>\
             </Subject><Conditions NotBefore=\"{issued}\" NotOnOrAfter=\"{expires}\"><AudienceRestriction>\
             <Audience>{audience}</Audience></AudienceRestriction></Conditions><AttributeStatement>\
             <Attribute Name=\"http://schemas.xmlsoap.org/claims/UPN\"><AttributeValue>{name}</AttributeValue></Attribute>\
             <Attribute Name=\"http://schemas.microsoft.com/LiveID/Federation/2008/05/ImmutableID\">\
             <AttributeValue>{immutable}</AttributeValue></Attribute></AttributeStatement>\
             <AuthnStatement AuthnInstant=\"{issued}\"><AuthnContext><AuthnContextClassRef>\
             urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</AuthnContextClassRef></AuthnContext>\
             </AuthnStatement></Assertion>"
        );
        (start, end)
    }
}

/// An enveloped signature (XML Signature section 6.6.4) over what stands around it.
fn signature(key: &SigningKey, id: &str, start: &str, end: &str) -> io::Result<String> {
    let digest = Sha256::new()
        .chain_update(start)
        .chain_update(end)
        .finalize();
    let (digest, id) = (STANDARD.encode(digest), quote(id));
    // The namespace is declared here again, as canonical XML has it for this element alone.
    let signed = format!(
        "<ds:SignedInfo xmlns:ds=\"{SIGNATURE}\"><ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\">\
         </ds:CanonicalizationMethod><ds:SignatureMethod \
         Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"></ds:SignatureMethod>\
         <ds:Reference URI=\"#{id}\"><ds:Transforms>\
         <ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform>\
         <ds:Transform Algorithm=\"{EXCLUSIVE}\"></ds:Transform></ds:Transforms>\
         <ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod>\
         <ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    );
    let value = STANDARD.encode(key.sign_bytes(signed.as_bytes())?);
    let certificate = STANDARD.encode(key.certificate_der());
    Ok(format!(
        "<ds:Signature xmlns:ds=\"{SIGNATURE}\">{signed}<ds:SignatureValue>{value}</ds:SignatureValue>\
         <KeyInfo xmlns=\"{SIGNATURE}\"><X509Data><X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo>\
         </ds:Signature>"
    ))
}

pub(super) const fn namespace(version: SamlVersion) -> &'static str {
    match version {
        SamlVersion::V1_1 => SAML_1,
        SamlVersion::V2_0 => SAML_2,
    }
}

/// Escapes text for an attribute as canonical XML does.
fn quote(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
        .replace('\t', "&#x9;")
        .replace('\n', "&#xA;")
        .replace('\r', "&#xD;")
}

const CONFIRMATION: Duration = Duration::minutes(5);

const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";

#[cfg(test)]
mod tests {
    use super::*;

    fn assertion(version: SamlVersion) -> Assertion {
        let now = OffsetDateTime::from_unix_timestamp(1_700_000_000).unwrap();
        Assertion {
            version,
            issuer: "http://sts.example/adfs/services/trust".to_owned(),
            audience: "urn:federation:MicrosoftOnline".to_owned(),
            username: "o'neil & <co>@federated.example".to_owned(),
            immutable_id: "AAECAw==".to_owned(),
            not_before: now,
            not_on_or_after: now + Duration::HOUR,
        }
    }

    #[test]
    fn what_is_signed_is_read_back() {
        let key = SigningKey::of_this_process().unwrap();
        for version in [SamlVersion::V1_1, SamlVersion::V2_0] {
            let assertion = assertion(version);
            let text = assertion.sign(key).unwrap();
            assert_eq!(Assertion::verify(key, &text, version), Ok(assertion));
        }
    }

    #[test]
    fn any_byte_that_differs_breaks_it() {
        let key = SigningKey::of_this_process().unwrap();
        for version in [SamlVersion::V1_1, SamlVersion::V2_0] {
            let text = assertion(version).sign(key).unwrap();
            let changed = [
                text.replace("o'neil", "o'neal"),
                text.replace("><", "> <"),
                text.replace("=\"", "='")
                    .replace("\" ", "' ")
                    .replace("\">", "'>"),
                text.replace("&gt;", ">"),
                text.replace("<ds:SignatureValue>", "<ds:SignatureValue>A"),
                text.replace("ds:", "d:").replace(":ds", ":d"),
                text.replace(
                    "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">",
                    "<ds:SignedInfo>",
                ),
            ];
            for changed in changed {
                assert_ne!(changed, text);
                assert!(
                    Assertion::verify(key, &changed, version).is_err(),
                    "{changed}"
                );
            }
        }
    }

    #[test]
    fn an_assertion_of_the_other_version_is_none() {
        let key = SigningKey::of_this_process().unwrap();
        let text = assertion(SamlVersion::V1_1).sign(key).unwrap();
        let flaw = Assertion::verify(key, &text, SamlVersion::V2_0);
        assert_eq!(flaw, Err(Flaw::Malformed));
    }
}
