//! The pages that people see: plain HTML, for browsers and for tests that walk them.

mod accounts;
mod consent;
mod device;
mod error;
mod form_post;
mod login;
mod second_factor;

use http::StatusCode;
use http::header::CONTENT_TYPE;

pub(super) use self::accounts::choose_account;
pub(super) use self::consent::ask_for_consent;
pub(super) use self::device::{ask_for_device_code, confirm_device, device_done};
pub(super) use self::error::{native_client, refuse, signed_out};
pub(super) use self::form_post::form_post;
pub(super) use self::login::{ask_federated_password, ask_password};
pub(super) use self::second_factor::ask_second_factor;
use crate::realm::Realm;
use crate::reply::Reply;

/// A page that belongs to an interaction, and its form.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'page> {
    /// Where the form goes.
    pub(super) action: &'page str,
    /// The interaction's name.
    pub(super) flow: &'page str,
    /// What was wrong with what was typed before.
    pub(super) error: Option<&'page str>,
}

impl Frame<'_> {
    fn page(&self, title: &str, inputs: &str) -> Reply {
        let error = self.error.map_or_else(String::new, |error| {
            format!("<div id=\"error\" role=\"alert\">{}</div>\n", escape(error))
        });
        let body = format!(
            "<h1>{}</h1>\n{error}<form method=\"post\" action=\"{}\">\n<input type=\"hidden\" name=\"flow\" \
             value=\"{}\">\n{inputs}</form>\n",
            escape(title),
            escape(self.action),
            escape(self.flow),
        );
        page(StatusCode::OK, title, &body)
    }
}

/// Where the forms of a realm go.
pub(super) fn login_path(realm: &Realm) -> String {
    let base = realm.base();
    let path = base
        .split_once("://")
        .and_then(|(_, rest)| rest.find('/').and_then(|start| rest.get(start..)))
        .unwrap_or_default();
    format!("{path}/login")
}

fn page(status: StatusCode, title: &str, body: &str) -> Reply {
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{}</title>\n</head>\n<body>\n\
         {body}</body>\n</html>\n",
        escape(title)
    );
    let mut reply = Reply::new(status, html).no_store();
    reply.set(CONTENT_TYPE.as_str(), "text/html; charset=utf-8");
    reply.set("x-frame-options", "DENY");
    reply.set("referrer-policy", "strict-origin-when-cross-origin");
    reply
}

/// Text as it may stand in HTML, in elements and in quoted attributes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
