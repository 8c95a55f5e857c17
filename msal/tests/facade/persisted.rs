//! A cache in a file, as applications use it.

use msal::cache::file::FileStore;
use msal::{ErrorKind, PersistentCache, TokenSource, blocking};
use msal_testing::defaults;

use crate::stage::{SCOPE, Stage};

#[tokio::test]
async fn an_app_token_outlives_its_application() {
    let stage = Stage::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.json");
    let cache = || PersistentCache::file(&path).unwrap();
    let app = stage.asynchronous().token_cache(cache()).build().unwrap();
    let first = app.acquire_token_for_client([SCOPE]).await.unwrap();
    assert!(first.persist_error().is_none());
    let later = stage.asynchronous().token_cache(cache()).build().unwrap();
    let second = later.acquire_token_for_client([SCOPE]).await.unwrap();
    assert_eq!(second.token_source(), TokenSource::Cache);
    assert_eq!(second.access_token(), first.access_token());
    let blocking = stage.blocking().token_cache(cache()).build().unwrap();
    let third = tokio::task::spawn_blocking(move || {
        blocking.acquire_token_for_client([SCOPE]).send().unwrap()
    });
    assert_eq!(third.await.unwrap().token_source(), TokenSource::Cache);
    assert_eq!(stage.token_requests(), 1);
}

#[test]
fn a_user_outlives_the_command_and_signs_out_of_the_file() {
    let stage = Stage::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.json");
    let command = || -> blocking::PublicClientApplication {
        let cache = PersistentCache::file(&path).unwrap();
        stage.command().token_cache(cache).build().unwrap()
    };
    let flow = command()
        .initiate_auth_code_flow(["User.Read"], "http://localhost")
        .send()
        .unwrap();
    let response = stage.sign_in(&flow, defaults::USERNAME);
    command()
        .acquire_token_by_auth_code_flow(flow, &response)
        .send()
        .unwrap();
    let running = command();
    let accounts = running.accounts().send().unwrap();
    let [account] = &accounts[..] else {
        panic!("{accounts:?}");
    };
    let hit = running.acquire_token_silent(["User.Read"], account);
    assert_eq!(hit.send().unwrap().token_source(), TokenSource::Cache);
    // Past its end, the refresh token of the file renews it.
    stage.clock.advance(2 * 3_600);
    let renewed = command()
        .acquire_token_silent(["User.Read"], account)
        .send();
    assert_eq!(
        renewed.unwrap().token_source(),
        TokenSource::IdentityProvider
    );
    let requests = stage.token_requests();
    let hit = running.acquire_token_silent(["User.Read"], account).send();
    assert_eq!(hit.unwrap().token_source(), TokenSource::Cache);
    assert_eq!(stage.token_requests(), requests);

    assert!(command().remove_account(account).send().unwrap());
    assert!(running.accounts().send().unwrap().is_empty());
    let error = running
        .acquire_token_silent(["User.Read"], account)
        .send()
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::InteractionRequired);
}

#[test]
fn a_hit_sees_within_a_second_that_another_process_signed_the_user_out() {
    let stage = Stage::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.json");
    let command = || {
        let cache = PersistentCache::file(&path).unwrap();
        stage.command().token_cache(cache).build().unwrap()
    };
    let (ours, theirs) = (command(), command());
    let flow = ours
        .initiate_auth_code_flow(["User.Read"], "http://localhost")
        .send()
        .unwrap();
    let response = stage.sign_in(&flow, defaults::USERNAME);
    let signed_in = ours.acquire_token_by_auth_code_flow(flow, &response).send();
    let account = signed_in.unwrap().account().cloned().unwrap();
    let silent = || ours.acquire_token_silent(["User.Read"], &account).send();
    silent().unwrap();
    theirs.remove_account(&account).send().unwrap();
    stage.clock.advance(1);
    assert!(silent().unwrap_err().needs_interaction());
}

#[test]
fn a_file_that_cannot_be_used_costs_no_token_and_is_told() {
    let stage = Stage::new();
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("link.json");
    std::os::unix::fs::symlink(folder.path().join("elsewhere.json"), &link).unwrap();
    let cache = PersistentCache::new(FileStore::new(&link).unwrap());
    let app = stage.blocking().token_cache(cache.clone()).build().unwrap();
    let result = app.acquire_token_for_client([SCOPE]).send().unwrap();
    let error = result.persist_error().unwrap();
    assert_eq!(error.kind(), &ErrorKind::Cache);
    assert!(error.to_string().contains("symbolic link"), "{error}");
    assert_eq!(cache.unsaved(), 1);
    let again = app.acquire_token_for_client([SCOPE]).send().unwrap();
    assert_eq!(again.token_source(), TokenSource::Cache);
    // Whom the file holds cannot be told: that is no empty list.
    let command = stage.command().token_cache(cache.clone()).build().unwrap();
    let error = command.accounts().send().unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Cache);
    std::fs::remove_file(&link).unwrap();
    cache.save().unwrap();
    assert_eq!(cache.unsaved(), 0);
}
