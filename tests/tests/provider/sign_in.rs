use msal_testing::defaults::{
    DISABLED_USERNAME, EXPIRED_PASSWORD_USERNAME, FEDERATED_USERNAME, MFA_CODE, MFA_USERNAME,
    OTHER_USERNAME, PASSWORD, PERSONAL_USERNAME, TENANT_ID, USERNAME,
};
use msal_testing::{Endpoint, LocalIdentityProvider, Person, User};
use serde_json::json;

use crate::client::Client;
use crate::user::{App, Fields, claims};

#[test]
fn the_page_says_what_was_wrong_and_asks_again() {
    let provider = LocalIdentityProvider::builder()
        .user(
            User::new("eve@contoso.com", "e0e00000-0000-4000-8000-000000000001").password("other"),
        )
        .start()
        .unwrap();
    let tenant = |name: &str| App::desktop(&provider).tenant(name).authorize_url(&[]);
    let home = tenant(TENANT_ID);
    let cases = [
        (
            &home,
            USERNAME,
            "wrong",
            "Your account or password is incorrect",
        ),
        (
            &home,
            "eve@contoso.com",
            PASSWORD,
            "Your account or password is incorrect",
        ),
        (
            &home,
            "nobody@contoso.com",
            "x",
            "This username may be incorrect",
        ),
        (&home, USERNAME, "", "Please enter your password."),
        (&home, DISABLED_USERNAME, PASSWORD, "has been locked"),
        (&home, EXPIRED_PASSWORD_USERNAME, PASSWORD, "has expired"),
        (&home, OTHER_USERNAME, PASSWORD, "AADSTS90072: "),
        (&home, PERSONAL_USERNAME, PASSWORD, "AADSTS50020: "),
        (
            &tenant("organizations"),
            PERSONAL_USERNAME,
            PASSWORD,
            "AADSTS500200: ",
        ),
        (&tenant("consumers"), USERNAME, PASSWORD, "AADSTS90072: "),
    ];
    for (url, username, password, text) in cases {
        let error = provider.sign_in(url, username, password).unwrap_err();
        assert!(error.to_string().contains(text), "{username}: {error}");
    }
    let answer = provider.sign_in(&home, "eve@contoso.com", "other").unwrap();
    assert!(answer.get("code").is_some());
}

#[test]
fn the_pages_are_plain_forms_that_a_browser_fills_over_tls() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = App::desktop(&provider);
    let client = Client::of(&provider);
    let page = client
        .get(&app.authorize_url(&[("login_hint", USERNAME)]))
        .unwrap();
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let html = String::from_utf8(page.body).unwrap();
    for part in [
        "name=\"loginfmt\" id=\"i0116\" value=\"alice@contoso.com\"",
        "name=\"passwd\" id=\"i0118\"",
        "id=\"idSIButton9\"",
        "method=\"post\"",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    let (_, rest) = html.split_once("name=\"flow\" value=\"").unwrap();
    let flow = rest.split('"').next().unwrap();
    let (_, rest) = html.split_once("action=\"").unwrap();
    let action = format!(
        "https://login.microsoftonline.com{}",
        rest.split('"').next().unwrap()
    );
    let wrong = client
        .post(
            &action,
            &[
                ("flow", flow),
                ("loginfmt", USERNAME),
                ("passwd", "<wrong>"),
            ],
        )
        .unwrap();
    assert_eq!((wrong.status, wrong.header("set-cookie")), (200, None));
    let fields = [("flow", flow), ("loginfmt", USERNAME), ("passwd", PASSWORD)];
    let right = client.post(&action, &fields).unwrap();
    assert_eq!(right.status, 302);
    let cookie = right.header("set-cookie").unwrap();
    assert!(
        cookie.ends_with("; Path=/; HttpOnly; Secure; SameSite=None"),
        "{cookie}"
    );
    assert!(right.header("location").unwrap().contains("code="));
    let again = client.post(&action, &fields).unwrap();
    assert_eq!(again.status, 400, "a flow ends once");
    assert_eq!(provider.count(Endpoint::Authorize), 1);
    assert_eq!(provider.count(Endpoint::Login), 3);
}

#[test]
fn a_second_factor_is_asked_for_and_stands_in_the_token() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = App::desktop(&provider);
    let wrong = Person::new(MFA_USERNAME).code("000000");
    let error = provider
        .browser()
        .sign_in(&app.authorize_url(&[]), &wrong)
        .unwrap_err();
    assert!(error.to_string().contains("verification code"), "{error}");
    let body = app.tokens(MFA_USERNAME);
    assert_eq!(
        claims(&provider, &body["access_token"])["amr"],
        json!(["pwd", "mfa"])
    );
    let refreshed = app.refresh(body["refresh_token"].as_str().unwrap(), &[]);
    assert_eq!(refreshed.status, 200);
}

#[test]
fn a_federated_user_signs_in_at_home() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = App::desktop(&provider).tenant("organizations");
    let body = app.tokens(FEDERATED_USERNAME);
    assert_eq!(
        claims(&provider, &body["id_token"])["preferred_username"],
        FEDERATED_USERNAME
    );
    let seen: Vec<String> = provider
        .requests(Endpoint::Login)
        .iter()
        .map(|request| request.host.clone())
        .collect();
    assert!(seen.contains(&"adfs.contoso.com".to_owned()), "{seen:?}");
    let error = provider
        .sign_in(&app.authorize_url(&[]), FEDERATED_USERNAME, "wrong")
        .unwrap_err();
    assert!(
        error.to_string().contains("Incorrect user ID or password"),
        "{error}"
    );
}

#[test]
fn consent_is_asked_for_once_and_may_be_refused() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = App::desktop(&provider).scope("Mail.Read openid offline_access");
    let declines = Person::new(USERNAME).declines();
    let answer = provider
        .browser()
        .sign_in(&app.authorize_url(&[]), &declines)
        .unwrap();
    assert_eq!(answer.get("error"), Some("access_denied"));
    assert_eq!(answer.get("error_subcode"), Some("cancel"));
    assert_eq!(answer.get("state"), Some("the-state"));
    assert!(
        answer
            .get("error_description")
            .unwrap()
            .starts_with("AADSTS65004: ")
    );

    let scope = app.tokens(USERNAME)["scope"].clone();
    assert_eq!(
        scope,
        "openid profile email User.Read User.ReadBasic.All Files.Read Mail.Read"
    );
    // Nobody is asked a second time, unless the app wants it.
    let answer = provider
        .browser()
        .sign_in(&app.authorize_url(&[]), &declines)
        .unwrap();
    assert!(answer.get("code").is_some());
    let url = app.authorize_url(&[("prompt", "consent")]);
    let answer = provider.browser().sign_in(&url, &declines).unwrap();
    assert_eq!(answer.get("error"), Some("access_denied"));
    // Other users have not consented, nor has this one for other apps.
    let answer = provider
        .browser()
        .sign_in(
            &app.authorize_url(&[]),
            &Person::new(MFA_USERNAME).declines(),
        )
        .unwrap();
    assert_eq!(answer.get("error"), Some("access_denied"));
}

#[test]
fn a_session_signs_in_without_a_password_until_sign_out() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = App::desktop(&provider).tenant("common");
    let mut browser = provider.browser();
    let nobody = Person::new("nobody@contoso.com").password("x");
    let silent = app.authorize_url(&[("prompt", "none")]);
    let answer = browser.sign_in(&silent, &nobody).unwrap();
    assert_eq!(answer.get("error"), Some("login_required"));
    assert!(
        answer
            .get("error_description")
            .unwrap()
            .starts_with("AADSTS50058: ")
    );

    browser
        .sign_in(&app.authorize_url(&[]), &Person::new(USERNAME))
        .unwrap();
    provider.clear_journal();
    for more in [
        &[][..],
        &[("prompt", "none")],
        &[("prompt", "none"), ("login_hint", USERNAME)],
        &[("max_age", "600")],
    ] {
        let answer = browser.sign_in(&app.authorize_url(more), &nobody).unwrap();
        assert!(answer.get("code").is_some(), "{more:?}");
    }
    assert_eq!(provider.count(Endpoint::Login), 0);
    for more in [
        ("prompt", "login"),
        ("login_hint", OTHER_USERNAME),
        ("prompt", "create"),
    ] {
        browser
            .sign_in(&app.authorize_url(&[more]), &nobody)
            .unwrap_err();
    }
    let other = app.authorize_url(&[("prompt", "none"), ("login_hint", OTHER_USERNAME)]);
    assert_eq!(
        browser.sign_in(&other, &nobody).unwrap().get("error"),
        Some("login_required")
    );
    // What is older than the app bears is asked for again.
    provider.set_clock_offset(3600);
    browser
        .sign_in(&app.authorize_url(&[("max_age", "600")]), &nobody)
        .unwrap_err();
    let old = app.authorize_url(&[("max_age", "600"), ("prompt", "none")]);
    assert_eq!(
        browser.sign_in(&old, &nobody).unwrap().get("error"),
        Some("login_required")
    );
    provider.set_clock_offset(0);

    // A second account: the person chooses, and nobody is chosen silently.
    browser
        .sign_in(
            &app.authorize_url(&[("login_hint", OTHER_USERNAME)]),
            &Person::new(OTHER_USERNAME),
        )
        .unwrap();
    let answer = browser.sign_in(&silent, &nobody).unwrap();
    assert_eq!(answer.get("error"), Some("interaction_required"));
    assert!(
        answer
            .get("error_description")
            .unwrap()
            .starts_with("AADSTS16000: ")
    );
    let no_password = Person::new(USERNAME).password("wrong");
    let choose = app.authorize_url(&[("prompt", "select_account")]);
    let answer = browser.sign_in(&choose, &no_password).unwrap();
    let body = app.redeem(answer.get("code").unwrap(), &[]).json();
    assert_eq!(
        claims(&provider, &body["id_token"])["preferred_username"],
        USERNAME
    );

    let base = "https://login.microsoftonline.com/common/oauth2/v2.0/logout";
    let page = browser
        .open(&format!("{base}?logout_hint={OTHER_USERNAME}"))
        .unwrap();
    assert!(page.contains("You signed out"), "{page}");
    assert!(
        browser
            .sign_in(&silent, &nobody)
            .unwrap()
            .get("code")
            .is_some()
    );
    browser.open(base).unwrap();
    assert_eq!(
        browser.sign_in(&silent, &nobody).unwrap().get("error"),
        Some("login_required")
    );
    assert_eq!(provider.count(Endpoint::EndSession), 2);
}

#[test]
fn a_silent_sign_in_fails_where_the_person_is_needed() {
    let provider = LocalIdentityProvider::start().unwrap();
    let mut browser = provider.browser();
    let person = Person::new(USERNAME);
    browser
        .sign_in(&App::desktop(&provider).authorize_url(&[]), &person)
        .unwrap();
    let mut silent = |tenant: &str, scope: &str| {
        let url = App::desktop(&provider)
            .tenant(tenant)
            .authorize_url(&[("prompt", "none"), ("scope", scope)]);
        let answer = browser.sign_in(&url, &person).unwrap();
        let description = answer
            .get("error_description")
            .unwrap()
            .split(':')
            .next()
            .unwrap()
            .to_owned();
        (answer.get("error").unwrap().to_owned(), description)
    };
    let pair = |error: &str, code: &str| (error.to_owned(), code.to_owned());
    assert_eq!(
        silent(TENANT_ID, "Mail.Read"),
        pair("consent_required", "AADSTS65001")
    );
    assert_eq!(
        silent("consumers", "User.Read"),
        pair("interaction_required", "AADSTS90072")
    );
}

#[test]
fn no_page_can_be_left_out_and_each_can_be_cancelled() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = App::desktop(&provider).scope("Mail.Read openid");
    let client = Client::of(&provider);
    let login = format!("https://login.microsoftonline.com/{TENANT_ID}/login");
    let flow = || {
        let page = client.get(&app.authorize_url(&[])).unwrap();
        let html = String::from_utf8(page.body).unwrap();
        let (_, rest) = html.split_once("name=\"flow\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let current = flow();
    let send = |fields: Fields<'_>| {
        let mut all = vec![("flow", current.as_str())];
        all.extend(fields);
        let response = client.post(&login, &all).unwrap();
        let location = response.header("location").map(str::to_owned);
        (location, String::from_utf8(response.body).unwrap())
    };
    let is_at = |page: &(Option<String>, String), input: &str| {
        assert_eq!(page.0, None);
        assert!(page.1.contains(input), "{input}: {}", page.1);
    };
    let (password, code) = ("name=\"passwd\"", "id=\"idTxtBx_SAOTCC_OTC\"");
    for early in [
        ("decision", "accept"),
        ("otc", MFA_CODE),
        ("account", MFA_USERNAME),
    ] {
        is_at(&send(&[early]), password);
    }
    let opened = client.get(&format!("{login}?flow={current}")).unwrap();
    assert_eq!(opened.header("location"), None);
    is_at(
        &send(&[("loginfmt", MFA_USERNAME), ("passwd", PASSWORD)]),
        code,
    );
    is_at(&send(&[("decision", "accept")]), code);
    is_at(&send(&[("otc", "000000")]), code);
    is_at(&send(&[("otc", MFA_CODE)]), "value=\"accept\"");
    let (location, _) = send(&[("decision", "accept")]);
    assert!(location.unwrap().contains("code="));

    for fields in [&[][..], &[("loginfmt", USERNAME), ("passwd", PASSWORD)]] {
        let current = flow();
        let mut all = vec![("flow", current.as_str())];
        all.extend(fields);
        client.post(&login, &all).unwrap();
        let cancelled = client
            .post(&login, &[("flow", &current), ("cancel", "1")])
            .unwrap();
        let location = cancelled.header("location").unwrap();
        assert!(location.contains("error=access_denied"), "{location}");
        assert!(location.contains("error_subcode=cancel"), "{location}");
    }
}
