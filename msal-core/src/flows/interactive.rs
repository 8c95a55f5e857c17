//! A sign-in in the user's own browser, from the URL to the token.

use std::sync::Arc;

use super::auth_code;
use super::cached::Wanted;
use crate::app::{App, AuthCodeOptions, Interaction};
use crate::callback::Call;
use crate::flow::Io;
use crate::protocol::auth_code::AuthorizationResponse;
use crate::{AuthenticationResult, Error};

/// Begins the sign-in, has the browser opened, and redeems what comes back.
pub(crate) async fn acquire(
    interaction: Arc<dyn Interaction>,
    options: AuthCodeOptions,
    wanted: Wanted,
    app: App,
    mut io: Io,
) -> Result<AuthenticationResult, Error> {
    let guard = CancelOnDrop(interaction.clone());
    let redirect_uri = interaction.redirect_uri().to_owned();
    let flow = auth_code::initiate(redirect_uri, options, &wanted, &app, &mut io).await?;
    let limit = io.time_left();
    let interact = move || {
        let response = interaction.interact(&flow, limit)?;
        Ok((flow, response))
    };
    let (flow, response) = io.call(Call::blocking("browser", interact)).await?;
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
        self.0.cancel();
    }
}
