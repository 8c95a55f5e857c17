use http::StatusCode;
use serde_json::{Value, json};

use super::{done, refuse};
use crate::browser::{Browser, Person};
use crate::context::Context;
use crate::entra::device_authorization::verification_uri;
use crate::registry::User;
use crate::reply::Reply;

/// Changes users and settings, if the name is one of theirs.
pub(super) fn answer(context: &Context, name: &str, body: &[u8]) -> Option<Reply> {
    let change = match name {
        "demand" => demand,
        "password" => password,
        "revoke" => revoke,
        "settings" => settings,
        _ => return None,
    };
    let Ok(body) = serde_json::from_slice(body) else {
        return Some(refuse(StatusCode::BAD_REQUEST, "the body is not JSON"));
    };
    Some(match change(context, &body) {
        Some(reply) => reply,
        None => refuse(
            StatusCode::BAD_REQUEST,
            "a member is missing, or of another type",
        ),
    })
}

/// Walks the pages.
pub(super) fn walk(context: &Context, name: &str, body: &[u8]) -> Reply {
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return refuse(StatusCode::BAD_REQUEST, "the body is not JSON");
    };
    let walked = match name {
        "device" => device(context, &body),
        _ => sign_in(context, &body),
    };
    walked.unwrap_or_else(|reason| refuse(StatusCode::BAD_REQUEST, &reason))
}

fn sign_in(context: &Context, body: &Value) -> Result<Reply, String> {
    let url = text(body, "url").ok_or("give a url")?;
    let mut person = person(body)?;
    if body["consent"] == json!(false) {
        person = person.declines();
    }
    let address = context.address().ok_or("not yet listening")?;
    let session = text(body, "session");
    let mut browser = session
        .and_then(|session| context.browsers().remove(session))
        .unwrap_or_else(|| Browser::new(address));
    let answer = browser.sign_in(url, &person);
    if let Some(session) = session {
        context.browsers().insert(session.to_owned(), browser);
    }
    let answer = answer.map_err(|error| error.to_string())?;
    let parameters: serde_json::Map<String, Value> = answer
        .parameters()
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    let body = json!({
        "redirect_uri": answer.redirect_uri(),
        "method": answer.method(),
        "location": answer.location(),
        "body": answer.body(),
        "parameters": parameters,
    });
    Ok(Reply::json(StatusCode::OK, &body))
}

fn device(context: &Context, body: &Value) -> Result<Reply, String> {
    let user_code = text(body, "user_code").ok_or("give a user_code")?;
    let mut person = person(body)?;
    if text(body, "decision") == Some("decline") {
        person = person.declines();
    }
    let uri = {
        let devices = context.sign_ins.devices();
        devices
            .device_code(user_code)
            .and_then(|device_code| devices.find(&device_code))
            .map(|device| verification_uri(&device.realm))
            .ok_or("no device has that code")?
    };
    let address = context.address().ok_or("not yet listening")?;
    Browser::new(address)
        .answer_device(&uri, user_code, &person)
        .map_err(|error| error.to_string())?;
    Ok(done())
}

fn person(body: &Value) -> Result<Person, String> {
    let mut person = Person::new(text(body, "username").ok_or("give a username")?);
    if let Some(password) = text(body, "password") {
        person = person.password(password);
    }
    if let Some(code) = text(body, "mfa") {
        person = person.code(code);
    }
    Ok(person)
}

fn demand(context: &Context, body: &Value) -> Option<Reply> {
    let claims = body.get("claims")?;
    if !claims.is_object() && !claims.is_null() {
        return None;
    }
    let claims = (!claims.is_null()).then(|| claims.clone());
    context.sign_ins.demand(text(body, "resource")?, claims);
    Some(done())
}

fn password(context: &Context, body: &Value) -> Option<Reply> {
    let (username, password) = (text(body, "username")?, text(body, "password")?);
    let Some(user) = context.registry().user(username) else {
        return Some(refuse(StatusCode::NOT_FOUND, "no user has that name"));
    };
    let changed = User::clone(&user).password(password);
    context.registry_mut().put_user(changed);
    context.sign_ins.revoke(username, context.clock.unix());
    Some(done())
}

fn revoke(context: &Context, body: &Value) -> Option<Reply> {
    let count = context
        .sign_ins
        .revoke(text(body, "username")?, context.clock.unix());
    Some(Reply::json(StatusCode::OK, &json!({ "revoked": count })))
}

fn settings(context: &Context, body: &Value) -> Option<Reply> {
    let members = body.as_object()?;
    let mut tuning = context.tuning();
    for (name, value) in members {
        match name.as_str() {
            "lifetime" => tuning.lifetime = value.as_i64()?,
            "refresh_in" if value.is_null() => tuning.refresh_in = None,
            "refresh_in" => tuning.refresh_in = Some(value.as_i64()?),
            "region" => context.set_region(value.as_str()?),
            "rotating_refresh_tokens" => tuning.rotating_refresh_tokens = value.as_bool()?,
            "strict_polling" => tuning.strict_polling = value.as_bool()?,
            _ => return None,
        }
    }
    context.tune(|current| *current = tuning);
    Some(done())
}

fn text<'body>(body: &'body Value, name: &str) -> Option<&'body str> {
    body.get(name)?.as_str()
}
