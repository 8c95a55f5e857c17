use roxmltree::{Document, Node};

use super::*;
use crate::wstrust::Version;

const MESSAGE: Uuid = Uuid::from_u128(0x0f8fad5b_d9cb_469f_a165_70867728950e);
const TOKEN: Uuid = Uuid::from_u128(0x7c9e6679_7425_40de_944b_e07fc1f90ae7);
const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
const WSA: &str = "http://www.w3.org/2005/08/addressing";
const WSP: &str = "http://schemas.xmlsoap.org/ws/2004/09/policy";
const WSSE: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const WSU: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";

fn ask(username: &str, password: &str, version: Version) -> Result<Request, Error> {
    let password = Password::new(password);
    let ask = TokenRequest {
        username,
        password: &password,
        audience: "urn:federation:MicrosoftOnline",
        message_id: MESSAGE,
        token_id: TOKEN,
        created: Timestamp::from_secs(1_793_527_200),
    };
    assert!(!format!("{ask:?}{ask:#?}").contains("canary"), "{ask:?}");
    let endpoint = Endpoint::new("https://adfs.contoso.example/trust?a=1&b=2", version).unwrap();
    request(
        &ask,
        &endpoint,
        "0f8fad5b-d9cb-469f-a165-70867728950e".parse().unwrap(),
    )
}

/// Goes down from the envelope.
fn at<'a, 'i: 'a>(
    document: &'a Document<'i>,
    path: &[(&'static str, &'static str)],
) -> Node<'a, 'i> {
    path.iter()
        .fold(document.root_element(), |node, (namespace, name)| {
            let mut found = xml::children(node, namespace, name);
            let only = found.next().unwrap_or_else(|| panic!("no {name}"));
            assert!(found.next().is_none(), "two of {name}");
            only
        })
}

fn text(document: &Document<'_>, path: &[(&'static str, &'static str)]) -> String {
    at(document, path).text().unwrap_or_default().to_owned()
}

#[test]
fn the_message_says_what_ws_trust_wants_to_hear_in_both_versions() {
    for (version, trust, key, id) in [
        (
            Version::V13,
            "http://docs.oasis-open.org/ws-sx/ws-trust/200512",
            "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Bearer",
            "UnPwSecTok13-7c9e6679-7425-40de-944b-e07fc1f90ae7",
        ),
        (
            Version::V2005,
            "http://schemas.xmlsoap.org/ws/2005/02/trust",
            "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey",
            "UnPwSecTok2005-7c9e6679-7425-40de-944b-e07fc1f90ae7",
        ),
    ] {
        let request = ask("canary@contoso.example", "canary<&>\"'", version).unwrap();
        let action = [trust, "/RST/Issue"].concat();
        assert_eq!(request.method(), "POST");
        assert_eq!(request.uri(), "https://adfs.contoso.example/trust?a=1&b=2");
        assert_eq!(request.headers()["soapaction"], *action);
        assert_eq!(
            request.headers()["content-type"],
            "application/soap+xml; charset=utf-8"
        );
        assert_eq!(
            request.headers()["client-request-id"],
            "0f8fad5b-d9cb-469f-a165-70867728950e"
        );
        assert_eq!(
            request.headers().len(),
            3,
            "nothing else is told to the organisation's server"
        );
        assert_eq!(SendOptions::of(&request).max_body, 256 * 1024);

        let document = xml::parse(request.body(), "request").unwrap();
        assert!(document.root_element().has_tag_name((SOAP, "Envelope")));
        let header = |path: &[(&'static str, &'static str)]| [&[(SOAP, "Header")], path].concat();
        let said = |path: &[(&'static str, &'static str)]| text(&document, &header(path));
        assert_eq!(said(&[(WSA, "Action")]), action);
        assert_eq!(
            said(&[(WSA, "MessageID")]),
            "urn:uuid:0f8fad5b-d9cb-469f-a165-70867728950e"
        );
        assert_eq!(
            said(&[(WSA, "ReplyTo"), (WSA, "Address")]),
            "http://www.w3.org/2005/08/addressing/anonymous"
        );
        assert_eq!(
            said(&[(WSA, "To")]),
            "https://adfs.contoso.example/trust?a=1&b=2"
        );
        let time = [(WSSE, "Security"), (WSU, "Timestamp")];
        assert_eq!(
            said(&[time[0], time[1], (WSU, "Created")]),
            "2026-11-01T10:00:00Z"
        );
        assert_eq!(
            said(&[time[0], time[1], (WSU, "Expires")]),
            "2026-11-01T10:10:00Z"
        );
        let user = [(WSSE, "Security"), (WSSE, "UsernameToken")];
        assert_eq!(
            at(&document, &header(&user)).attribute((WSU, "Id")),
            Some(id)
        );
        assert_eq!(
            said(&[user[0], user[1], (WSSE, "Username")]),
            "canary@contoso.example"
        );
        assert_eq!(
            said(&[user[0], user[1], (WSSE, "Password")]),
            "canary<&>\"'"
        );
        for name in [(WSA, "Action"), (WSA, "To"), (WSSE, "Security")] {
            let must = at(&document, &header(&[name])).attribute((SOAP, "mustUnderstand"));
            assert_eq!(must, Some("1"), "{name:?}");
        }
        let token = |path: &[(&'static str, &'static str)]| {
            let body = [(SOAP, "Body"), (trust, "RequestSecurityToken")];
            text(&document, &[&body, path].concat())
        };
        assert_eq!(
            token(&[
                (WSP, "AppliesTo"),
                (WSA, "EndpointReference"),
                (WSA, "Address")
            ]),
            "urn:federation:MicrosoftOnline"
        );
        assert_eq!(token(&[(trust, "KeyType")]), key);
        assert_eq!(token(&[(trust, "RequestType")]), [trust, "/Issue"].concat());
    }
}

#[test]
fn what_xml_cannot_express_is_not_sent() {
    for (username, password, name) in [
        ("canary\0", "p", "user name"),
        ("u", "canary\u{b}", "password"),
        ("u", "canary\u{ffff}", "password"),
        ("", "canary", "user name"),
        ("canary", "", "password"),
    ] {
        let error = ask(username, password, Version::V13).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::InvalidArgument(name));
        assert!(
            !format!("{error} {error:?}").contains("canary"),
            "{error:?}"
        );
    }
}

#[test]
fn no_copy_of_the_password_is_left_by_growing() {
    let long = "&".repeat(10_000);
    let request = ask(&long, &long, Version::V13).unwrap();
    let room = 2 * xml::most_escaped(&long) + MARKUP;
    assert!(request.body().len() > 100_000 && request.body().len() < room);
}

#[test]
fn a_clock_beyond_all_calendars_is_an_error() {
    assert!(utc(Timestamp::from_secs(u64::MAX)).is_err());
    assert_eq!(
        utc(Timestamp::from_secs(0)).unwrap(),
        "1970-01-01T00:00:00Z"
    );
}

proptest::proptest! {
    #![proptest_config(crate::protocol::tests::cases_costing(5))]

    #[test]
    fn names_and_passwords_arrive_as_they_were_typed(username in "(?s).{1,12}", password in "(?s).{1,12}") {
        if let Ok(request) = ask(&username, &password, Version::V13) {
            let document = xml::parse(request.body(), "request").unwrap();
            let user = [(SOAP, "Header"), (WSSE, "Security"), (WSSE, "UsernameToken")];
            let said = |name| text(&document, &[&user[..], &[(WSSE, name)]].concat());
            proptest::prop_assert_eq!(said("Username"), username);
            proptest::prop_assert_eq!(said("Password"), password);
        }
    }
}
