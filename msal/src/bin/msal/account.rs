//! The account that a command is about.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use msal::request::Accounts;
use msal::{Account, Call, Error, ErrorKind};

use crate::application::{Application, make};

/// Which account: without either of these, the only one that there is.
#[derive(Args)]
#[group(multiple = false)]
pub(crate) struct Selector {
    /// The account that signs in with this name
    #[arg(long, value_name = "U", value_parser = NonEmptyStringValueParser::new())]
    username: Option<String>,
    /// The account of this id
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    home_account_id: Option<String>,
}

impl Selector {
    /// The accounts that are meant: all that match, and without a selector the only one.
    pub(crate) fn all(&self, application: &Application) -> Result<Vec<Account>, Error> {
        let accounts = self.matching(application)?;
        match accounts.len() > 1 && !self.is_given() {
            true => Err(several(accounts.len())),
            false => Ok(accounts),
        }
    }

    /// The one account that is meant. Several are an error.
    pub(crate) fn one(&self, application: &Application) -> Result<Option<Account>, Error> {
        let mut accounts = self.matching(application)?;
        match accounts.len() {
            0 | 1 => Ok(accounts.pop()),
            count => Err(several(count)),
        }
    }

    /// That nothing is known of whom the selector means.
    pub(crate) fn nobody(&self) -> &'static str {
        match self.is_given() {
            true => "the cache holds no such account for this application",
            false => "the cache holds no account for this application",
        }
    }

    fn matching(&self, application: &Application) -> Result<Vec<Account>, Error> {
        make!(*application, any | app | self.of(app.accounts()))
    }

    fn of<'a, A>(&'a self, call: Call<'a, A, Accounts<'a>>) -> Call<'a, A, Accounts<'a>> {
        match (&self.username, &self.home_account_id) {
            (Some(name), _) => call.username(name),
            (None, Some(id)) => call.home_account_id(id),
            (None, None) => call,
        }
    }

    fn is_given(&self) -> bool {
        self.username.is_some() || self.home_account_id.is_some()
    }
}

fn several(count: usize) -> Error {
    let why = format!(
        "the cache holds {count} that it could be: name one by --username or --home-account-id, see `msal accounts`"
    );
    Error::new(ErrorKind::Unsupported("choosing among accounts")).because(why)
}
