//! What a sign-in in a browser can be told.

use clap::Args;
use msal::{Prompt, ResponseMode};

/// What a sign-in in a browser can be told.
#[derive(Args)]
pub(crate) struct SignInOptions {
    /// How the response comes back: form_post or query
    #[arg(long, value_name = "MODE", default_value = "form_post")]
    pub(crate) response_mode: ResponseMode,
    /// What the user is asked: consent, create, login, none or select_account
    #[arg(long, value_name = "P")]
    pub(crate) prompt: Option<Prompt>,
    /// The name that the user probably signs in with
    #[arg(long, value_name = "U")]
    pub(crate) login_hint: Option<String>,
    /// The tenant's domain, so that its users skip the page that asks for it
    #[arg(long, value_name = "D")]
    pub(crate) domain_hint: Option<String>,
}

/// Adds these options to a call that signs a user in.
macro_rules! hinted {
    ($call:expr, $options:expr) => {{
        let options: &crate::sign_in::SignInOptions = $options;
        let mut call = $call.response_mode(options.response_mode);
        if let Some(prompt) = options.prompt {
            call = call.prompt(prompt);
        }
        if let Some(name) = &options.login_hint {
            call = call.login_hint(name);
        }
        if let Some(domain) = &options.domain_hint {
            call = call.domain_hint(domain);
        }
        call
    }};
}

pub(crate) use hinted;
