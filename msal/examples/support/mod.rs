//! What the examples share: whom to ask, and how to show a result.
//!
//! A program of one's own needs none of it: it names its tenant and client id, and the default transport.

#![allow(dead_code, reason = "no example uses all of it")]

pub(crate) mod graph;
pub(crate) mod person;

use std::env;
use std::error::Error;

use msal::{AuthenticationResult, ReqwestTransport};
use msal_testing::{LocalIdentityProvider, defaults};

/// An application's registration, at Microsoft Entra ID or at a local identity provider.
pub(crate) struct Registration {
    pub(crate) tenant: String,
    pub(crate) client_id: String,
    /// Empty for a public client.
    pub(crate) client_secret: String,
    local: Option<LocalIdentityProvider>,
}

impl Registration {
    /// A program that acts for itself.
    pub(crate) fn from_environment_or_local() -> Result<Self, Box<dyn Error>> {
        Self::confidential(defaults::SECRET_CLIENT_ID, defaults::CLIENT_SECRET)
    }

    /// A program on a user's machine or device, which has no secret.
    pub(crate) fn of_public_client() -> Result<Self, Box<dyn Error>> {
        match (given("AZURE_TENANT_ID"), given("AZURE_CLIENT_ID")) {
            (Some(tenant), Some(id)) => Ok(Self::at_entra_id(tenant, id, String::new())),
            _ => Self::at_local_provider(defaults::PUBLIC_CLIENT_ID, ""),
        }
    }

    /// A web app with the redirect URI `http://localhost:{port}/auth/redirect`.
    pub(crate) fn of_web_app() -> Result<Self, Box<dyn Error>> {
        Self::confidential(defaults::WEB_CLIENT_ID, defaults::WEB_CLIENT_SECRET)
    }

    /// An API that calls another for its callers.
    pub(crate) fn of_web_api() -> Result<Self, Box<dyn Error>> {
        Self::confidential(defaults::API_CLIENT_ID, defaults::API_CLIENT_SECRET)
    }

    pub(crate) fn authority(&self) -> String {
        format!("https://login.microsoftonline.com/{}", self.tenant)
    }

    /// The local identity provider, where none other was named.
    pub(crate) fn local(&self) -> Option<&LocalIdentityProvider> {
        self.local.as_ref()
    }

    /// The default transport, which is told about the local identity provider if there is one.
    pub(crate) fn transport(&self) -> Result<ReqwestTransport, Box<dyn Error>> {
        let mut transport = ReqwestTransport::builder();
        if let Some(local) = self.local() {
            transport = transport
                .proxy(local.proxy_url())
                .add_root_certificates_pem(local.ca_pem());
        }
        Ok(transport.build()?)
    }

    fn confidential(local_id: &str, local_secret: &str) -> Result<Self, Box<dyn Error>> {
        let given = (
            given("AZURE_TENANT_ID"),
            given("AZURE_CLIENT_ID"),
            given("AZURE_CLIENT_SECRET"),
        );
        match given {
            (Some(tenant), Some(id), Some(secret)) => Ok(Self::at_entra_id(tenant, id, secret)),
            _ => Self::at_local_provider(local_id, local_secret),
        }
    }

    fn at_entra_id(tenant: String, client_id: String, client_secret: String) -> Self {
        Self {
            tenant,
            client_id,
            client_secret,
            local: None,
        }
    }

    pub(crate) fn at_local_provider(
        client_id: &str,
        client_secret: &str,
    ) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            tenant: defaults::TENANT_ID.to_owned(),
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
            local: Some(LocalIdentityProvider::start()?),
        })
    }
}

fn given(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// The shell commands that show an app which asks the local identity provider in a Chromium on Linux.
pub(crate) fn how_to_browse(local: &LocalIdentityProvider, url: &str) -> String {
    let (ca, proxy) = (local.ca_file().display(), local.proxy_url());
    let (username, password) = (defaults::USERNAME, defaults::PASSWORD);
    format!(
        "A Chromium of its own, which trusts the local identity provider (certutil is in Debian's libnss3-tools):\n\
         \x20 export HOME=$(mktemp -d); db=$HOME/.pki/nssdb; mkdir -p $db\n\
         \x20 certutil -d sql:$db -N --empty-password; certutil -d sql:$db -A -t C,, -n local -i {ca}\n\
         \x20 chromium --proxy-server={proxy} {url}\n\
         Sign in as {username} with the password {password}"
    )
}

#[expect(clippy::print_stdout, reason = "an example shows what it got")]
pub(crate) fn describe(name: &str, result: &AuthenticationResult) {
    let user = result.account().map_or_else(String::new, |account| {
        format!(" for {}", account.username())
    });
    println!(
        "{name:>6}:{user} from {}, expires on {}, correlation id {}, {} characters",
        result.token_source().name(),
        result.expires_on(),
        result.correlation_id(),
        result.access_token().expose().len(),
    );
}
