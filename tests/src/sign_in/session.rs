use std::collections::HashMap;

use super::SignIn;
use crate::Request;

/// The browsers that users have signed in with.
#[derive(Default)]
pub(crate) struct Sessions {
    sessions: HashMap<String, Vec<SignIn>>,
}

impl Sessions {
    /// Who is signed in with a browser, in the order of their sign-ins.
    pub(crate) fn accounts(&self, cookie: Option<&str>) -> Vec<SignIn> {
        cookie
            .and_then(|cookie| self.sessions.get(cookie))
            .cloned()
            .unwrap_or_default()
    }

    /// Adds an account, in place of an earlier sign-in of it.
    pub(crate) fn add(&mut self, cookie: &str, sign_in: SignIn) {
        let accounts = self.sessions.entry(cookie.to_owned()).or_default();
        accounts.retain(|other| !other.username.eq_ignore_ascii_case(&sign_in.username));
        accounts.push(sign_in);
    }

    /// Signs one account out, or all.
    pub(crate) fn remove(&mut self, cookie: &str, username: Option<&str>) {
        match (username, self.sessions.get_mut(cookie)) {
            (Some(username), Some(accounts)) => {
                accounts.retain(|other| !other.username.eq_ignore_ascii_case(username));
            }
            _ => {
                self.sessions.remove(cookie);
            }
        }
    }

    /// Signs a user out of all browsers.
    pub(crate) fn remove_everywhere(&mut self, username: &str) {
        for accounts in self.sessions.values_mut() {
            accounts.retain(|other| !other.username.eq_ignore_ascii_case(username));
        }
    }
}

/// The session that a browser says it has.
pub(crate) fn cookie_of(request: &Request) -> Option<String> {
    let cookies = request.header("cookie")?;
    cookies.split(';').find_map(|cookie| {
        let (name, value) = cookie.trim().split_once('=')?;
        (name == COOKIE).then(|| value.to_owned())
    })
}

/// The value of `Set-Cookie` that begins or ends a session.
pub(crate) fn set_cookie(request: &Request, session: Option<&str>) -> String {
    let security = if request.tls {
        "; Secure; SameSite=None"
    } else {
        ""
    };
    match session {
        Some(session) => format!("{COOKIE}={session}; Path=/; HttpOnly{security}"),
        None => format!("{COOKIE}=; Path=/; HttpOnly; Max-Age=0{security}"),
    }
}

const COOKIE: &str = "ESTSAUTHPERSISTENT";
