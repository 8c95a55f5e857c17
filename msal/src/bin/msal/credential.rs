//! How the application proves who it is.

use std::path::PathBuf;

use clap::Args;
use msal::{Certificate, ClientCredential, Error, federated};

use crate::input::{self, SMALL, wrong};

/// One credential, and what belongs to it. No secret is an argument.
#[derive(Args)]
#[command(next_help_heading = "Credentials (one of them)")]
pub(crate) struct CredentialOptions {
    /// The variable that holds the client secret
    #[arg(long, global = true, value_name = "VAR")]
    secret_env: Option<String>,
    /// The client certificate; with --private-key
    #[arg(long, global = true, value_name = "PEM")]
    certificate: Option<PathBuf>,
    /// Its private key
    #[arg(long, global = true, value_name = "PEM")]
    private_key: Option<PathBuf>,
    /// The variable that holds the private key's password
    #[arg(long, global = true, value_name = "VAR")]
    private_key_password_env: Option<String>,
    /// Certificate and private key in one file; with --pfx-password-env
    #[arg(long, global = true, value_name = "FILE")]
    pfx: Option<PathBuf>,
    /// The variable that holds the PFX file's password
    #[arg(long, global = true, value_name = "VAR")]
    pfx_password_env: Option<String>,
    /// Sends the certificate along, for trust by subject name and issuer
    #[arg(long, global = true)]
    send_x5c: bool,
    /// A client assertion that was made elsewhere
    #[arg(long, global = true, value_name = "FILE")]
    assertion_file: Option<PathBuf>,
    /// A client assertion that something else renews in this file, such as Kubernetes
    #[arg(long, global = true, value_name = "FILE")]
    federated_token_file: Option<PathBuf>,
    /// The run of GitHub Actions that this is, as its variables tell
    #[arg(long, global = true)]
    github_actions: bool,
}

impl CredentialOptions {
    /// Reads the credential. None where none was given.
    pub(crate) fn read(&self) -> Result<Option<ClientCredential>, Error> {
        self.check()?;
        if let Some(variable) = &self.secret_env {
            let secret = input::variable(variable, "client secret")?;
            return Ok(Some(ClientCredential::from_secret(secret)));
        }
        if let Some(path) = &self.assertion_file {
            let text = input::text(path, "client assertion", SMALL)?;
            return Ok(Some(ClientCredential::from_assertion(text)));
        }
        if let Some(path) = &self.federated_token_file {
            // It is read for each request; what is wrong with it now is wrong usage.
            let text = input::text(path, "federated token", SMALL)?;
            if text.trim().is_empty() {
                return Err(wrong("federated token", "the file is empty"));
            }
            return Ok(Some(federated::token_file(path)));
        }
        if self.github_actions {
            let run = federated::github_actions()?;
            return Ok(Some(ClientCredential::from_federated(run)));
        }
        let certificate = self.certificate()?;
        Ok(certificate.map(|certificate| {
            ClientCredential::from_certificate(certificate.send_x5c(self.send_x5c))
        }))
    }

    fn certificate(&self) -> Result<Option<Certificate>, Error> {
        if let (Some(pfx), Some(password)) = (&self.pfx, &self.pfx_password_env) {
            let file = input::file(pfx, "PFX file", SMALL)?;
            let password = input::variable(password, "PFX password")?;
            return Certificate::from_pfx(file, &password).map(Some);
        }
        let (Some(certificate), Some(key)) = (&self.certificate, &self.private_key) else {
            return Ok(None);
        };
        let certificate = input::file(certificate, "certificate", SMALL)?;
        let key = input::file(key, "private key", SMALL)?;
        match &self.private_key_password_env {
            Some(variable) => {
                let password = input::variable(variable, "private key password")?;
                Certificate::from_encrypted_pem(certificate, key, &password)
            }
            None => Certificate::from_pem(certificate, key),
        }
        .map(Some)
    }

    /// Finds options that contradict or miss each other, before any file is read.
    fn check(&self) -> Result<(), Error> {
        let usage = |why: String| Err(wrong("command line", why));
        let certificate = self.certificate.is_some() || self.private_key.is_some();
        let given = [
            (self.secret_env.is_some(), "--secret-env"),
            (certificate, "--certificate with --private-key"),
            (self.pfx.is_some(), "--pfx"),
            (self.assertion_file.is_some(), "--assertion-file"),
            (
                self.federated_token_file.is_some(),
                "--federated-token-file",
            ),
            (self.github_actions, "--github-actions"),
        ];
        let given: Vec<&str> = given
            .iter()
            .filter(|(given, _)| *given)
            .map(|(_, name)| *name)
            .collect();
        if let [one, other, ..] = given[..] {
            return usage(format!("{one} and {other} are two credentials: give one"));
        }
        let needs = [
            (
                self.certificate.is_some(),
                self.private_key.is_some(),
                "--certificate",
                "--private-key",
            ),
            (
                self.private_key.is_some(),
                self.certificate.is_some(),
                "--private-key",
                "--certificate",
            ),
            (
                self.private_key_password_env.is_some(),
                self.private_key.is_some(),
                "--private-key-password-env",
                "--private-key",
            ),
            (
                self.pfx.is_some(),
                self.pfx_password_env.is_some(),
                "--pfx",
                "--pfx-password-env",
            ),
            (
                self.pfx_password_env.is_some(),
                self.pfx.is_some(),
                "--pfx-password-env",
                "--pfx",
            ),
            (
                self.send_x5c,
                certificate || self.pfx.is_some(),
                "--send-x5c",
                "a certificate",
            ),
        ];
        match needs
            .iter()
            .find(|(given, satisfied, ..)| *given && !satisfied)
        {
            Some((.., option, needed)) => usage(format!("{option} needs {needed}")),
            None => Ok(()),
        }
    }
}
