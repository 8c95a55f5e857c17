/// A tenant of Entra ID, known by an id and by domain names.
#[derive(Clone, Debug)]
pub struct Tenant {
    id: String,
    display_name: String,
    domains: Vec<String>,
}

impl Tenant {
    /// Makes a tenant with an id (a GUID), a display name, and no domain.
    #[must_use]
    pub fn new(id: &str, display_name: &str) -> Self {
        Self {
            id: id.to_ascii_lowercase(),
            display_name: display_name.to_owned(),
            domains: Vec::new(),
        }
    }

    /// Adds a domain name.
    #[must_use]
    pub fn domain(mut self, domain: &str) -> Self {
        self.domains.push(domain.to_ascii_lowercase());
        self
    }

    /// The id, a GUID in lower case.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name shown to people.
    #[must_use]
    pub fn display_name(&self) -> &str {
        &self.display_name
    }

    /// The domain names in lower case.
    #[must_use]
    pub fn domains(&self) -> &[String] {
        &self.domains
    }

    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.id.eq_ignore_ascii_case(name)
            || self
                .domains
                .iter()
                .any(|domain| domain.eq_ignore_ascii_case(name))
    }
}
