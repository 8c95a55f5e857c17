//! The SAML grants: an assertion of a federation server for a token, RFC 7522 section 2.1.
//!
//! That RFC is about SAML 2.0; the identity provider takes SAML 1.1 in the same way, under a name of its own.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;
use zeroize::Zeroizing;

use super::Post;
use crate::credential::ClientAuthentication;
use crate::secret::Redacted;
use crate::wstrust::{SamlAssertion, SamlVersion};
use crate::{CorrelationId, Error, Request};

/// What the request says. The user's name and password are no part of it.
#[derive(Clone, Copy)]
pub struct SamlGrant<'a> {
    /// The application.
    pub client_id: &'a str,
    /// How a confidential client proves who it is.
    pub authentication: Option<&'a ClientAuthentication>,
    /// What the federation server said of the user.
    pub assertion: &'a SamlAssertion,
    /// What it asks for, with the scopes of a sign-in among it; separated by spaces.
    pub scope: &'a str,
    /// The merged claims, the text of a JSON object.
    pub claims: Option<&'a str>,
    /// Further parameters.
    pub parameters: &'a [(String, String)],
}

impl fmt::Debug for SamlGrant<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters = self.parameters.iter().map(|(name, _)| name);
        f.debug_struct("SamlGrant")
            .field("client_id", &self.client_id)
            .field("authentication", &self.authentication)
            .field("assertion", &self.assertion)
            .field("scope", &self.scope)
            .field("claims", &self.claims.map(|_| Redacted))
            .field("parameters", &parameters.collect::<Vec<_>>())
            .finish()
    }
}

/// Builds the request.
pub fn request(
    grant: &SamlGrant<'_>,
    token_endpoint: &Url,
    correlation_id: CorrelationId,
) -> Result<Request, Error> {
    let grant_type = match grant.assertion.version() {
        SamlVersion::V1 => "urn:ietf:params:oauth:grant-type:saml1_1-bearer",
        SamlVersion::V2 => "urn:ietf:params:oauth:grant-type:saml2-bearer",
    };
    let assertion = Zeroizing::new(URL_SAFE_NO_PAD.encode(grant.assertion.expose()));
    let authentication = grant.authentication.into_iter();
    Post::new()
        .with("client_id", grant.client_id)
        .with("grant_type", grant_type)
        .with("assertion", &assertion)
        .with("scope", grant.scope)
        .with("client_info", "1")
        .with_all(authentication.flat_map(ClientAuthentication::form_pairs))
        .with("claims", grant.claims.unwrap_or_default())
        .with_all(grant.parameters.iter().map(|(name, value)| (name, value)))
        .to(token_endpoint, correlation_id)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::wstrust::response;

    fn sent(namespace: &str) -> (String, Request) {
        let assertion =
            format!(r#"<a:Assertion xmlns:a="{namespace}"><a:x>canary ÿ?&gt;</a:x></a:Assertion>"#);
        let message = format!(
            r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:t="http://schemas.xmlsoap.org/ws/2005/02/trust"><s:Body>
            <t:RequestSecurityTokenResponse><t:RequestedSecurityToken>{assertion}</t:RequestedSecurityToken></t:RequestSecurityTokenResponse>
            </s:Body></s:Envelope>"#
        );
        let read = response::parse(&http::Response::new(Bytes::from(message))).unwrap();
        let grant = SamlGrant {
            client_id: "app",
            authentication: None,
            assertion: &read,
            scope: "openid",
            claims: None,
            parameters: &[],
        };
        let encoded = URL_SAFE_NO_PAD.encode(&assertion);
        assert!(
            !format!("{grant:?}").contains("canary") && !format!("{grant:?}").contains(&encoded)
        );
        let endpoint = Url::parse("https://login.test/t/oauth2/v2.0/token").unwrap();
        let id = "0f8fad5b-d9cb-469f-a165-70867728950e".parse().unwrap();
        (encoded, request(&grant, &endpoint, id).unwrap())
    }

    #[test]
    fn an_assertion_goes_under_the_grant_of_its_version_byte_for_byte() {
        for (namespace, grant) in [
            ("urn:oasis:names:tc:SAML:1.0:assertion", "saml1_1-bearer"),
            ("urn:oasis:names:tc:SAML:2.0:assertion", "saml2-bearer"),
        ] {
            let (assertion, request) = sent(namespace);
            let pairs: Vec<_> = url::form_urlencoded::parse(request.body())
                .into_owned()
                .collect();
            let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            assert_eq!(
                pairs,
                [
                    pair("client_id", "app"),
                    pair(
                        "grant_type",
                        &["urn:ietf:params:oauth:grant-type:", grant].concat()
                    ),
                    pair("assertion", &assertion),
                    pair("scope", "openid"),
                    pair("client_info", "1"),
                ]
            );
            assert!(!request.headers().contains_key("x-anchormailbox"));
        }
    }
}
