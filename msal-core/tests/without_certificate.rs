//! What takes the feature `certificate` is there without it, and says so when it is asked for.
#![cfg(not(feature = "certificate"))]
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::sync::Arc;
use std::time::Duration;

use msal_core::app::ApplicationBuilder;
use msal_core::store::{
    AccessTokenEntry, AccessTokenLookup, AppMetadataEntry, Change, Entity, TokenStore, UserFilter,
};
use msal_core::{Clock, Env, ErrorKind, Random, Timestamp};

#[test]
fn an_application_that_wants_signatures_checked_is_not_built() {
    let build = |verify| {
        let builder = ApplicationBuilder::new("client").verify_id_tokens(verify);
        builder.public(Arc::new(Nothing), Env::new(Nothing, Nothing))
    };
    let error = build(true).unwrap_err();
    let expected = ErrorKind::Unsupported("checking the signatures of id tokens");
    assert_eq!(error.kind(), &expected);
    assert!(error.to_string().contains("`certificate`"), "{error}");
    assert!(build(false).is_ok());
}

#[derive(Debug)]
struct Nothing;

impl Clock for Nothing {
    fn now(&self) -> Timestamp {
        Timestamp::default()
    }

    fn uptime(&self) -> Duration {
        Duration::ZERO
    }
}

impl Random for Nothing {
    fn id(&self, _bytes: &mut [u8]) {}

    fn secret(&self, _bytes: &mut [u8]) {}

    fn detached(&self) -> fn(&mut [u8]) {
        |_| {}
    }
}

impl TokenStore for Nothing {
    fn access_token(
        &self,
        _lookup: &AccessTokenLookup<'_>,
        _now: Timestamp,
    ) -> Option<Arc<AccessTokenEntry>> {
        None
    }

    fn users(&self, _cloud: &str, _filter: UserFilter<'_>) -> Vec<Arc<[Entity]>> {
        Vec::new()
    }

    fn app_metadata(&self, _cloud: &str, _client_id: &str) -> Option<Arc<AppMetadataEntry>> {
        None
    }

    fn apply(&self, _change: &Change) {}
}
