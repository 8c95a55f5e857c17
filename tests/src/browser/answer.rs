use std::fmt;

use url::Url;

use super::html::Form;

/// What the browser brings the app at the end of a sign-in.
#[derive(Clone)]
pub struct AuthorizationAnswer {
    redirect_uri: String,
    location: Option<String>,
    parameters: Vec<(String, String)>,
}

impl AuthorizationAnswer {
    /// Reads where the browser is sent, if that is the app.
    pub(super) fn in_location(location: &str, redirect_uri: Option<&str>) -> Option<Self> {
        let url = Url::parse(location).ok()?;
        let encoded = url.fragment().or_else(|| url.query()).unwrap_or_default();
        let parameters: Vec<(String, String)> = url::form_urlencoded::parse(encoded.as_bytes())
            .into_owned()
            .collect();
        let has = |name: &str| parameters.iter().any(|(found, _)| found == name);
        let end = location.find(['?', '#']).unwrap_or(location.len());
        let (found, _) = location.split_at(end);
        let is_the_app = match redirect_uri {
            Some(uri) => uri.split(['?', '#']).next() == Some(found),
            None => true,
        };
        (is_the_app && (has("code") || has("error"))).then(|| Self {
            redirect_uri: redirect_uri.unwrap_or(found).to_owned(),
            location: Some(location.to_owned()),
            parameters,
        })
    }

    /// Reads what the browser posts to the app.
    pub(super) fn posted(form: Form) -> Self {
        Self {
            redirect_uri: form.action,
            location: None,
            parameters: form.fields,
        }
    }

    /// The method of the request that a browser would send the app: `GET`, or `POST` for `form_post`.
    #[must_use]
    pub const fn method(&self) -> &'static str {
        if self.location.is_some() {
            "GET"
        } else {
            "POST"
        }
    }

    /// The redirect URI.
    #[must_use]
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// The whole URL that a browser would open, of an answer in the query or the fragment.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    /// The body of the request that a browser would post.
    #[must_use]
    pub fn body(&self) -> Option<String> {
        if self.location.is_some() {
            return None;
        }
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        Some(body.extend_pairs(&self.parameters).finish())
    }

    /// The parameters in their order.
    #[must_use]
    pub fn parameters(&self) -> &[(String, String)] {
        &self.parameters
    }

    /// The parameter of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for AuthorizationAnswer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.parameters.iter().map(|(name, _)| name).collect();
        formatter
            .debug_struct("AuthorizationAnswer")
            .field("method", &self.method())
            .field("redirect_uri", &self.redirect_uri)
            .field("parameters", &names)
            .finish()
    }
}
