//! What the pages send: passwords, second factors, choices.

use http::header::LOCATION;
use http::{Method, StatusCode};

use super::authorize::{advance, cancel, decide};
use super::pages::{self, Frame};
use crate::context::Context;
use crate::realm::{Kind, Realm};
use crate::registry::User;
use crate::reply::Reply;
use crate::sign_in::{Interaction, SignIn, cookie_of};
use crate::{Request, defaults};

pub(crate) fn answer(context: &Context, request: &Request, realm: &Realm) -> Reply {
    if realm.kind == Kind::Adfs && request.path.ends_with("/ls") {
        return federated(context, request, realm);
    }
    let Some(flow) = parameter(request, "flow") else {
        return pages::refuse("AADSTS900144: The request must contain the parameter 'flow'.");
    };
    let Some(interaction) = context.sign_ins.interactions().find(&flow) else {
        return pages::refuse(
            "AADSTS50089: Authentication failed due to flow token expired. Go back and sign in again.",
        );
    };
    let field = |name: &str| request.form_field(name);
    if request.method == Method::GET {
        // From an AD FS that has signed the person in.
        return advance(context, request, &flow);
    }
    if field("cancel").is_some() {
        return cancel(context, request, &flow);
    }
    if let Some(username) = field("account") {
        return choose(context, request, &flow, interaction, &username);
    }
    if let Some(code) = field("otc") {
        return second_factor(context, request, &flow, interaction, &code);
    }
    if let Some(decision) = field("decision") {
        return decide(context, request, &flow, decision == "accept");
    }
    let username = field("loginfmt").unwrap_or_default();
    let password = field("passwd").unwrap_or_default();
    sign_in(context, request, &flow, interaction, &username, &password)
}

fn choose(
    context: &Context,
    request: &Request,
    flow: &str,
    mut interaction: Interaction,
    username: &str,
) -> Reply {
    let accounts = context
        .sign_ins
        .sessions()
        .accounts(cookie_of(request).as_deref());
    let chosen = accounts
        .into_iter()
        .find(|account| account.username.eq_ignore_ascii_case(username));
    let Some(chosen) = chosen else {
        return ask(flow, &interaction, username, None);
    };
    interaction.sign_in = Some(chosen);
    context.sign_ins.interactions().put(flow, interaction);
    advance(context, request, flow)
}

fn sign_in(
    context: &Context,
    request: &Request,
    flow: &str,
    mut interaction: Interaction,
    username: &str,
    password: &str,
) -> Reply {
    let Some(user) = context.registry().user(username) else {
        return ask(flow, &interaction, username, Some(UNKNOWN_USER));
    };
    let is_entra = !matches!(interaction.realm.kind, Kind::Adfs | Kind::Oidc);
    let domain = context.registry().federated_domain_of(user.username());
    if let Some(domain) = domain.filter(|_| is_entra) {
        return send_to_federation(domain.host(), flow, user.username());
    }
    let now = context.clock.unix();
    if context.sign_ins.lockouts().is_locked(username, now) {
        return ask(flow, &interaction, username, Some(LOCKED));
    }
    if let Err(error) = check_password(&user, password) {
        if error == WRONG_PASSWORD {
            context.sign_ins.lockouts().count(username, now);
        }
        return ask(flow, &interaction, username, Some(error));
    }
    context.sign_ins.lockouts().forget(username);
    interaction.sign_in = Some(SignIn::now(context, &user, &["pwd"]));
    context.sign_ins.interactions().put(flow, interaction);
    advance(context, request, flow)
}

fn second_factor(
    context: &Context,
    request: &Request,
    flow: &str,
    mut interaction: Interaction,
    code: &str,
) -> Reply {
    let Some(sign_in) = &mut interaction.sign_in else {
        return ask(flow, &interaction, "", None);
    };
    if code.trim() != defaults::MFA_CODE {
        let action = pages::login_path(&interaction.realm);
        return pages::ask_second_factor(&Frame {
            action: &action,
            flow,
            error: Some(WRONG_CODE),
        });
    }
    sign_in.methods.push("mfa");
    context.sign_ins.interactions().put(flow, interaction);
    advance(context, request, flow)
}

/// The page of a federated domain's AD FS: asks for the password, and sends the browser back.
fn federated(context: &Context, request: &Request, realm: &Realm) -> Reply {
    let Some(flow) = parameter(request, "flow") else {
        return pages::refuse("MSIS7001: The passive protocol context was not found or not valid.");
    };
    let Some(mut interaction) = context.sign_ins.interactions().find(&flow) else {
        return pages::refuse("MSIS7001: The passive protocol context was not found or not valid.");
    };
    let frame = |error| Frame {
        action: "/adfs/ls",
        flow: &flow,
        error,
    };
    let host = &realm.authority;
    if request.method == Method::GET {
        let username = request.query_parameter("username").unwrap_or_default();
        return pages::ask_federated_password(&frame(None), host, &username);
    }
    let username = request.form_field("UserName").unwrap_or_default();
    let password = request.form_field("Password").unwrap_or_default();
    let user = context
        .registry()
        .user(&username)
        .filter(|user| check_password(user, &password).is_ok())
        .filter(|user| {
            let domain = context.registry().federated_domain_of(user.username());
            domain.is_some_and(|domain| domain.host() == request.host)
        });
    let Some(user) = user else {
        return pages::ask_federated_password(&frame(Some(WRONG_FEDERATED)), host, &username);
    };
    interaction.sign_in = Some(SignIn::now(context, &user, &["pwd"]));
    let back = format!(
        "https://{}{}?flow={flow}",
        interaction.realm.authority,
        pages::login_path(&interaction.realm)
    );
    context.sign_ins.interactions().put(&flow, interaction);
    redirect(&back)
}

fn send_to_federation(host: &str, flow: &str, username: &str) -> Reply {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("wa", "wsignin1.0")
        .append_pair("flow", flow)
        .append_pair("username", username)
        .finish();
    redirect(&format!("https://{host}/adfs/ls?{query}"))
}

fn redirect(location: &str) -> Reply {
    let mut reply = Reply::new(StatusCode::FOUND, "").no_store();
    reply.set(LOCATION.as_str(), location);
    reply
}

fn ask(flow: &str, interaction: &Interaction, username: &str, error: Option<&str>) -> Reply {
    let action = pages::login_path(&interaction.realm);
    let frame = Frame {
        action: &action,
        flow,
        error,
    };
    pages::ask_password(&frame, interaction.app.name(), username)
}

/// What the page says of a password that does not do.
fn check_password(user: &User, password: &str) -> Result<(), &'static str> {
    if password.is_empty() {
        return Err("Please enter your password.");
    }
    if !user.has_password(password) {
        return Err(WRONG_PASSWORD);
    }
    if user.is_disabled() {
        return Err(
            "Your account has been locked. Contact your support person to unlock it, then try again.",
        );
    }
    if user.has_expired_password() {
        return Err("You need to update your password because your password has expired.");
    }
    Ok(())
}

fn parameter(request: &Request, name: &str) -> Option<String> {
    request
        .form_field(name)
        .or_else(|| request.query_parameter(name))
}

const UNKNOWN_USER: &str = "This username may be incorrect. Make sure you typed it correctly. Otherwise, contact your admin.";

const LOCKED: &str = "Your account is temporarily locked to prevent unauthorized use. Try again later, and if you still have \
                      trouble, contact your admin.";

const WRONG_PASSWORD: &str =
    "Your account or password is incorrect. If you don't remember your password, reset it now.";

const WRONG_FEDERATED: &str =
    "Incorrect user ID or password. Type the correct user ID and password, and try again.";

const WRONG_CODE: &str = "You didn't enter the expected verification code. Please try again.";
