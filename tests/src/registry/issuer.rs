use url::Url;

/// An OpenID provider that is not Entra ID, at an issuer URL of its own.
#[derive(Clone, Debug)]
pub struct OidcIssuer {
    url: Url,
    announces_itself: bool,
}

impl OidcIssuer {
    /// Makes a provider at an issuer URL such as `https://id.example.com/realms/main`.
    ///
    /// # Errors
    /// When the URL cannot be parsed or names no host.
    pub fn new(issuer: &str) -> Result<Self, url::ParseError> {
        let url = Url::parse(issuer)?;
        if url.host_str().is_none() {
            return Err(url::ParseError::EmptyHost);
        }
        Ok(Self {
            url,
            announces_itself: false,
        })
    }

    /// The issuer as it stands in the configuration and in tokens, without a slash at its end.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// Names itself in authorization responses (`iss`), and says in its configuration that it does
    /// (`authorization_response_iss_parameter_supported`, RFC 9207).
    #[must_use]
    pub const fn announces_itself_in_responses(mut self) -> Self {
        self.announces_itself = true;
        self
    }

    /// The token endpoint.
    #[must_use]
    pub fn token_endpoint(&self) -> String {
        format!("{}/connect/token", self.issuer())
    }

    pub(crate) const fn announces_itself(&self) -> bool {
        self.announces_itself
    }

    /// The rest of a path under this issuer, if it is under it.
    pub(crate) fn rest<'path>(&self, host: &str, path: &'path str) -> Option<&'path str> {
        if !self.url.host_str()?.eq_ignore_ascii_case(host) {
            return None;
        }
        let rest = path.strip_prefix(self.url.path().trim_end_matches('/'))?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    }
}
