//! A browser without a screen: walks the provider's pages over its own port, as a person would.

mod answer;
mod html;
mod http;
mod person;

use std::fmt;
use std::io;
use std::net::SocketAddr;

use url::Url;

pub use self::answer::AuthorizationAnswer;
use self::html::{Form, text_of};
use self::http::{Jar, Page};
pub use self::person::Person;

/// A browser that keeps its cookies, so that who has signed in stays signed in.
///
/// ```
/// use msal_testing::{LocalIdentityProvider, Person, defaults};
///
/// let provider = LocalIdentityProvider::start()?;
/// let url = format!(
///     "{}/oauth2/v2.0/authorize?client_id={}&response_type=code&redirect_uri=http://localhost&scope=openid&state=s",
///     provider.authority(),
///     defaults::PUBLIC_CLIENT_ID,
/// );
/// let answer = provider.browser().sign_in(&url, &Person::new(defaults::USERNAME))?;
/// assert_eq!(answer.get("state"), Some("s"));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Browser {
    address: SocketAddr,
    jar: Jar,
}

impl Browser {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            jar: Jar::default(),
        }
    }

    /// Opens an authorization URL, does what the pages ask for, and gives the answer for the app.
    ///
    /// # Errors
    /// When a page refuses what the person types, or the request: with the page's text.
    pub fn sign_in(&mut self, url: &str, person: &Person) -> io::Result<AuthorizationAnswer> {
        let url = parse(url)?;
        let redirect_uri = url
            .query_pairs()
            .find(|(name, _)| name == "redirect_uri")
            .map(|(_, value)| value.into_owned());
        let page = self.get(&url)?;
        self.walk(page, person, redirect_uri.as_deref())?
            .ok_or_else(|| io::Error::other("the pages ended without an answer for the app"))
    }

    /// Types a device's code into the page at `verification_uri`, signs in, and goes on or cancels as the person
    /// wants.
    ///
    /// # Errors
    /// When a page refuses what the person types: with the page's text.
    pub fn answer_device(
        &mut self,
        verification_uri: &str,
        user_code: &str,
        person: &Person,
    ) -> io::Result<()> {
        let page = self.get(&parse(verification_uri)?)?;
        let mut form = Form::first_in(&page.body).ok_or_else(|| refused(&page))?;
        form.set("otc", user_code);
        let page = self.submit(&page.url, &form)?;
        match self.walk(page, person, None)? {
            None => Ok(()),
            Some(_) => Err(io::Error::other("the pages of a device ended at an app")),
        }
    }

    /// Opens a URL, and gives the text of the page behind it and its redirects.
    ///
    /// # Errors
    /// When the provider does not answer.
    pub fn open(&mut self, url: &str) -> io::Result<String> {
        let mut page = self.get(&parse(url)?)?;
        for _ in 0..MOST_PAGES {
            let Some(location) = page.location.clone() else {
                break;
            };
            page = self.get(&page.url.join(&location).map_err(io::Error::other)?)?;
        }
        Ok(page.body)
    }

    /// Walks from page to page until one ends: at the app, or with a last word.
    fn walk(
        &mut self,
        mut page: Page,
        person: &Person,
        redirect_uri: Option<&str>,
    ) -> io::Result<Option<AuthorizationAnswer>> {
        for _ in 0..MOST_PAGES {
            if let Some(location) = page.location.take() {
                if let Some(answer) = AuthorizationAnswer::in_location(&location, redirect_uri) {
                    return Ok(Some(answer));
                }
                page = self.get(&page.url.join(&location).map_err(io::Error::other)?)?;
                continue;
            }
            if text_of(&page.body, "done").is_some() {
                return Ok(None);
            }
            if let Some(error) = text_of(&page.body, "error") {
                return Err(io::Error::other(error));
            }
            let mut form = Form::first_in(&page.body).ok_or_else(|| refused(&page))?;
            if form.name.as_deref() == Some("hiddenform") {
                return Ok(Some(AuthorizationAnswer::posted(form)));
            }
            person.fill(&mut form)?;
            page = self.submit(&page.url, &form)?;
        }
        Err(io::Error::other("the pages do not come to an end"))
    }

    fn get(&mut self, url: &Url) -> io::Result<Page> {
        http::exchange(self.address, &mut self.jar, url, None)
    }

    fn submit(&mut self, url: &Url, form: &Form) -> io::Result<Page> {
        let url = url.join(&form.action).map_err(io::Error::other)?;
        http::exchange(self.address, &mut self.jar, &url, Some(&form.encoded()))
    }
}

impl fmt::Debug for Browser {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Browser")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

fn parse(url: &str) -> io::Result<Url> {
    Url::parse(url).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))
}

fn refused(page: &Page) -> io::Error {
    let reason = text_of(&page.body, "exceptionMessage")
        .unwrap_or_else(|| format!("a page without a form, with status {}", page.status));
    io::Error::other(reason)
}

/// More than any sign-in has.
const MOST_PAGES: usize = 12;
