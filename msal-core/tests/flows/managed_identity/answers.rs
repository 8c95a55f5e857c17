//! Cases 69 to 75: what the services answer.

use msal_core::{ErrorKind, Timestamp};
use serde_json::{Value, json};

use super::stage::*;
use crate::script::*;

fn answered(body: &str) -> Played {
    play(|| Stage::own(APP_SERVICE), [reply(200, body)])
}

/// When the token ends that comes with these members.
fn ends(members: &Value) -> Result<u64, String> {
    let mut body = members.clone();
    body["access_token"] = TOKEN.into();
    let played = answered(&body.to_string());
    match &played.outcome {
        Ok(result) => Ok(result.expires_on().as_secs()),
        Err(_) => Err(played.says()),
    }
}

#[test]
fn a_tokens_end_is_read_however_it_is_spelled() {
    // 69
    let time = START + 3600;
    // 2030-01-02 03:04:05 UTC
    let later = 1_893_553_445;
    for (value, expected) in [
        (json!(time), time),
        (json!(time.to_string()), time),
        (json!(format!(" {time}.75 ")), time),
        (json!(time as f64 + 0.5), time),
        (json!("3600"), time),
        (json!("2030-01-02T03:04:05Z"), later),
        (json!("2030-01-02T03:04:05.1234567Z"), later),
        (json!("2030-01-02T05:04:05.1234567+02:00"), later),
        (json!("2030-01-02 03:04:05"), later),
        (json!("2030-01-02T03:04:05"), later),
        (json!("01/02/2030 03:04:05"), later),
        (json!("01/02/2030 03:04:05 +00:00"), later),
        (json!("1/2/2030 3:04:05 AM"), later),
        (json!("1/2/2030 3:04:05 AM +00:00"), later),
        (json!("1/2/2030 3:04:05 PM +00:00"), later + 12 * 3600),
        (json!("01/02/2030 12:04:05 AM"), later - 3 * 3600),
        (json!("9/14/2030 00:00:00 AM +00:00"), 1_915_574_400),
    ] {
        assert_eq!(ends(&json!({"expires_on": value})), Ok(expected), "{value}");
    }
}

#[test]
fn a_lifetime_will_do_and_the_end_outranks_it() {
    // 70, 71
    for members in [
        json!({"expires_in": "3600"}),
        json!({"expires_in": 3600}),
        json!({"expires_in": (START + 3600).to_string()}),
        json!({"expires_in": "3600", "expires_on": null}),
        json!({"expires_in": "3600", "expires_on": "whenever"}),
        json!({"expires_in": "3600", "expires_on": ""}),
    ] {
        assert_eq!(ends(&members), Ok(START + 3600), "{members}");
    }
    let on = START + 7200;
    for body in [
        format!(r#"{{"access_token":"t","expires_in":"60","expires_on":"{on}"}}"#),
        format!(r#"{{"access_token":"t","expires_on":"{on}","expires_in":"60"}}"#),
    ] {
        let result = answered(&body).outcome.unwrap();
        assert_eq!(result.expires_on(), Timestamp::from_secs(on));
    }
}

#[test]
fn a_token_that_has_ended_is_an_error() {
    // 72
    for members in [
        json!({"expires_on": START.to_string()}),
        json!({"expires_on": START - 1}),
        json!({"expires_on": "2020-01-02T03:04:05Z", "expires_in": "3600"}),
        json!({"expires_in": 0}),
        json!({"expires_in": "0"}),
    ] {
        let says = ends(&members).unwrap_err();
        assert!(says.contains("has ended already"), "{says}");
    }
}

#[test]
fn an_answer_without_a_token_or_its_end_is_an_error() {
    // 73
    let kind = ErrorKind::InvalidResponse("answer of the managed identity service");
    for body in [
        r#"{"access_token":"Opensesame"}"#,
        r#"{"access_token":"Opensesame","expires_on":"whenever"}"#,
        r#"{"access_token":"Opensesame","expires_on":[1],"expires_in":{}}"#,
        r#"{"access_token":"Opensesame","expires_in":-1}"#,
        r#"{"access_token":"Opensesame","expires_in":"NaN"}"#,
        r#"{"access_token":"Opensesame","expires_in":"inf"}"#,
        r#"{"access_token":"Opensesame","expires_in":1e300}"#,
        r#"{"access_token":"Opensesame","expires_on":"1700000000000000"}"#,
        r#"{"access_token":"Opensesame","expires_on":"13/13/2030 25:61:61"}"#,
        r#"{"expires_in":"3600"}"#,
        r#"{"access_token":"","expires_in":"3600"}"#,
        r#"{"access_token":null,"expires_in":"3600"}"#,
        r#"{"access_token":"Opensesame\r\nEvil: 1","expires_in":"3600"}"#,
        r#"{"access_token":"Opensesame","expires_in":"3600","token_type":"pop"}"#,
    ] {
        let played = answered(body);
        assert_eq!(played.error().kind(), &kind, "{body}");
        assert_eq!(played.log(), ["send"], "{body}");
    }
}

#[test]
fn an_answer_that_is_no_object_of_a_token_is_an_error() {
    // 74
    let kind = ErrorKind::InvalidResponse("answer of the managed identity service");
    for body in [
        r#"{|"access_token":"Opensesame","expires_in":"3600"}"#,
        r#"{"access_token":7,"expires_in":"3600"}"#,
        r#"{"access_token":"Opensesame","expires_in":"3600""#,
        r#"{"access_token":"Opensesame","access_token":"Opensesame"}"#,
        "<html>Opensesame</html>",
        "",
        "null",
        "[]",
        "\"Opensesame\"",
    ] {
        let played = answered(body);
        assert_eq!(played.error().kind(), &kind, "{body}");
        assert!(played.says().contains("App Service"), "{}", played.says());
    }
}

#[test]
fn members_that_are_not_needed_may_be_anything() {
    for body in [
        r#"{"access_token":"t","expires_in":"3600","token_type":null,"client_id":7,"resource":[],"refresh_token":""}"#,
        r#"{"access_token":"t","expires_in":"3600","token_type":"BEARER","not_before":"x"}"#,
    ] {
        answered(body).outcome.unwrap();
    }
}

#[test]
fn only_status_200_brings_a_token() {
    for code in [201, 202, 204, 206, 400] {
        let body = r#"{"access_token":"Opensesame","expires_in":"3600"}"#;
        let played = play(|| Stage::own(IMDS), [reply(code, body)]);
        assert_eq!(played.error().kind(), &ErrorKind::Server);
        assert_eq!(played.error().server().unwrap().status(), code);
    }
}

#[test]
fn whatever_a_service_says_when_it_refuses_is_told() {
    // 75: code, description, correlation id.
    type Told = (
        Option<&'static str>,
        Option<&'static str>,
        Option<&'static str>,
    );
    let cases: [(&str, Told); 18] = [
        (
            r#"{"error":"e","error_description":"d"}"#,
            (Some("e"), Some("d"), None),
        ),
        (
            r#"{"error":{"code":"e","message":"d"}}"#,
            (Some("e"), Some("d"), None),
        ),
        (
            r#"{"message":"d","correlationId":"c"}"#,
            (None, Some("d"), Some("c")),
        ),
        (
            r#"{"error":{"code":"e","message":"d","correlationId":"c"}}"#,
            (Some("e"), Some("d"), Some("c")),
        ),
        (
            r#"{"error":"e","message":"d"}"#,
            (Some("e"), Some("d"), None),
        ),
        (
            r#"{"statusCode":500,"message":"d","correlationId":"c"}"#,
            (None, Some("d"), Some("c")),
        ),
        (
            r#"{"error":"e","correlation_id":"c","correlationId":"x"}"#,
            (Some("e"), None, Some("c")),
        ),
        (
            r#"{"error":"e","error_description":7,"correlation_id":[]}"#,
            (Some("e"), None, None),
        ),
        (
            r#"{"error":{"code":7,"message":"d"}}"#,
            (None, Some("d"), None),
        ),
        (r#"{"error":["e"]}"#, (None, None, None)),
        (r#"{"error":null,"message":null}"#, (None, None, None)),
        (r#"{"error":7}"#, (None, None, None)),
        (r#"{"error":"e""#, (None, None, None)),
        ("x", (None, None, None)),
        ("", (None, None, None)),
        ("null", (None, None, None)),
        ("[1]", (None, None, None)),
        ("\u{feff}{}", (None, None, None)),
    ];
    for variables in [APP_SERVICE, IMDS, ML, CLOUD_SHELL, FABRIC] {
        for (body, expected) in &cases {
            let played = play(|| Stage::own(variables), [reply(400, body)]);
            let error = played.error();
            assert_eq!(error.kind(), &ErrorKind::Server);
            let server = error.server().unwrap();
            let told = (server.code(), server.description(), server.correlation_id());
            assert_eq!(told, *expected, "{body}");
            let says = played.says();
            assert!(
                says.contains(&played.stage.app.source().to_string()),
                "{says}"
            );
            if expected.0.is_none() {
                assert!(says.contains("400"), "{says}");
            }
        }
    }
    let played = play(|| Stage::own(IMDS), [reply(400, "\u{1}\u{2}")]);
    assert!(played.says().contains("400"));
}

#[test]
fn all_that_the_metadata_service_says_is_kept() {
    for codes in [r#"[70011,"50001"]"#, r#""[70011, 50001]""#] {
        let body = format!(
            r#"{{"error":"invalid_request","error_description":"Identity not found","error_codes":{codes},
                "timestamp":"2025-06-15 15:06:40Z","trace_id":"t","correlation_id":"c"}}"#
        );
        let played = play(|| Stage::own(IMDS), [reply(400, &body)]);
        let server = played.error().server().unwrap();
        assert_eq!(server.aadsts_codes(), [70_011, 50_001]);
        assert_eq!(server.timestamp(), Some("2025-06-15 15:06:40Z"));
        assert_eq!(
            (server.trace_id(), server.correlation_id()),
            (Some("t"), Some("c"))
        );
    }
    for codes in [r#""x""#, r#""""#, r#""[""#, "7", "{}"] {
        let body = format!(r#"{{"error":"e","error_codes":{codes}}}"#);
        let played = play(|| Stage::own(IMDS), [reply(400, &body)]);
        let server = played.error().server().unwrap();
        assert_eq!((server.code(), server.aadsts_codes()), (Some("e"), &[][..]));
    }
}
