//! What the browser is shown, and told of it.

use std::time::Duration;

use msal::ResponseMode;
use msal::interactive::{LoopbackListener, Pages};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::client::{get, post};
use super::sign_in::{STATE, SignIn};

#[test]
fn nothing_of_a_value_survives_that_html_understands() {
    let cases = if std::env::var_os("MSAL_SOAK").is_some() {
        100_000
    } else {
        1_000
    };
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    let pages = Pages::new().error("\u{1}{error}\u{1}{error_description}\u{1}");
    let dangerous = prop::sample::select(vec![
        "<",
        ">",
        "\"",
        "'",
        "\r",
        "\n",
        "&",
        "{error}",
        "{error_description}",
        "<script>",
        "`",
        "=",
        "\u{2028}",
        "\0",
    ]);
    let value = prop::collection::vec(
        prop_oneof![dangerous.prop_map(str::to_owned), ".{0,8}", any::<String>()],
        0..8,
    )
    .prop_map(|parts| parts.concat());
    let outcome = runner.run(&(value.clone(), value), |(error, description)| {
        let page = pages.error_page(&error, &description);
        let values: Vec<_> = page.split('\u{1}').collect();
        // The values hold no control character, so none of theirs splits them.
        prop_assert_eq!(values.len(), 4);
        for value in values {
            prop_assert!(
                !value.contains(['<', '>', '"', '\'', '`', '=', '{', '}', '\r', '\n', '\0']),
                "{value:?}"
            );
            // An ampersand begins a reference to a character and nothing else.
            for reference in value.split('&').skip(1) {
                let number = reference
                    .strip_prefix('#')
                    .and_then(|rest| rest.split_once(';'));
                prop_assert!(
                    number.is_some_and(|(number, _)| number.parse::<u8>().is_ok()),
                    "{value:?}"
                );
            }
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn every_answer_tells_the_browser_to_run_and_keep_nothing() {
    let sign_in = SignIn::start(ResponseMode::FormPost);
    let refused = sign_in.send(&get(sign_in.port, "/")).unwrap();
    let failed = SignIn::start(ResponseMode::FormPost);
    let form = format!("error=access_denied&state={STATE}");
    let failed_page = failed.send(&post(failed.port, "/", &form)).unwrap();
    failed.end().unwrap();
    for reply in [refused, failed_page, sign_in.succeed()] {
        assert_eq!(
            reply.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(reply.header("connection"), Some("close"));
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        assert!(
            !policy.contains("unsafe") && !policy.contains("script-src"),
            "{policy}"
        );
        assert_eq!(
            policy.contains("style-src 'sha256-"),
            reply.body.contains("<style>")
        );
        assert!(!reply.head.contains("Access-Control"));
    }
}

#[test]
fn header_lines_do_not_come_from_the_response() {
    let sign_in = SignIn::start(ResponseMode::FormPost);
    let form =
        format!("error=a%0d%0aSet-Cookie:+x&error_description=%0d%0a%0d%0a<script>&state={STATE}");
    let reply = sign_in.send(&post(sign_in.port, "/", &form)).unwrap();
    sign_in.end().unwrap();
    assert!(!reply.head.contains("Set-Cookie"));
    assert!(
        reply.body.contains("<code>a  Set-Cookie: x</code>"),
        "{}",
        reply.body
    );
    assert!(!reply.body.contains("<script>"));
}

#[test]
fn pages_of_the_programs_own_are_shown() {
    let pages = Pages::new()
        .success("<style>p{}</style><p>Welcome to Contoso</p>")
        .error("<p title='{error_description}'>Contoso: {error}</p>");
    let listener = LoopbackListener::bind(0).unwrap();
    let time = Duration::from_secs(60);
    let sign_in = SignIn::with(listener, ResponseMode::FormPost, pages.clone(), time);
    let reply = sign_in.succeed();
    assert_eq!(reply.body, "<style>p{}</style><p>Welcome to Contoso</p>");
    let policy = reply.header("content-security-policy").unwrap();
    assert!(policy.contains("style-src 'sha256-"), "{policy}");

    let listener = LoopbackListener::bind(0).unwrap();
    let sign_in = SignIn::with(listener, ResponseMode::FormPost, pages, time);
    let form = format!("error=login_required&error_description='onclick%3D'&state={STATE}");
    let reply = sign_in.send(&post(sign_in.port, "/", &form)).unwrap();
    assert_eq!(
        reply.body,
        "<p title='&#39;onclick&#61;&#39;'>Contoso: login_required</p>"
    );
    sign_in.end().unwrap();
}

/// Neither a code nor an error: the flow will say what is wrong with it.
#[test]
fn a_response_that_says_nothing_is_not_called_a_success() {
    let sign_in = SignIn::start(ResponseMode::FormPost);
    let reply = sign_in
        .send(&post(sign_in.port, "/", &format!("state={STATE}")))
        .unwrap();
    assert!(reply.body.contains("did not succeed"), "{}", reply.body);
    assert_eq!(sign_in.end().unwrap(), format!("state={STATE}"));
}
