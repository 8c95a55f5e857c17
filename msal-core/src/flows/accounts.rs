//! Who has signed in, and signing out, where the cache is kept beyond the process.

use std::sync::Arc;

use super::stored;
use crate::app::{AccountFilter, App};
use crate::flow::Io;
use crate::store::Partition;
use crate::{Account, Error, ErrorKind};

/// The users of this home account id or name, or all.
pub(crate) async fn find(
    id: Option<Arc<str>>,
    name: Option<String>,
    app: App,
    mut io: Io,
) -> Result<Vec<Account>, Error> {
    let lists_users = app
        .persistence
        .as_ref()
        .is_none_or(|persistence| persistence.lists_users());
    if id.is_none() && !lists_users {
        return Err(
            Error::new(ErrorKind::Unsupported("listing the users of this cache"))
                .because("it is kept by user: ask by the home account id, which a session keeps"),
        );
    }
    let partition = id.clone().map_or(Partition::Everything, Partition::User);
    stored::load(&partition, &app, &mut io).await?;
    let filter = match (&id, &name) {
        (Some(id), _) => AccountFilter::HomeAccountId(id),
        (None, Some(name)) => AccountFilter::Username(name),
        (None, None) => AccountFilter::All,
    };
    Ok(app.cached_accounts(filter))
}

/// Takes a user out of the cache; whether there was anything to take. In memory nothing stays, whatever fails.
pub(crate) async fn remove(account: Account, app: App, mut io: Io) -> Result<bool, Error> {
    let partition = Partition::User(account.home_account_id().into());
    let loaded = stored::load(&partition, &app, &mut io).await;
    let is_there = app.sign_out(&account);
    stored::save(&partition, &app, &mut io).await?;
    match is_there {
        true => Ok(true),
        // What could not be read may have been there.
        false => loaded.map(|()| false),
    }
}
