//! Cases 30 to 44: the key that Azure Arc's agent leaves in a file, D1 and D2.

use msal_core::ErrorKind;
use msal_core::app::ManagedIdentityBuilder;
use msal_core::managed_identity::ManagedIdentityId;
use serde_json::json;

use super::stage::*;
use crate::script::*;

const REALM: &str = "Basic realm=/var/opt/azcmagent/tokens/k.key";

fn stage(id: &ManagedIdentityId, keys: &Keys) -> Stage {
    let machine = with_keys(machine(ARC), keys);
    Stage::of(machine, ManagedIdentityBuilder::new(id.clone()))
}

fn played(keys: &Keys, replies: impl IntoIterator<Item = Reply>) -> Played {
    play(|| stage(&ManagedIdentityId::SystemAssigned, keys), replies)
}

fn key() -> Keys {
    Keys::with("k.key", KEY)
}

const WHOLE: [&str; 3] = ["send", "key file", "send"];

#[test]
fn the_key_that_the_challenge_names_is_read_and_shown() {
    // 30
    for realm in [
        REALM,
        "basic REALM=\"/var/opt/azcmagent/tokens/k.key\"",
        "BASIC  realm = /var/opt/azcmagent/tokens/k.key ",
    ] {
        let played = played(&key(), [challenge(realm), ok(3600)]);
        assert_eq!(played.token(), TOKEN);
        assert_eq!(played.log(), WHOLE);
        let service = &played.service;
        for index in 0..2 {
            assert_eq!(service.header(index, "metadata").as_deref(), Some("true"));
            let mut query = service.query(index);
            query.sort();
            let expected = [("api-version", "2020-06-01"), ("resource", VAULT)];
            let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
            assert_eq!(query, expected.map(own));
        }
        assert_eq!(service.header(0, "authorization"), None);
        let shown = service.request(1).headers()["authorization"].clone();
        assert!(shown.is_sensitive());
        assert_eq!(shown.to_str().unwrap(), ["Basic ", KEY].concat());
    }
}

#[test]
fn a_challenge_that_is_not_the_agents_is_believed_nothing() {
    // 31 to 35, and what else may lead elsewhere.
    let in_folder = |name: &str| format!("Basic realm={KEYS}/{name}");
    let challenges = [
        "Bearer realm=/var/opt/azcmagent/tokens/k.key".to_owned(),
        "Basic".to_owned(),
        "Basic realm".to_owned(),
        "Basic realm=".to_owned(),
        "Basicrealm=/var/opt/azcmagent/tokens/k.key".to_owned(),
        "Basic charset=/var/opt/azcmagent/tokens/k.key".to_owned(),
        "Basic realm=\"/var/opt/azcmagent/tokens/k.key".to_owned(),
        "Basic realm=k.key".to_owned(),
        "Basic realm=/etc/k.key".to_owned(),
        "Basic realm=/var/opt/azcmagent/tokensk.key".to_owned(),
        "Basic realm=/var/opt/azcmagent/tokens-old/k.key".to_owned(),
        "Basic realm=//var/opt/azcmagent/tokens/k.key".to_owned(),
        "Basic realm=/VAR/opt/azcmagent/tokens/k.key".to_owned(),
        in_folder(""),
        in_folder("k.txt"),
        in_folder("k.key.txt"),
        in_folder("k.KEY"),
        in_folder("k"),
        in_folder(".key"),
        in_folder("../../etc/k.key"),
        in_folder("../k.key"),
        in_folder("..key"),
        in_folder("...key"),
        in_folder("./k.key"),
        in_folder("/k.key"),
        in_folder("a/k.key"),
        in_folder("a\\k.key"),
        in_folder("a b.key"),
        in_folder("a%2fk.key"),
        in_folder("k.key, Basic realm=/etc/k.key"),
        in_folder("\u{e9}.key"),
        in_folder("k\t.key"),
    ];
    let mut replies: Vec<Reply> = challenges.iter().map(|text| challenge(text)).collect();
    replies.push(status(401));
    for reply in replies {
        let keys = key();
        let shown = format!("{reply:?}");
        let played = played(&keys, [reply, ok(3600)]);
        let kind = ErrorKind::InvalidResponse("challenge of Azure Arc's agent");
        assert_eq!(played.error().kind(), &kind, "{shown}");
        assert_eq!(played.log(), ["send"], "{shown}");
        assert_eq!(keys.read(), [""; 0], "{shown}");
    }
}

#[test]
fn a_key_that_is_not_there_ends_the_call() {
    // 36
    let played = played(&Keys::default(), [challenge(REALM), ok(3600)]);
    assert!(played.says().contains("no such file"), "{}", played.says());
    assert_eq!(played.log(), ["send", "key file"]);
}

#[test]
fn a_key_is_text_of_one_line_and_4096_bytes_at_most() {
    // 37
    let of = |content: &[u8]| {
        let played = played(&Keys::with("k.key", content), [challenge(REALM), ok(3600)]);
        let shown = match played.outcome {
            Ok(_) => {
                let request = played.service.request(1);
                let value = request.headers()["authorization"].as_bytes();
                Some(value.strip_prefix(b"Basic ").unwrap().to_vec())
            }
            Err(error) => {
                let kind = ErrorKind::InvalidResponse("key of Azure Arc's agent");
                assert_eq!(error.kind(), &kind);
                None
            }
        };
        let count = if shown.is_some() { 2 } else { 1 };
        assert_eq!(played.service.count(), count);
        shown
    };
    let same = |content: &[u8]| assert_eq!(of(content).as_deref(), Some(content));
    same(&[b'k'; 4_096]);
    same(KEY.as_bytes());
    same(b"a b=/+~");
    same("\u{e9}\u{5bc6}".as_bytes());
    assert_eq!(of(b"key\n").as_deref(), Some(&b"key"[..]));
    assert_eq!(of(b"key\r\n").as_deref(), Some(&b"key"[..]));
    for refused in [
        &[b'k'; 4_097][..],
        b"",
        b"\n",
        b"\r\n",
        b"key\n\n",
        b"ke\ny",
        b"ke\ry",
        b"key\r\nEvil: 1",
        b"ke\0y",
        b"ke\x1by",
        b"ke\x7fy",
        b"ke\ty",
        b"ke\xffy",
        b"\xed\xa0\x80",
        "k\u{85}y".as_bytes(),
    ] {
        assert_eq!(of(refused), None, "{refused:?}");
    }
}

#[test]
fn a_token_without_a_challenge_is_not_the_agents() {
    // 38
    let played = played(&key(), [ok(3600)]);
    let kind = ErrorKind::InvalidResponse("challenge of Azure Arc's agent");
    assert_eq!(played.error().kind(), &kind);
    assert_eq!(played.log(), ["send"]);
}

#[test]
fn what_the_agent_refuses_with_is_told() {
    // 39
    let body = r#"{"error":"invalid_request","error_description":"no such identity",
        "error_codes":[70011],"correlation_id":"c"}"#;
    let played = played(&key(), [reply(400, body), ok(3600)]);
    let server = played.error().server().unwrap();
    assert_eq!(server.status(), 400);
    assert_eq!(server.code(), Some("invalid_request"));
    assert_eq!(server.description(), Some("no such identity"));
    assert_eq!(server.correlation_id(), Some("c"));
    assert_eq!(server.aadsts_codes(), [70_011]);
    assert_eq!(played.log(), ["send"]);
}

#[test]
fn a_second_challenge_is_an_answer() {
    // 40
    let replies = [challenge(REALM), challenge(REALM), ok(3600)];
    let played = played(&key(), replies);
    assert_eq!(played.error().server().unwrap().status(), 401);
    assert_eq!(played.log(), WHOLE);
}

#[test]
fn each_leg_is_tried_again_by_itself() {
    let replies = [status(503), challenge(REALM), status(500), ok(3600)];
    let played = played(&key(), replies);
    assert_eq!(played.token(), TOKEN);
    let expected = [
        "send", "wait 1s", "send", "key file", "send", "wait 1s", "send",
    ];
    assert_eq!(played.log(), expected);
}

#[test]
fn the_token_of_an_assigned_identity_must_be_confirmed_as_its() {
    // 41, 42, 43; D2
    let (client, object, resource) = (client_id(), object_id(), resource_id());
    let text = |id: &ManagedIdentityId| id.value().unwrap().to_owned();
    let swapped = |id: &ManagedIdentityId| text(id).to_ascii_uppercase().replace("A+B", "a+b");
    for (id, asked, echo, value, is_confirmed) in [
        (&client, "client_id", "client_id", text(&client), true),
        (&client, "client_id", "client_id", swapped(&client), true),
        (&client, "client_id", "object_id", text(&client), false),
        (&client, "client_id", "client_id", text(&object), false),
        (&client, "client_id", "client_id", String::new(), false),
        (&client, "client_id", "-", text(&client), false),
        (&object, "object_id", "object_id", swapped(&object), true),
        (&object, "object_id", "client_id", text(&object), false),
        (&object, "object_id", "object_id", text(&client), false),
        (&object, "object_id", "-", text(&object), false),
        (
            &resource,
            "msi_res_id",
            "msi_res_id",
            swapped(&resource),
            true,
        ),
        (&resource, "msi_res_id", "mi_res_id", text(&resource), true),
        (&resource, "msi_res_id", "client_id", text(&resource), false),
        (&resource, "msi_res_id", "msi_res_id", text(&client), false),
        (&resource, "msi_res_id", "-", text(&resource), false),
    ] {
        let body = json!({"access_token": TOKEN, "expires_in": "3600", echo: value});
        let replies = [challenge(REALM), reply(200, &body.to_string())];
        let keys = key();
        let played = play(|| stage(id, &keys), replies);
        assert_eq!(played.log(), WHOLE);
        for index in 0..2 {
            let query = played.service.query(index);
            assert!(query.contains(&(asked.to_owned(), text(id))));
            assert_eq!(query.len(), 3);
        }
        match is_confirmed {
            true => assert_eq!(played.token(), TOKEN),
            false => assert!(played.says().contains("confirm"), "{}", played.says()),
        }
    }
}

#[test]
fn an_echo_that_is_no_text_confirms_nothing() {
    for value in [
        json!(1),
        json!(null),
        json!([client_id().value()]),
        json!({}),
    ] {
        let body = json!({"access_token": TOKEN, "expires_in": "3600", "client_id": value});
        let replies = [challenge(REALM), reply(200, &body.to_string())];
        let keys = key();
        let played = play(|| stage(&client_id(), &keys), replies);
        assert!(played.says().contains("confirm"), "{}", played.says());
    }
}

#[test]
fn where_the_agent_does_not_run_nobody_is_asked() {
    // 44: other libraries find out after they have asked.
    let played = play(|| Stage::own(ARC), [challenge(REALM)]);
    assert_eq!(played.error().kind(), &ErrorKind::Unsupported("Azure Arc"));
    assert_eq!(played.log(), [""; 0]);
}
