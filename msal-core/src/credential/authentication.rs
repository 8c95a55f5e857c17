use crate::{ClientAssertion, ClientSecret};

/// What proves, in the body of a token request, which application sends it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ClientAuthentication {
    /// A signed assertion, RFC 7523 section 2.2.
    Assertion(ClientAssertion),
    /// The application's password, RFC 6749 section 2.3.1.
    Secret(ClientSecret),
}

impl ClientAuthentication {
    /// The parameters of the request's form, in plain text: still to be percent-encoded, never to be logged.
    pub fn form_pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let (first, second) = match self {
            Self::Assertion(assertion) => (
                ("client_assertion_type", JWT_BEARER),
                Some(("client_assertion", assertion.expose())),
            ),
            Self::Secret(secret) => (("client_secret", secret.expose()), None),
        };
        std::iter::once(first).chain(second)
    }
}

/// RFC 7523 section 2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_one_parameter_and_an_assertion_two() {
        let secret = ClientAuthentication::Secret("hush".into());
        assert_eq!(
            secret.form_pairs().collect::<Vec<_>>(),
            [("client_secret", "hush")]
        );
        let assertion = ClientAuthentication::Assertion("a.b.c".into());
        assert_eq!(
            assertion.form_pairs().collect::<Vec<_>>(),
            [
                (
                    "client_assertion_type",
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
                ),
                ("client_assertion", "a.b.c"),
            ]
        );
    }
}
