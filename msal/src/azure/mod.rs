//! Applications as credentials of the Azure SDK for Rust: whatever takes an
//! [`azure_core::credentials::TokenCredential`] can sign in with this library.
//!
//! | what a client of the SDK acts as | credential |
//! | --- | --- |
//! | the application itself | a [`ConfidentialClientApplication`] |
//! | an identity of the machine | a [`ManagedIdentityApplication`] |
//! | a user of a program | [`UserCredential`]: silent, and with a browser or a device code where that is not enough |
//! | the user who called this API | [`OnBehalfOfCredential`] |
//! | whatever the place where it is deployed offers | [`DeployedCredential`] |
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use azure_core::credentials::TokenCredential;
//! use msal::{ClientCredential, ConfidentialClientApplication};
//!
//! # fn example(secret: String) -> Result<(), msal::Error> {
//! let app = ConfidentialClientApplication::builder("client-id")
//!     .authority("https://login.microsoftonline.com/contoso.onmicrosoft.com")
//!     .credential(ClientCredential::from_secret(secret))
//!     .build()?;
//! let credential: Arc<dyn TokenCredential> = Arc::new(app);
//! # Ok(())
//! # }
//! ```
//!
//! Scopes are passed on as they are. What version 1 of `azure_core` has no place for, the tenant and a claims challenge, is
//! a [`TokenContext`] in the context of a method's options. Client capabilities, such as `CP1`, are the application's own:
//! its builder takes them. A failure is an error of `azure_core`'s kind `Credential`, whose source is an [`Error`].
//!
//! A client of the SDK keeps the token that it was given until that is about to end, and asks again only then or when a
//! service has refused it. So a context is looked at when it asks, and one client should not be given several tenants.

mod context;
mod deployed;
mod on_behalf_of;
mod user;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::ErrorKind;
use azure_core::time::OffsetDateTime;
use msal_core::{AuthenticationResult, Error};

pub use context::TokenContext;
pub use deployed::{DeployedCredential, DeployedCredentialBuilder};
pub use on_behalf_of::OnBehalfOfCredential;
pub use user::{SignIn, UserCredential};

use crate::{ConfidentialClientApplication, ManagedIdentityApplication};

/// Tokens for the application itself, by [`acquire_token_for_client`](Self::acquire_token_for_client).
#[async_trait]
impl TokenCredential for ConfidentialClientApplication {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let call = self.acquire_token_for_client(scopes);
        given(TokenContext::of(options.as_ref()).apply(call).await)
    }
}

/// Tokens for the identity that Azure has given the machine, by [`acquire_token`](Self::acquire_token): for one scope.
/// There is no choice of a tenant.
#[async_trait]
impl TokenCredential for ManagedIdentityApplication {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let [scope] = scopes else {
            let kind = msal_core::ErrorKind::InvalidArgument("scopes");
            let why = "a managed identity gives a token for one resource: name one scope";
            return given(Err(Error::new(kind).because(why)));
        };
        let context = TokenContext::of(options.as_ref());
        given(context.apply(self.acquire_token(scope)).await)
    }
}

/// What the SDK makes of an outcome.
fn given(outcome: Result<AuthenticationResult, Error>) -> azure_core::Result<AccessToken> {
    let result = outcome.map_err(refused)?;
    let ends = i64::try_from(result.expires_on().as_secs()).unwrap_or(i64::MAX);
    let ends = OffsetDateTime::from_unix_timestamp(ends).map_err(|error| {
        azure_core::Error::with_error(
            ErrorKind::DataConversion,
            error,
            "the token's end is no date",
        )
    })?;
    let token = result.access_token().expose().to_owned();
    Ok(AccessToken::new(token, ends))
}

fn refused(error: Error) -> azure_core::Error {
    let message = error.to_string();
    azure_core::Error::with_error(ErrorKind::Credential, error, message)
}
