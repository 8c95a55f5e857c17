//! Eight processes and one user.

use std::collections::BTreeSet;

use msal::cache::redis::{AsyncRedisStore, RedisStore};
use msal::{Account, PersistentCache, TokenSource, blocking};
use msal_testing::{Endpoint, defaults};

use crate::member::{Member, SCOPES, start};
use crate::server::Server;
use crate::stage::{LONG, Stage};

#[test]
fn a_farm_of_eight_processes_makes_one_refresh_and_shares_its_token() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let stage = Stage::new();
    // Whoever uses a refresh token a second time loses all of them.
    stage.provider.set_rotating_refresh_tokens(true);
    let account = sign_in(&server, &stage);
    let before = stage.token_requests();
    let mut farm: Vec<Member> = (0..8)
        .map(|n| start(&server, &stage, account.home_account_id(), n % 2 == 0))
        .collect();
    farm.iter_mut().for_each(Member::is_ready);
    farm.iter_mut().for_each(Member::go);
    let tokens: BTreeSet<String> = farm.into_iter().flat_map(Member::tokens).collect();
    assert_eq!(
        tokens.len(),
        1,
        "each of eight threads of each had the same"
    );
    assert_eq!(stage.token_requests() - before, 1);

    // What the refresh brought serves the next who comes, and can be refreshed itself.
    stage.clock.advance(2 * AN_HOUR);
    let app = application(&server, &stage);
    let silent = || app.acquire_token_silent(SCOPES, &account).send().unwrap();
    assert_eq!(silent().token_source(), TokenSource::Cache);
    stage.clock.advance(2 * AN_HOUR);
    assert_eq!(silent().token_source(), TokenSource::IdentityProvider);
}

#[test]
fn a_farm_goes_on_when_the_process_that_refreshes_is_killed() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let stage = Stage::new();
    stage.provider.set_rotating_refresh_tokens(true);
    let account = sign_in(&server, &stage);
    let before = usize::try_from(stage.token_requests()).unwrap();
    let hold = stage.provider.hold(Endpoint::Token);
    let mut first = start(&server, &stage, account.home_account_id(), true);
    first.is_ready();
    first.go();
    stage
        .provider
        .wait_for(Endpoint::Token, before + 1, LONG)
        .unwrap();
    let mut others: Vec<Member> = (0..4)
        .map(|n| start(&server, &stage, account.home_account_id(), n % 2 == 0))
        .collect();
    others.iter_mut().for_each(Member::is_ready);
    others.iter_mut().for_each(Member::go);
    first.kill();
    // Its lease would last for half a minute more.
    let keys: Vec<String> = server.does("KEYS *:lease:*");
    assert_eq!(keys.len(), 1, "{keys:?}");
    server.does::<()>(&format!("PEXPIRE {} 1", keys[0]));
    stage
        .provider
        .wait_for(Endpoint::Token, before + 2, LONG)
        .unwrap();
    hold.release();
    let tokens: BTreeSet<String> = others.into_iter().flat_map(Member::tokens).collect();
    assert_eq!(tokens.len(), 1);
    assert_eq!(stage.token_requests(), before as u64 + 2);
}

#[tokio::test]
async fn an_app_token_and_a_sign_out_are_seen_by_all() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let stage = Stage::new();
    let ours = || {
        let store = AsyncRedisStore::new(server.options()).unwrap();
        stage
            .asynchronous()
            .token_cache(PersistentCache::new_async(store))
            .build()
            .unwrap()
    };
    let scope = [crate::stage::SCOPE];
    let first = ours().acquire_token_for_client(scope).await.unwrap();
    assert!(first.persist_error().is_none());
    let second = ours().acquire_token_for_client(scope).await.unwrap();
    assert_eq!(second.token_source(), TokenSource::Cache);
    assert_eq!(second.access_token(), first.access_token());
    assert_eq!(stage.token_requests(), 1);

    let key = format!(
        "{}_{}_AppTokenCache",
        defaults::SECRET_CLIENT_ID,
        defaults::TENANT_ID
    );
    let left: i64 = server.does(&format!("TTL msal:{{{key}}}"));
    assert!(
        (3_000..=4_000).contains(&left),
        "no longer than the token: {left}"
    );

    let desktop = || {
        let store = AsyncRedisStore::new(server.options()).unwrap();
        stage
            .desktop()
            .token_cache(PersistentCache::new_async(store))
            .build()
            .unwrap()
    };
    let (one, other) = (desktop(), desktop());
    let flow = one
        .initiate_auth_code_flow(SCOPES, "http://localhost:8000")
        .await
        .unwrap();
    let response = stage.sign_in(&flow, defaults::USERNAME);
    let signed_in = one
        .acquire_token_by_auth_code_flow(flow, &response)
        .await
        .unwrap();
    assert!(signed_in.persist_error().is_none());
    let account = signed_in.account().unwrap().clone();
    let id = account.home_account_id();
    let left: i64 = server.does(&format!("TTL msal:{{{id}}}"));
    assert!(
        (89 * 86_400..=90 * 86_400).contains(&left),
        "as a refresh token: {left}"
    );

    let known = other.accounts().home_account_id(id).await.unwrap();
    assert_eq!(known, std::slice::from_ref(&account));
    let hit = other.acquire_token_silent(SCOPES, &account).await.unwrap();
    assert_eq!(hit.token_source(), TokenSource::Cache);
    assert!(other.remove_account(&account).await.unwrap());
    assert!(!server.does::<bool>(&format!("EXISTS msal:{{{id}}}")));
    stage.clock.advance(1);
    let error = one
        .acquire_token_silent(SCOPES, &account)
        .await
        .unwrap_err();
    assert!(error.needs_interaction());
}

#[test]
fn a_redis_that_is_down_costs_no_token() {
    let Some(mut server) = Server::start(&["--appendonly", "yes", "--appendfsync", "always"])
    else {
        return;
    };
    let stage = Stage::new();
    let account = sign_in(&server, &stage);
    let cache = PersistentCache::new(RedisStore::new(server.options()).unwrap());
    let app = stage.command().token_cache(cache.clone()).build().unwrap();
    let silent = || app.acquire_token_silent(SCOPES, &account).send().unwrap();
    assert_eq!(silent().token_source(), TokenSource::Cache);
    server.kill();
    assert_eq!(silent().token_source(), TokenSource::Cache);
    stage.clock.advance(2 * AN_HOUR);
    let renewed = silent();
    assert_eq!(renewed.token_source(), TokenSource::IdentityProvider);
    assert!(renewed.persist_error().is_some());
    assert!(cache.unsaved() > 0);
    server.restart();
    cache.save().unwrap();
    let other = application(&server, &stage);
    let shared = other.acquire_token_silent(SCOPES, &account).send().unwrap();
    assert_eq!(shared.token_source(), TokenSource::Cache);
    assert_eq!(shared.access_token(), renewed.access_token());
}

#[test]
fn a_damaged_partition_is_set_aside_and_the_others_are_not_touched() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let stage = Stage::new();
    let account = sign_in(&server, &stage);
    let key = format!("msal:{{{}}}", account.home_account_id());
    server.does::<()>(&format!("SETRANGE {key} 0 damaged"));
    let app = application(&server, &stage);
    let error = app
        .acquire_token_silent(SCOPES, &account)
        .send()
        .unwrap_err();
    assert!(error.needs_interaction(), "{error}");
    assert!(server.does::<bool>(&format!("EXISTS {key}:corrupt")));
    assert!(!server.does::<bool>(&format!("EXISTS {key}")));
    sign_in(&server, &stage);
    let silent = application(&server, &stage)
        .acquire_token_silent(SCOPES, &account)
        .send();
    assert_eq!(silent.unwrap().token_source(), TokenSource::Cache);
}

/// Signs a user in, with all that comes of it in Redis.
pub(crate) fn sign_in(server: &Server, stage: &Stage) -> Account {
    let app = application(server, stage);
    let flow = app
        .initiate_auth_code_flow(SCOPES, "http://localhost:8000")
        .send()
        .unwrap();
    let response = stage.sign_in(&flow, defaults::USERNAME);
    let signed_in = app
        .acquire_token_by_auth_code_flow(flow, &response)
        .send()
        .unwrap();
    assert!(signed_in.persist_error().is_none());
    signed_in.account().unwrap().clone()
}

/// A new process, as far as the cache can tell.
pub(crate) fn application(server: &Server, stage: &Stage) -> blocking::PublicClientApplication {
    let store = RedisStore::new(server.options()).unwrap();
    let cache = PersistentCache::new(store);
    stage.command().token_cache(cache).build().unwrap()
}

pub(crate) const AN_HOUR: u64 = 3_600;
