//! The SAML grants: an assertion of a federation server for a token, RFC 7522 section 2.1.
//!
//! That RFC is about SAML 2.0; the identity provider takes SAML 1.1 in the same way, under a name of its own.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;
use zeroize::Zeroizing;

use super::UserRequest;
use crate::wstrust::{SamlAssertion, SamlVersion};
use crate::{CorrelationId, Error, Request};

/// Builds the request. The user's name and password are no part of it.
pub fn request(
    assertion: &SamlAssertion,
    user: &UserRequest<'_>,
    token_endpoint: &Url,
    correlation_id: CorrelationId,
) -> Result<Request, Error> {
    let form = user.form(match assertion.version() {
        SamlVersion::V1 => "urn:ietf:params:oauth:grant-type:saml1_1-bearer",
        SamlVersion::V2 => "urn:ietf:params:oauth:grant-type:saml2-bearer",
    });
    let encoded = Zeroizing::new(URL_SAFE_NO_PAD.encode(assertion.expose()));
    user.post(
        form.with("assertion", &encoded),
        token_endpoint,
        correlation_id,
    )
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::Scopes;
    use crate::protocol::UserHint;
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
        let user = UserRequest {
            client_id: "app",
            authentication: None,
            scopes: &Scopes::granted("openid"),
            claims: None,
            user: UserHint::None,
            parameters: &[],
        };
        let encoded = URL_SAFE_NO_PAD.encode(&assertion);
        assert!(!format!("{read:?}").contains("canary"));
        let endpoint = Url::parse("https://login.test/t/oauth2/v2.0/token").unwrap();
        let id = "0f8fad5b-d9cb-469f-a165-70867728950e".parse().unwrap();
        (encoded, request(&read, &user, &endpoint, id).unwrap())
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
                    pair("scope", "offline_access openid profile"),
                    pair("client_info", "1"),
                    pair("assertion", &assertion),
                ]
            );
            assert!(!request.headers().contains_key("x-anchormailbox"));
        }
    }
}
