use std::fmt;
use std::io;

use super::html::Form;
use crate::defaults;

/// Who sits before the browser, and what they do there.
#[derive(Clone)]
pub struct Person {
    username: String,
    password: String,
    code: String,
    accepts: bool,
}

impl Person {
    /// Someone who signs in with that username, with password and second factor of
    /// [`defaults`](crate::defaults), and accepts what is asked.
    #[must_use]
    pub fn new(username: &str) -> Self {
        Self {
            username: username.to_owned(),
            password: defaults::PASSWORD.to_owned(),
            code: defaults::MFA_CODE.to_owned(),
            accepts: true,
        }
    }

    /// Types another password.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        password.clone_into(&mut self.password);
        self
    }

    /// Types another second factor.
    #[must_use]
    pub fn code(mut self, code: &str) -> Self {
        code.clone_into(&mut self.code);
        self
    }

    /// Cancels where consent is asked for, or whether it is this app.
    #[must_use]
    pub const fn declines(mut self) -> Self {
        self.accepts = false;
        self
    }

    /// Types into a page, and presses a button.
    pub(super) fn fill(&self, form: &mut Form) -> io::Result<()> {
        if form.has("loginfmt") {
            form.set("loginfmt", &self.username);
            form.set("passwd", &self.password);
        } else if form.has("UserName") {
            form.set("UserName", &self.username);
            form.set("Password", &self.password);
        } else if form.has("otc") {
            form.set("otc", &self.code);
        } else if form.has_button("decision") {
            form.set("decision", if self.accepts { "accept" } else { "cancel" });
        } else if form.has_button("account") {
            let is_listed = form
                .buttons
                .iter()
                .any(|(name, value)| name == "account" && *value == self.username);
            form.set("account", if is_listed { &self.username } else { "" });
        } else {
            return Err(io::Error::other("a page with a form that nobody knows"));
        }
        Ok(())
    }
}

impl fmt::Debug for Person {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Person")
            .field("username", &self.username)
            .field("accepts", &self.accepts)
            .finish_non_exhaustive()
    }
}
