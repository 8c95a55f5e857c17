//! A desktop program opens the browser, and gets its token.

use msal_testing::{Endpoint, LocalIdentityProvider, defaults};

use crate::chromium::Chromium;
use crate::example::{Ended, Example};
use crate::{sign_in, sign_in_as, stage};

#[test]
fn a_wrong_password_is_asked_for_again_and_with_the_right_one_the_token_arrives() {
    let Some((provider, chromium)) = stage() else {
        return;
    };
    let example = start(&provider, &chromium, &[]);
    sign_in(&chromium, defaults::USERNAME, "not-her-password");
    let error = chromium.text("#error");
    assert!(error.contains("password is incorrect"), "{error}");
    sign_in_as(&chromium, defaults::USERNAME);

    chromium.wait_for_title(SUCCESS);
    // Posted: no code in the address.
    assert!(!chromium.url().contains('?'), "{}", chromium.url());
    assert_token(&example.end(), defaults::USERNAME);
    assert_eq!(provider.count(Endpoint::Token), 1);
    assert_eq!(response_mode(&provider).as_deref(), Some("form_post"));
}

#[test]
fn the_answer_comes_in_the_query_where_the_program_wants_that() {
    let Some((provider, chromium)) = stage() else {
        return;
    };
    let example = start(&provider, &chromium, &["--query"]);
    sign_in_as(&chromium, defaults::USERNAME);

    chromium.wait_for_title(SUCCESS);
    assert!(chromium.url().contains("code="), "no code in the query");
    assert_token(&example.end(), defaults::USERNAME);
    assert_eq!(response_mode(&provider).as_deref(), Some("query"));
}

#[test]
fn a_second_factor_is_asked_for_until_it_is_right() {
    let Some((provider, chromium)) = stage() else {
        return;
    };
    let example = start(&provider, &chromium, &[]);
    sign_in_as(&chromium, defaults::MFA_USERNAME);
    for code in ["271828", defaults::MFA_CODE] {
        chromium.wait_for_title("Enter code");
        chromium.type_into("#idTxtBx_SAOTCC_OTC", code);
        chromium.click("#idSubmit_SAOTCC_Continue");
        if code != defaults::MFA_CODE {
            let error = chromium.text("#error");
            assert!(error.contains("verification code"), "{error}");
        }
    }

    chromium.wait_for_title(SUCCESS);
    assert_token(&example.end(), defaults::MFA_USERNAME);
}

#[test]
fn a_user_consents_and_the_token_arrives() {
    let Some((provider, chromium)) = stage() else {
        return;
    };
    let example = start(&provider, &chromium, &["Mail.Read"]);
    sign_in_as(&chromium, defaults::USERNAME);
    chromium.wait_for_title("Permissions requested");
    let list = chromium.text("ul");
    assert!(list.contains("Mail.Read"), "{list}");
    chromium.click("#idSIButton9");

    chromium.wait_for_title(SUCCESS);
    assert_token(&example.end(), defaults::USERNAME);
}

#[test]
fn a_user_cancels_and_the_program_hears_of_it() {
    let Some((provider, chromium)) = stage() else {
        return;
    };
    let example = start(&provider, &chromium, &["Mail.Read"]);
    sign_in_as(&chromium, defaults::USERNAME);
    chromium.wait_for_title("Permissions requested");
    chromium.click("#idBtn_Back");

    chromium.wait_for_title("The sign-in did not succeed");
    assert_eq!(chromium.text("code"), "access_denied");
    let ended = example.end();
    assert!(!ended.succeeded, "{ended:?}");
    assert!(ended.output.contains("access_denied"), "{ended:?}");
    assert_eq!(provider.count(Endpoint::Token), 0);
}

fn start(provider: &LocalIdentityProvider, chromium: &Chromium, arguments: &[&str]) -> Example {
    Example::desktop(provider, chromium.opener(), arguments)
}

/// The first from the identity provider, the second from the cache.
fn assert_token(ended: &Ended, username: &str) {
    assert!(ended.succeeded, "{ended:?}");
    for facts in [
        format!("first: for {username} from identity_provider"),
        format!("second: for {username} from cache"),
    ] {
        assert!(ended.output.contains(&facts), "no {facts:?} in {ended:?}");
    }
}

/// The mode that the program asked for.
fn response_mode(provider: &LocalIdentityProvider) -> Option<String> {
    let requests = provider.requests(Endpoint::Authorize);
    requests.first()?.query_parameter("response_mode")
}

const SUCCESS: &str = "You are signed in";
