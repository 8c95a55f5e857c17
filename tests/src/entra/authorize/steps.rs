//! The way from a person who has begun to sign in to an answer: each step is a page, or the end.

use std::sync::Arc;

use http::header::SET_COOKIE;
use uuid::Uuid;

use super::{AuthorizationRequest, EntraError, pages};
use crate::Request;
use crate::context::Context;
use crate::entra::authorize::request::Prompt;
use crate::entra::pages::Frame;
use crate::entra::token::delegated::RequestedScopes;
use crate::entra::token::signed::opaque;
use crate::entra::token::user_grant::{find_user, refuse_user};
use crate::entra::token::user_token::client_info;
use crate::realm::{Kind, Realm};
use crate::registry::{Resource, User};
use crate::reply::Reply;
use crate::sign_in::{Code, Decision, Interaction, Purpose, SignIn, cookie_of, set_cookie};

/// Asks for a password, as the first step.
pub(super) fn ask_password(context: &Context, interaction: Interaction) -> Reply {
    let (action, app, hint) = (
        pages::login_path(&interaction.realm),
        interaction.app.name().to_owned(),
        interaction.hint.clone(),
    );
    let flow = context.sign_ins.interactions().begin(interaction);
    let frame = Frame {
        action: &action,
        flow: &flow,
        error: None,
    };
    pages::ask_password(&frame, &app, &hint)
}

/// Lets a person choose an account, as the first step.
pub(super) fn choose_account(
    context: &Context,
    interaction: Interaction,
    accounts: &[SignIn],
) -> Reply {
    let usernames: Vec<String> = accounts
        .iter()
        .map(|account| account.username.clone())
        .collect();
    let (action, app) = (
        pages::login_path(&interaction.realm),
        interaction.app.name().to_owned(),
    );
    let flow = context.sign_ins.interactions().begin(interaction);
    let frame = Frame {
        action: &action,
        flow: &flow,
        error: None,
    };
    pages::choose_account(&frame, &app, &usernames)
}

/// Goes on with an account that is signed in already.
pub(super) fn go_on(context: &Context, request: &Request, interaction: Interaction) -> Reply {
    let flow = context.sign_ins.interactions().begin(interaction);
    advance(context, request, &flow)
}

/// Ends without a page (`prompt=none`), well or with an error.
pub(super) fn finish_silently(
    context: &Context,
    request: &Request,
    interaction: Interaction,
) -> Reply {
    let Purpose::Authorize(authorization) = &interaction.purpose else {
        return pages::refuse("a device has no silent way");
    };
    let destination = &authorization.destination;
    let refuse =
        |error: &EntraError| destination.refuse(context, request, &interaction.realm, error, None);
    match Standing::of(context, &interaction) {
        Err(error) => refuse(&error.with_error("interaction_required")),
        Ok(standing) if standing.lacks_second_factor => refuse(&EntraError::new(
            "interaction_required",
            50_076,
            "Due to a configuration change made by your administrator, or because you moved to a new location, you \
             must use multi-factor authentication.",
        )),
        Ok(standing) if !standing.missing.is_empty() => {
            let error = crate::entra::token::delegated::consent_required(&interaction.app);
            refuse(&error.with_error("consent_required"))
        }
        Ok(standing) => send_code(context, request, authorization, &standing),
    }
}

/// Shows the next page of an interaction whose person is known, or ends it.
pub(crate) fn advance(context: &Context, request: &Request, flow: &str) -> Reply {
    let Some(interaction) = context.sign_ins.interactions().find(flow) else {
        return pages::refuse(GONE);
    };
    let action = pages::login_path(&interaction.realm);
    let mut frame = Frame {
        action: &action,
        flow,
        error: None,
    };
    let app = interaction.app.name();
    let standing = match Standing::of(context, &interaction) {
        Ok(standing) => standing,
        Err(error) => {
            let description = error.description(context, request, &interaction.realm);
            frame.error = Some(&description);
            return pages::ask_password(&frame, app, "");
        }
    };
    if standing.lacks_second_factor {
        return pages::ask_second_factor(&frame);
    }
    let session = cookie_of(request).unwrap_or_else(|| Uuid::new_v4().to_string());
    context
        .sign_ins
        .sessions()
        .add(&session, standing.sign_in.clone());
    let username = standing.user.username();
    let must_ask =
        !standing.missing.is_empty() || (interaction.asks_for_consent() && !interaction.consented);
    let mut reply = match &interaction.purpose {
        _ if must_ask => pages::ask_for_consent(&frame, app, username, &standing.scopes()),
        Purpose::Device(_) if !interaction.consented => {
            pages::confirm_device(&frame, app, username)
        }
        purpose => {
            if !context.sign_ins.interactions().end(flow) {
                return pages::refuse(GONE);
            }
            match purpose {
                Purpose::Authorize(authorization) => {
                    send_code(context, request, authorization, &standing)
                }
                Purpose::Device(device_code) => {
                    let decision = Decision::Approved(Box::new(standing.sign_in.clone()));
                    context.sign_ins.devices().decide(device_code, decision);
                    pages::device_done(app, true)
                }
            }
        }
    };
    reply.set(SET_COOKIE.as_str(), &set_cookie(request, Some(&session)));
    reply
}

/// Takes the answer to a page that asks for consent, or whether it is this app.
pub(crate) fn decide(context: &Context, request: &Request, flow: &str, accepts: bool) -> Reply {
    if !accepts {
        return cancel(context, request, flow);
    }
    let Some(mut interaction) = context.sign_ins.interactions().find(flow) else {
        return pages::refuse(GONE);
    };
    // Without a second factor nobody is asked, so that nobody's answer counts.
    let Some(standing) = Standing::of(context, &interaction)
        .ok()
        .filter(|standing| !standing.lacks_second_factor)
    else {
        return advance(context, request, flow);
    };
    let is_device = matches!(interaction.purpose, Purpose::Device(_));
    interaction.consented = !is_device || standing.missing.is_empty();
    {
        let mut consents = context.sign_ins.consents();
        for (resource, names) in &standing.missing {
            for name in names {
                let tenant = standing.realm.tenant_in_urls();
                consents.give(&interaction.app, &standing.user, tenant, resource, name);
            }
        }
    }
    context.sign_ins.interactions().put(flow, interaction);
    advance(context, request, flow)
}

/// Ends an interaction as the person wants it ended: with nothing.
pub(crate) fn cancel(context: &Context, request: &Request, flow: &str) -> Reply {
    let Some(interaction) = context.sign_ins.interactions().find(flow) else {
        return pages::refuse(GONE);
    };
    context.sign_ins.interactions().end(flow);
    match &interaction.purpose {
        Purpose::Authorize(authorization) => {
            let error = EntraError::new(
                "access_denied",
                65_004,
                "User declined to consent to access the app.",
            );
            let realm = &interaction.realm;
            // The subcode is Entra ID's alone.
            let subcode = (!matches!(realm.kind, Kind::Adfs | Kind::Oidc)).then_some("cancel");
            authorization
                .destination
                .refuse(context, request, realm, &error, subcode)
        }
        Purpose::Device(device_code) => {
            context
                .sign_ins
                .devices()
                .decide(device_code, Decision::Declined);
            pages::device_done(interaction.app.name(), false)
        }
    }
}

/// Where a person stands with an app.
struct Standing {
    user: Arc<User>,
    sign_in: SignIn,
    /// The user's own.
    realm: Realm,
    lacks_second_factor: bool,
    missing: Vec<(Arc<Resource>, Vec<String>)>,
    requested: RequestedScopes,
}

impl Standing {
    fn of(context: &Context, interaction: &Interaction) -> Result<Self, EntraError> {
        let sign_in = interaction
            .sign_in
            .clone()
            .ok_or_else(|| EntraError::new("login_required", 50_058, "No user is signed in."))?;
        let user = find_user(context, &sign_in.username)?;
        let realm = interaction.realm.for_user(context, &user);
        refuse_user(&realm, &interaction.realm, &interaction.app, &user)?;
        let requested =
            RequestedScopes::parse(context, &interaction.scope, &realm, &interaction.app)?;
        Ok(Self {
            lacks_second_factor: user.is_asked_for_mfa() && !sign_in.used("mfa"),
            missing: requested.missing(context, &interaction.app, &user, &realm),
            user,
            sign_in,
            realm,
            requested,
        })
    }

    /// All that the app asks for, for people.
    fn scopes(&self) -> Vec<String> {
        let mut scopes: Vec<String> = self
            .requested
            .groups
            .iter()
            .flat_map(|group| group.names.clone())
            .collect();
        for (_, names) in &self.missing {
            scopes.extend(
                names
                    .iter()
                    .filter(|name| !scopes.contains(name))
                    .cloned()
                    .collect::<Vec<_>>(),
            );
        }
        scopes
    }
}

fn send_code(
    context: &Context,
    request: &Request,
    authorization: &AuthorizationRequest,
    standing: &Standing,
) -> Reply {
    let destination = &authorization.destination;
    let text = format!("1.{}", opaque(160));
    let wants_time = authorization
        .claims
        .as_ref()
        .is_some_and(|claims| claims.pointer("/id_token/auth_time").is_some());
    let code = Code {
        chain: Uuid::new_v4().to_string(),
        challenge: authorization.challenge.clone(),
        client_id: destination.app.client_id().to_owned(),
        expires: context.clock.unix() + CODE_LIFETIME,
        policy: standing.realm.policy.clone(),
        redeemed: false,
        redirect_uri: Some(destination.redirect_uri.clone()),
        scope: authorization.scope.clone(),
        sign_in: SignIn {
            nonce: authorization.nonce.clone(),
            tells_time: wants_time || authorization.max_age.is_some(),
            claims: authorization.claims.clone(),
            ..standing.sign_in.clone()
        },
        single_page: destination.single_page,
        tenant: standing.realm.tenant_in_urls().to_owned(),
    };
    context.sign_ins.codes().put(text.clone(), code);
    let mut parameters = vec![("code", text)];
    let realm = &standing.realm;
    if authorization.client_info
        && let Some(client_info) = client_info(realm, &standing.user)
    {
        parameters.push(("client_info", client_info));
    }
    if authorization.instance_aware {
        let home = realm.cloud.map(|cloud| cloud.preferred_network);
        let host = standing
            .user
            .other_cloud()
            .or(home)
            .unwrap_or(&request.host);
        let cloud = crate::cloud::Cloud::of_host(host);
        parameters.push((
            "cloud_instance_name",
            cloud.map_or(host, |cloud| cloud.name).to_owned(),
        ));
        parameters.push(("cloud_instance_host_name", host.to_owned()));
        parameters.extend(cloud.map(|cloud| ("msgraph_host", cloud.graph_host.to_owned())));
    }
    if !matches!(realm.kind, Kind::Oidc | Kind::Adfs) {
        parameters.push(("session_state", standing.sign_in.session_id.clone()));
    }
    destination.send(parameters)
}

impl Interaction {
    fn asks_for_consent(&self) -> bool {
        match &self.purpose {
            Purpose::Authorize(authorization) => authorization.prompt == Prompt::Consent,
            Purpose::Device(_) => false,
        }
    }
}

/// Ten minutes in seconds.
const CODE_LIFETIME: i64 = 600;

const GONE: &str =
    "AADSTS50089: Authentication failed due to flow token expired. Go back and sign in again.";
