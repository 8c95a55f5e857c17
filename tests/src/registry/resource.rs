/// An API that tokens are issued for.
#[derive(Clone, Debug)]
pub struct Resource {
    identifier: String,
    app_id: String,
    token_version: u8,
    roles: Vec<String>,
    scopes: Vec<String>,
    continuous_access: bool,
}

impl Resource {
    /// Makes a resource with an identifier URI (`https://…`, `api://…`) and its app id (a GUID).
    /// Its tokens are of version 2.
    #[must_use]
    pub fn new(identifier: &str, app_id: &str) -> Self {
        Self {
            identifier: identifier.trim_end_matches('/').to_owned(),
            app_id: app_id.to_ascii_lowercase(),
            token_version: 2,
            roles: Vec::new(),
            scopes: Vec::new(),
            continuous_access: false,
        }
    }

    /// Issues tokens of version 1, as Microsoft's own older APIs ask for.
    #[must_use]
    pub const fn version_1(mut self) -> Self {
        self.token_version = 1;
        self
    }

    /// Adds an application role that every app has been granted.
    #[must_use]
    pub fn role(mut self, role: &str) -> Self {
        self.roles.push(role.to_owned());
        self
    }

    /// Adds a scope that apps may ask users for.
    #[must_use]
    pub fn scope(mut self, scope: &str) -> Self {
        self.scopes.push(scope.to_owned());
        self
    }

    /// Takes part in continuous access evaluation: a client that declares the capability `CP1` gets
    /// tokens that live for a day.
    #[must_use]
    pub const fn continuous_access_evaluation(mut self) -> Self {
        self.continuous_access = true;
        self
    }

    /// The identifier URI.
    #[must_use]
    pub fn identifier(&self) -> &str {
        &self.identifier
    }

    /// The app id.
    #[must_use]
    pub fn app_id(&self) -> &str {
        &self.app_id
    }

    pub(crate) const fn is_version_1(&self) -> bool {
        self.token_version == 1
    }

    pub(crate) fn roles(&self) -> &[String] {
        &self.roles
    }

    pub(crate) fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// The scope of that name, as it is written here.
    pub(crate) fn scope_called(&self, name: &str) -> Option<&str> {
        self.scopes
            .iter()
            .map(String::as_str)
            .find(|scope| scope.eq_ignore_ascii_case(name))
    }

    pub(crate) const fn evaluates_continuously(&self) -> bool {
        self.continuous_access
    }

    pub(crate) fn is_called(&self, identifier: &str) -> bool {
        let identifier = identifier.trim_end_matches('/');
        self.identifier.eq_ignore_ascii_case(identifier)
            || self.app_id.eq_ignore_ascii_case(identifier)
    }
}
