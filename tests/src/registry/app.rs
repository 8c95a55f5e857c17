use serde_json::Value;

use super::redirect_uri::RedirectUri;
use crate::certificate::{ClientCertificate, ClientCertificateAuthority, Thumbprint};

/// An app registration.
#[derive(Clone, Debug)]
pub struct App {
    client_id: String,
    display_name: String,
    tenants: Option<Vec<String>>,
    secrets: Vec<Secret>,
    certificates: Vec<Vec<u8>>,
    trusted_subjects: Vec<TrustedSubject>,
    federated: Vec<FederatedCredential>,
    managed_identity_paths: bool,
    roles: Vec<String>,
    redirect_uris: Vec<RedirectUri>,
    family: Option<String>,
    delegated: Vec<(String, String)>,
    single_page_client: Option<String>,
}

#[derive(Clone, Debug)]
struct Secret {
    value: String,
    expired: bool,
}

/// A subject whose certificates an app may sign in with, whoever's key they hold.
#[derive(Clone, Debug)]
pub(crate) struct TrustedSubject {
    pub(crate) common_name: String,
    pub(crate) issuer_der: Vec<u8>,
}

/// Trust in another issuer's tokens as client assertions.
#[derive(Clone, Debug)]
pub struct FederatedCredential {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) audience: String,
    pub(crate) keys: Value,
}

impl App {
    /// Makes an app with a client id (a GUID), known in every tenant, with no way to sign in.
    #[must_use]
    pub fn new(client_id: &str) -> Self {
        Self {
            client_id: client_id.to_owned(),
            display_name: client_id.to_owned(),
            tenants: None,
            secrets: Vec::new(),
            certificates: Vec::new(),
            trusted_subjects: Vec::new(),
            federated: Vec::new(),
            managed_identity_paths: false,
            roles: Vec::new(),
            redirect_uris: Vec::new(),
            family: None,
            delegated: Vec::new(),
            single_page_client: None,
        }
    }

    /// Sets the name shown to people.
    #[must_use]
    pub fn display_name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.display_name);
        self
    }

    /// Makes it known in this tenant (by id), and in no other that is not named too.
    #[must_use]
    pub fn tenant(mut self, id: &str) -> Self {
        self.tenants
            .get_or_insert_default()
            .push(id.to_ascii_lowercase());
        self
    }

    /// Adds a client secret.
    #[must_use]
    pub fn secret(mut self, value: &str) -> Self {
        self.secrets.push(Secret {
            value: value.to_owned(),
            expired: false,
        });
        self
    }

    /// Adds a client secret whose time is over.
    #[must_use]
    pub fn expired_secret(mut self, value: &str) -> Self {
        self.secrets.push(Secret {
            value: value.to_owned(),
            expired: true,
        });
        self
    }

    /// Adds a certificate.
    #[must_use]
    pub fn certificate(self, certificate: &ClientCertificate) -> Self {
        self.certificate_der(certificate.certificate_der())
    }

    /// Adds a certificate in DER.
    #[must_use]
    pub fn certificate_der(mut self, der: &[u8]) -> Self {
        self.certificates.push(der.to_vec());
        self
    }

    /// Trusts certificates of a subject (its common name) from an issuer (subject-name/issuer trust):
    /// the client then sends the chain in `x5c`.
    #[must_use]
    pub fn trusted_subject(
        mut self,
        common_name: &str,
        issuer: &ClientCertificateAuthority,
    ) -> Self {
        self.trusted_subjects.push(TrustedSubject {
            common_name: common_name.to_owned(),
            issuer_der: issuer.certificate_der().to_vec(),
        });
        self
    }

    /// Trusts another issuer's tokens as client assertions.
    #[must_use]
    pub fn federated(mut self, credential: FederatedCredential) -> Self {
        self.federated.push(credential);
        self
    }

    /// May ask for tokens for paths below it (`fmi_path`).
    #[must_use]
    pub const fn managed_identity_paths(mut self) -> Self {
        self.managed_identity_paths = true;
        self
    }

    /// Grants it an application role on every resource.
    #[must_use]
    pub fn role(mut self, role: &str) -> Self {
        self.roles.push(role.to_owned());
        self
    }

    /// Adds a redirect URI, of a web app or of one on a device. The port of a loopback URI does not count.
    #[must_use]
    pub fn redirect_uri(mut self, uri: &str) -> Self {
        self.redirect_uris.push(RedirectUri {
            text: uri.to_owned(),
            single_page: false,
        });
        self
    }

    /// Adds a redirect URI of a single-page app: PKCE is asked for, and codes are redeemed from a web page.
    #[must_use]
    pub fn single_page_redirect_uri(mut self, uri: &str) -> Self {
        self.redirect_uris.push(RedirectUri {
            text: uri.to_owned(),
            single_page: true,
        });
        self
    }

    /// Makes it a member of a family of clients, which share refresh tokens. There is one family, `1`.
    #[must_use]
    pub fn family(mut self, id: &str) -> Self {
        self.family = Some(id.to_owned());
        self
    }

    /// Grants it a scope of a resource (its identifier URI) for all users of all tenants.
    #[must_use]
    pub fn delegated(mut self, resource: &str, scope: &str) -> Self {
        self.delegated.push((resource.to_owned(), scope.to_owned()));
        self
    }

    /// Names the app that redeems the codes which this one gets for its web pages (`return_spa_code`), in
    /// place of itself.
    #[must_use]
    pub fn single_page_client(mut self, client_id: &str) -> Self {
        self.single_page_client = Some(client_id.to_owned());
        self
    }

    /// The client id.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The name shown to people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.display_name
    }

    /// The first client secret, if it has any.
    #[must_use]
    pub fn first_secret(&self) -> Option<&str> {
        self.secrets.first().map(|secret| secret.value.as_str())
    }

    pub(crate) fn is_in(&self, tenant_id: &str) -> bool {
        self.tenants
            .as_ref()
            .is_none_or(|tenants| tenants.iter().any(|id| id == tenant_id))
    }

    /// Whether it has a way to sign in; an app with none is a public client.
    pub(crate) fn is_confidential(&self) -> bool {
        !(self.secrets.is_empty()
            && self.certificates.is_empty()
            && self.trusted_subjects.is_empty()
            && self.federated.is_empty())
    }

    /// Finds a secret, and says whether its time is over.
    pub(crate) fn secret_is_expired(&self, value: &str) -> Option<bool> {
        self.secrets
            .iter()
            .find(|secret| secret.value == value)
            .map(|secret| secret.expired)
    }

    /// Finds the certificate of a thumbprint, SHA-1 or SHA-256.
    pub(crate) fn certificate_of(&self, thumbprint: &[u8]) -> Option<&[u8]> {
        self.certificates.iter().map(Vec::as_slice).find(|der| {
            let known = Thumbprint::of(der);
            thumbprint == known.sha1 || thumbprint == known.sha256
        })
    }

    pub(crate) fn trusted_subjects(&self) -> &[TrustedSubject] {
        &self.trusted_subjects
    }

    pub(crate) fn federated_credentials(&self) -> &[FederatedCredential] {
        &self.federated
    }

    pub(crate) const fn allows_managed_identity_paths(&self) -> bool {
        self.managed_identity_paths
    }

    pub(crate) fn roles(&self) -> &[String] {
        &self.roles
    }

    pub(crate) fn redirect_uris(&self) -> &[RedirectUri] {
        &self.redirect_uris
    }

    /// Finds the registered redirect URI that a request may mean.
    pub(crate) fn redirect_uri_for(&self, wanted: &str) -> Option<&RedirectUri> {
        self.redirect_uris.iter().find(|uri| uri.matches(wanted))
    }

    pub(crate) fn family_id(&self) -> Option<&str> {
        self.family.as_deref()
    }

    /// The resources and scopes that it has been granted for everybody.
    pub(crate) fn delegated_scopes(&self) -> &[(String, String)] {
        &self.delegated
    }

    pub(crate) fn single_page_half(&self) -> &str {
        self.single_page_client
            .as_deref()
            .unwrap_or(&self.client_id)
    }
}

impl FederatedCredential {
    /// Trusts an issuer's tokens for a subject, signed with one of the keys of a JWK set (RSA or P-256).
    #[must_use]
    pub fn new(issuer: &str, subject: &str, keys: Value) -> Self {
        Self {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            audience: DEFAULT_AUDIENCE.to_owned(),
            keys,
        }
    }

    /// Trusts the provider's own tokens for a subject: another app's, or one below it (`fmi_path`).
    #[must_use]
    pub fn from_provider(issuer: &str, subject: &str) -> Self {
        Self::new(issuer, subject, Value::Null)
    }

    /// Sets the audience, in place of `api://AzureADTokenExchange`.
    #[must_use]
    pub fn audience(mut self, audience: &str) -> Self {
        audience.clone_into(&mut self.audience);
        self
    }
}

const DEFAULT_AUDIENCE: &str = "api://AzureADTokenExchange";
