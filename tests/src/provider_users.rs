//! What a running provider does about its users.

use std::io;

use serde_json::Value;

use crate::LocalIdentityProvider;
use crate::browser::{AuthorizationAnswer, Browser, Person};
use crate::registry::User;
use crate::sign_in::{Decision, SignIn};

impl LocalIdentityProvider {
    /// A browser for its pages, with no cookies yet.
    #[must_use]
    pub fn browser(&self) -> Browser {
        Browser::new(self.address())
    }

    /// Signs a user in at an authorization URL in a browser without cookies, with the second factor of
    /// [`defaults`](crate::defaults), and accepts what the pages ask.
    ///
    /// # Errors
    /// When a page refuses: with its text.
    pub fn sign_in(
        &self,
        url: &str,
        username: &str,
        password: &str,
    ) -> io::Result<AuthorizationAnswer> {
        self.browser()
            .sign_in(url, &Person::new(username).password(password))
    }

    /// Registers a user, in place of one with the same username.
    pub fn register_user(&self, user: User) {
        self.context().registry_mut().put_user(user);
    }

    /// Gives a user a new password, which ends sessions and refresh tokens.
    ///
    /// # Errors
    /// When there is no user of that name.
    pub fn change_password(&self, username: &str, password: &str) -> io::Result<()> {
        let user = self.find_user(username)?;
        let changed = User::clone(&user).password(password);
        self.context().registry_mut().put_user(changed);
        self.revoke(username);
        Ok(())
    }

    /// Ends all sessions and refresh tokens of a user, and counts the tokens.
    pub fn revoke(&self, username: &str) -> usize {
        let context = self.context();
        context.sign_ins.revoke(username, context.clock.unix())
    }

    /// Approves a device as a user would on the page.
    ///
    /// # Errors
    /// When no device with that code waits, or there is no user of that name.
    pub fn approve_device(&self, user_code: &str, username: &str) -> io::Result<()> {
        let user = self.find_user(username)?;
        let methods: &[&str] = if user.is_asked_for_mfa() {
            &["pwd", "mfa"]
        } else {
            &["pwd"]
        };
        let sign_in = SignIn::now(self.context(), &user, methods);
        self.decide_device(user_code, Decision::Approved(Box::new(sign_in)))
    }

    /// Declines a device as a user would on the page.
    ///
    /// # Errors
    /// When no device with that code waits.
    pub fn decline_device(&self, user_code: &str) -> io::Result<()> {
        self.decide_device(user_code, Decision::Declined)
    }

    /// Demands claims of who asks for tokens for a resource (its identifier URI), as a conditional access policy
    /// does: grants fail with `interaction_required` and these claims until the user has signed in with a request
    /// for them.
    pub fn demand_claims(&self, resource: &str, claims: Value) {
        self.context().sign_ins.demand(resource, Some(claims));
    }

    /// Demands no claims for a resource any more.
    pub fn demand_no_claims(&self, resource: &str) {
        self.context().sign_ins.demand(resource, None);
    }

    /// Sets the lifetime of access tokens issued from now on, in seconds.
    pub fn set_lifetime(&self, seconds: i64) {
        self.context().tune(|tuning| tuning.lifetime = seconds);
    }

    /// Sets the seconds after which clients shall refresh tokens issued from now on.
    pub fn set_refresh_in(&self, seconds: Option<i64>) {
        self.context().tune(|tuning| tuning.refresh_in = seconds);
    }

    /// Lets a refresh token be used once from now on, or as often as its holder likes.
    pub fn set_rotating_refresh_tokens(&self, rotating: bool) {
        self.context()
            .tune(|tuning| tuning.rotating_refresh_tokens = rotating);
    }

    fn find_user(&self, username: &str) -> io::Result<std::sync::Arc<User>> {
        self.context()
            .registry()
            .user(username)
            .ok_or_else(|| not_found("no user has that name"))
    }

    fn decide_device(&self, user_code: &str, decision: Decision) -> io::Result<()> {
        let mut devices = self.context().sign_ins.devices();
        let is_decided = devices
            .device_code(user_code)
            .is_some_and(|device_code| devices.decide(&device_code, decision));
        if is_decided {
            Ok(())
        } else {
            Err(not_found("no device waits with that code"))
        }
    }
}

fn not_found(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, reason)
}
