//! Somebody at the local identity provider, with a browser that shows nothing.

use std::error::Error;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use msal_testing::{Browser, LocalIdentityProvider, Person, defaults};
use url::Url;

/// A browser for `acquire_token_interactive`, with a person before it.
pub(crate) fn who_signs_in(
    local: &LocalIdentityProvider,
) -> impl Fn(&Url) -> io::Result<()> + Send + Sync + 'static {
    let browser = Arc::new(Mutex::new(local.browser()));
    move |url| {
        let (browser, url) = (Arc::clone(&browser), url.clone());
        thread::spawn(move || {
            let mut browser = browser.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = sign_in(&mut browser, &url) {
                eprintln!("{error}");
            }
        });
        Ok(())
    }
}

fn sign_in(browser: &mut Browser, url: &Url) -> Result<(), Box<dyn Error>> {
    let answer = browser.sign_in(url.as_str(), &Person::new(defaults::USERNAME))?;
    let agent = ureq::Agent::new_with_config(ureq::config::Config::builder().proxy(None).build());
    match (answer.location(), answer.body()) {
        (Some(location), _) => agent.get(location).call()?,
        (None, body) => agent
            .post(answer.redirect_uri())
            .content_type("application/x-www-form-urlencoded")
            .send(body.unwrap_or_default())?,
    };
    Ok(())
}
