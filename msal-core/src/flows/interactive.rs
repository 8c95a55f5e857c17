//! A sign-in in the user's own browser, from the URL to the token.

use std::sync::Arc;

use super::auth_code;
use super::cached::Wanted;
use crate::app::{App, AuthCodeOptions, Interaction};
use crate::callback::{Task, guarded};
use crate::flow::Io;
use crate::protocol::auth_code::AuthorizationResponse;
use crate::{AuthenticationResult, Error};

/// Where the browser will come back to.
pub(crate) fn redirect_uri(interaction: &dyn Interaction) -> Result<String, Error> {
    guarded(NAME, || interaction.redirect_uri().to_owned())
}

/// Begins the sign-in, has the browser opened, and redeems what comes back.
pub(crate) async fn acquire(
    interaction: Arc<dyn Interaction>,
    redirect_uri: String,
    options: AuthCodeOptions,
    wanted: Wanted,
    app: App,
    mut io: Io,
) -> Result<AuthenticationResult, Error> {
    let guard = CancelOnDrop(interaction.clone());
    let flow = auth_code::initiate(redirect_uri, options, &wanted, &app, &mut io).await?;
    let limit = io.time_left();
    let interact = move || {
        let response = interaction.interact(&flow, limit)?;
        Ok((flow, response))
    };
    let (flow, response) = io.call(Task::blocking(NAME, interact)).await?;
    drop(guard);
    let response = AuthorizationResponse::parse(&zeroize::Zeroizing::new(response))?;
    if !response.has_state(&flow.0.state) {
        return Err(auth_code::not_of_this_flow());
    }
    auth_code::redeem(flow, response, wanted, &app, &mut io).await
}

/// A flow that is dropped while it waits for a person must not leave a listener behind.
struct CancelOnDrop(Arc<dyn Interaction>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        // A panic while another is under way would end the process.
        if guarded(NAME, || self.0.cancel()).is_err() {
            tracing::warn!(target: "msal", "the browser could not be cancelled: it panicked");
        }
    }
}

const NAME: &str = "browser";
