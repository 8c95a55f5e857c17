//! The authorization endpoint (RFC 6749 section 3.1): checks the request, and begins the pages.

mod destination;
mod parameters;
mod request;
mod steps;

use std::sync::Arc;

use self::destination::Destination;
use self::parameters::Parameters;
pub(crate) use self::request::AuthorizationRequest;
use self::request::Prompt;
pub(super) use self::steps::{advance, cancel, decide};
use super::error::EntraError;
use super::token::id_token::username_of_hint;
use super::{pages, tenant};
use crate::Request;
use crate::context::Context;
use crate::realm::{Kind, Realm};
use crate::registry::App;
use crate::reply::Reply;
use crate::sign_in::{Device, Interaction, Purpose, SignIn, cookie_of};

pub(crate) fn answer(context: &Context, request: &Request, realm: &Realm) -> Reply {
    let checked = Parameters::read(request).and_then(|parameters| {
        if let Some(error) = refuse_tenant(realm) {
            return Err(error);
        }
        let destination = Destination::read(context, &parameters, realm)?;
        Ok((parameters, destination))
    });
    // Nobody is sent to a URI that no app has registered.
    let (parameters, destination) = match checked {
        Ok(checked) => checked,
        Err(error) => return pages::refuse(&error.description(context, request, realm)),
    };
    match AuthorizationRequest::read(context, &parameters, realm, destination.clone()) {
        Ok(authorization) => begin(context, request, authorization),
        Err(error) => destination.refuse(context, request, realm, &error, None),
    }
}

fn begin(context: &Context, request: &Request, authorization: AuthorizationRequest) -> Reply {
    let accounts = context
        .sign_ins
        .sessions()
        .accounts(cookie_of(request).as_deref());
    let hint = authorization
        .login_hint
        .as_deref()
        .map(username_of_hint)
        .unwrap_or_default();
    let is_fresh = |account: &SignIn| {
        authorization
            .max_age
            .is_none_or(|age| context.clock.unix() - account.time <= age)
    };
    let prompt = authorization.prompt;
    let mut interaction = Interaction::new(
        authorization.realm.clone(),
        authorization.destination.app.clone(),
        &authorization.scope,
        &hint,
        Purpose::Authorize(Box::new(authorization.clone())),
    );
    let found: Vec<&SignIn> = accounts
        .iter()
        .filter(|account| hint.is_empty() || account.username.eq_ignore_ascii_case(&hint))
        .collect();
    match (prompt, found.as_slice()) {
        (Prompt::Login | Prompt::Create, _) | (_, []) if prompt != Prompt::None => {
            steps::ask_password(context, interaction)
        }
        (Prompt::SelectAccount, _) => steps::choose_account(context, interaction, &accounts),
        (Prompt::None, [account]) if is_fresh(account) => {
            interaction.sign_in = Some((*account).clone());
            steps::finish_silently(context, request, interaction)
        }
        (Prompt::None, found) => {
            let error = refuse_silence(found.len() > 1);
            let realm = &authorization.realm;
            authorization
                .destination
                .refuse(context, request, realm, &error, None)
        }
        (_, [account]) if is_fresh(account) => {
            interaction.sign_in = Some((*account).clone());
            steps::go_on(context, request, interaction)
        }
        (_, [account]) => {
            interaction.hint.clone_from(&account.username);
            steps::ask_password(context, interaction)
        }
        _ => steps::choose_account(context, interaction, &accounts),
    }
}

/// Begins the pages for a device whose code a person has typed.
pub(super) fn begin_for_device(
    context: &Context,
    request: &Request,
    device: &Device,
    app: Arc<App>,
    device_code: String,
) -> Reply {
    let accounts = context
        .sign_ins
        .sessions()
        .accounts(cookie_of(request).as_deref());
    let purpose = Purpose::Device(device_code);
    let interaction = Interaction::new(device.realm.clone(), app, &device.scope, "", purpose);
    if accounts.is_empty() {
        steps::ask_password(context, interaction)
    } else {
        steps::choose_account(context, interaction, &accounts)
    }
}

fn refuse_silence(several: bool) -> EntraError {
    if several {
        return EntraError::new(
            "interaction_required",
            16_000,
            "Either multiple user identities are available for the current request or selected account is not \
             supported for the scenario.",
        );
    }
    EntraError::new(
        "login_required",
        50_058,
        "A silent sign-in request was sent but no user is signed in. The cookies used to represent the user's session \
         were not sent in the request to Azure AD.",
    )
}

fn refuse_tenant(realm: &Realm) -> Option<EntraError> {
    match realm.kind {
        Kind::Adfs | Kind::Oidc => None,
        _ => tenant::refuse(realm, "invalid_request"),
    }
}
