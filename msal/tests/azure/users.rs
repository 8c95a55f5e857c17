//! Users: silent, and what becomes of a call that only they can help.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use msal::azure::{SignIn, UserCredential};
use msal_testing::{Endpoint, LocalIdentityProvider, defaults};

use crate::stage::{GRAPH, VAULT, ask, confidential, desktop, ours};

/// Has this user type the code of every flow that is shown.
fn device(
    provider: &Arc<LocalIdentityProvider>,
    username: &'static str,
) -> (SignIn, Arc<AtomicUsize>) {
    let shown = Arc::<AtomicUsize>::default();
    let (provider, count) = (provider.clone(), shown.clone());
    let sign_in = SignIn::device_code(move |flow| {
        count.fetch_add(1, Ordering::SeqCst);
        let code = flow.user_code();
        provider.approve_device(code, username).unwrap();
    });
    (sign_in, shown)
}

#[tokio::test(flavor = "multi_thread")]
async fn several_clients_wait_for_one_sign_in() {
    let provider = Arc::new(LocalIdentityProvider::start().unwrap());
    let (sign_in, shown) = device(&provider, defaults::USERNAME);
    let app = desktop(&provider).build().unwrap();
    let credential = Arc::new(UserCredential::new(app, sign_in));
    assert!(credential.account().is_none());
    let [first, second] = [GRAPH, VAULT].map(|scope| ask(credential.clone(), scope, None));
    let (first, second) = tokio::join!(first, second);
    assert_ne!(
        first.unwrap().token.secret(),
        second.unwrap().token.secret()
    );
    assert_eq!(shown.load(Ordering::SeqCst), 1);
    let account = credential.account().unwrap();
    assert_eq!(account.username(), defaults::USERNAME);
    ask(credential, GRAPH, None).await.unwrap();
    assert_eq!(shown.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_asks_at_its_own_time_gets_an_error() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = desktop(&provider).build().unwrap();
    let credential = Arc::new(UserCredential::new(app.clone(), SignIn::Never));
    let error = ask(credential.clone(), GRAPH, None).await.unwrap_err();
    assert!(ours(&error).needs_interaction());
    assert_eq!(provider.count(Endpoint::Token), 0);

    app.acquire_token_by_username_password(defaults::USERNAME, defaults::PASSWORD, [GRAPH])
        .await
        .unwrap();
    ask(credential.clone(), GRAPH, None).await.unwrap();
    ask(credential, VAULT, None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_takes_the_place_of_the_user_that_it_is_for() {
    let provider = Arc::new(LocalIdentityProvider::start().unwrap());
    let authority = "https://login.microsoftonline.com/organizations";
    let app = desktop(&provider).authority(authority).build().unwrap();
    let signed_in = app
        .acquire_token_by_username_password(defaults::USERNAME, defaults::PASSWORD, [GRAPH])
        .await
        .unwrap();
    let account = signed_in.account().unwrap().clone();
    app.remove_account(&account).await.unwrap();
    let (sign_in, _) = device(&provider, defaults::OTHER_USERNAME);
    let credential = Arc::new(UserCredential::of_account(app, account, sign_in));
    let error = ask(credential.clone(), GRAPH, None).await.unwrap_err();
    assert!(error.to_string().contains("somebody else"), "{error}");
    assert_eq!(credential.account().unwrap().username(), defaults::USERNAME);
}

#[tokio::test(flavor = "multi_thread")]
async fn which_of_several_users_must_be_said() {
    let provider = LocalIdentityProvider::start().unwrap();
    let authority = "https://login.microsoftonline.com/organizations";
    let app = desktop(&provider).authority(authority).build().unwrap();
    for username in [defaults::USERNAME, defaults::OTHER_USERNAME] {
        app.acquire_token_by_username_password(username, defaults::PASSWORD, [GRAPH])
            .await
            .unwrap();
    }
    let credential = Arc::new(UserCredential::new(app.clone(), SignIn::Never));
    let error = ask(credential, GRAPH, None).await.unwrap_err();
    assert!(error.to_string().contains("several users"), "{error}");
    let accounts = app.accounts().await.unwrap();
    for account in accounts {
        let credential = UserCredential::of_account(app.clone(), account, SignIn::Never);
        ask(Arc::new(credential), GRAPH, None).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_app_is_silent_for_its_users() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = confidential(
        &provider,
        defaults::WEB_CLIENT_ID,
        defaults::WEB_CLIENT_SECRET,
    );
    let signed_in = app
        .acquire_token_by_username_password(defaults::USERNAME, defaults::PASSWORD, [GRAPH])
        .await
        .unwrap();
    let account = signed_in.account().unwrap().clone();
    let credential = Arc::new(UserCredential::of_web_app(app.clone(), account.clone()));
    ask(credential.clone(), VAULT, None).await.unwrap();
    app.remove_account(&account).await.unwrap();
    let error = ask(credential, VAULT, None).await.unwrap_err();
    assert!(ours(&error).needs_interaction());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_signs_the_user_in() {
    let provider = Arc::new(LocalIdentityProvider::start().unwrap());
    let person = provider.clone();
    let browser = move |url: &msal::Url| -> std::io::Result<()> {
        let (person, url) = (person.clone(), url.to_string());
        std::thread::spawn(move || {
            let answer = person
                .sign_in(&url, defaults::USERNAME, defaults::PASSWORD)
                .unwrap();
            crate::stage::deliver(&answer);
        });
        Ok(())
    };
    let app = desktop(&provider).build().unwrap();
    let credential = Arc::new(UserCredential::new(app, SignIn::with_browser(browser)));
    ask(credential.clone(), GRAPH, None).await.unwrap();
    assert_eq!(credential.account().unwrap().username(), defaults::USERNAME);
}
