use bytes::Bytes;

use super::*;

const ADFS: &str = include_str!("adfs.xml");
const ASSERTION: &str = include_str!("assertion.xml");
const FAULT: &str = include_str!("fault.xml");
const TYPE: &str = "<trust:TokenType>urn:oasis:names:tc:SAML:1.0:assertion</trust:TokenType>";

fn answer(status: u16, body: impl AsRef<[u8]>) -> Result<SamlAssertion, Error> {
    let mut response = Response::new(Bytes::copy_from_slice(body.as_ref()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    let outcome = parse(&response);
    assert!(
        !format!("{outcome:?}{outcome:#?}").contains("canary"),
        "{outcome:?}"
    );
    outcome
}

fn why(body: &str) -> String {
    let error = answer(200, body).unwrap_err();
    assert_eq!(
        error.kind(),
        &ErrorKind::InvalidResponse(DOCUMENT),
        "{error}"
    );
    error.to_string().replace(
        "the answer of the federation server could not be understood: ",
        "",
    )
}

/// The answer of AD FS with one text changed, which must be there.
fn changed(from: &str, to: &str) -> String {
    assert!(ADFS.contains(from), "{from}");
    ADFS.replace(from, to)
}

/// The answer of AD FS with another token in it, of a type that is not said.
fn with_token(inside: &str) -> String {
    changed(ASSERTION, inside).replace(TYPE, "")
}

#[test]
fn the_assertion_of_ad_fs_is_taken_byte_for_byte() {
    let assertion = answer(200, ADFS).unwrap();
    assert_eq!(assertion.version(), SamlVersion::V1);
    assert_eq!(assertion.expose(), ASSERTION.as_bytes());
    assert_eq!(format!("{assertion:?}"), "SamlAssertion(V1, [redacted])");

    let spaced = changed(ASSERTION, &["\r\n\t", ASSERTION, "\n"].concat());
    assert_eq!(answer(200, spaced).unwrap().expose(), ASSERTION.as_bytes());
    let marked = ["\u{feff}<?xml version='1.0' encoding='utf-8'?>", ADFS].concat();
    assert_eq!(answer(200, marked).unwrap().expose(), ASSERTION.as_bytes());
}

#[test]
fn an_answer_of_2005_has_no_collection() {
    let old = changed("<trust:RequestSecurityTokenResponseCollection xmlns:trust=\"http://docs.oasis-open.org/ws-sx/ws-trust/200512\">", "")
        .replace("</trust:RequestSecurityTokenResponseCollection>", "")
        .replace(
            "<trust:RequestSecurityTokenResponse>",
            "<trust:RequestSecurityTokenResponse xmlns:trust=\"http://schemas.xmlsoap.org/ws/2005/02/trust\">",
        );
    assert_eq!(answer(200, old).unwrap().expose(), ASSERTION.as_bytes());
}

#[test]
fn the_token_type_decides_the_version_and_must_be_true() {
    let v2 = ASSERTION.replace("SAML:1.0", "SAML:2.0");
    let named = |assertion: &str, named: &str| {
        changed(ASSERTION, assertion).replace(
            TYPE,
            &["<trust:TokenType>", named, "</trust:TokenType>"].concat(),
        )
    };
    let profile = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAML";
    for (assertion, name, version) in [
        (
            ASSERTION,
            " \n urn:oasis:names:tc:SAML:1.0:assertion\t",
            SamlVersion::V1,
        ),
        (ASSERTION, &[profile, "V1.1"].concat(), SamlVersion::V1),
        (
            ASSERTION,
            "<![CDATA[urn:oasis:names:tc:SAML:1.0:assertion]]>",
            SamlVersion::V1,
        ),
        (
            &v2,
            "urn:oasis:names:tc:SAML:2.0:assertion",
            SamlVersion::V2,
        ),
        (&v2, &[profile, "V2.0"].concat(), SamlVersion::V2),
    ] {
        assert_eq!(
            answer(200, named(assertion, name)).unwrap().version(),
            version,
            "{name}"
        );
    }
    assert_eq!(
        answer(200, with_token(ASSERTION)).unwrap().version(),
        SamlVersion::V1
    );
    assert_eq!(
        answer(200, with_token(&v2)).unwrap().version(),
        SamlVersion::V2
    );

    for wrong in [
        "urn:oasis:names:tc:SAML:2.0:assertion",
        "",
        "urn:canary",
        "urn:oasis:names:tc:SAML:1.0",
    ] {
        assert_eq!(
            why(&named(ASSERTION, wrong)),
            "its `TokenType` is not that of its token"
        );
    }
    let commented = named(
        ASSERTION,
        "urn:oasis:names:tc:SAML:1.0:assertion<!-- canary -->",
    );
    assert_eq!(why(&commented), "its `TokenType` is no plain text");
    let inside = named(ASSERTION, "urn:oasis:names:tc:SAML:1.0:<!-- -->assertion");
    assert_eq!(why(&inside), "its `TokenType` is no plain text");
    assert_eq!(
        why(&changed(TYPE, &TYPE.repeat(2))),
        "its `TokenType` is not that of its token"
    );
}

#[test]
fn more_than_one_token_is_refused_wherever_it_is() {
    let start = ADFS.find("<trust:RequestSecurityTokenResponse>").unwrap();
    let end = ADFS
        .find("</trust:RequestSecurityTokenResponseCollection>")
        .unwrap();
    let one = &ADFS[start..end];
    let evil = "<RequestSecurityTokenResponse xmlns='urn:canary'/>";
    let evil_token = "<x:RequestedSecurityToken xmlns:x='urn:canary'/>";
    for wsdl in [
        changed(one, &one.repeat(2)),
        changed(one, &[evil, one].concat()),
        changed("</s:Body>", &[evil, "</s:Body>"].concat()),
        changed("</s:Header>", &[evil, "</s:Header>"].concat()),
        changed(
            "</saml:Conditions>",
            &[evil_token, "</saml:Conditions>"].concat(),
        ),
        changed(
            "<trust:Lifetime>",
            &[evil_token, "<trust:Lifetime>"].concat(),
        ),
    ] {
        assert_eq!(why(&wsdl), "it has more than one token");
    }
    let two_bodies = changed("<s:Body>", "<s:Body/><s:Body>");
    assert_eq!(why(&two_bodies), "it is no SOAP message");
}

#[test]
fn a_token_that_is_not_one_assertion_is_refused() {
    let escaped = ASSERTION.replace('<', "&lt;");
    let data = ["<![CDATA[", ASSERTION, "]]>"].concat();
    for inside in [
        "",
        " ",
        "canary",
        &escaped,
        &data,
        &ASSERTION.repeat(2),
        &[ASSERTION, "<!-- canary -->"].concat(),
        &["canary", ASSERTION].concat(),
        "<xenc:EncryptedData xmlns:xenc='http://www.w3.org/2001/04/xmlenc#'/>",
        "<saml:EncryptedAssertion xmlns:saml='urn:oasis:names:tc:SAML:2.0:assertion'/>",
    ] {
        assert_eq!(
            why(&with_token(inside)),
            "its token is not one SAML assertion in the clear",
            "{inside}"
        );
    }
    for namespace in [
        "urn:canary",
        "urn:oasis:names:tc:SAML:1.1:assertion",
        "URN:oasis:names:tc:SAML:1.0:assertion",
    ] {
        let other = ASSERTION.replace("urn:oasis:names:tc:SAML:1.0:assertion", namespace);
        assert_eq!(why(&with_token(&other)), "its token is no SAML assertion");
    }
    assert_eq!(
        why(&with_token("<Assertion>canary</Assertion>")),
        "its token is no SAML assertion"
    );
}

#[test]
fn a_remapped_prefix_makes_no_token() {
    assert_eq!(
        why(&changed("ws-trust/200512\">", "ws-trust/canary\">")),
        "it has no token"
    );
    let inner = changed(
        "<trust:RequestedSecurityToken>",
        "<trust:RequestedSecurityToken xmlns:trust='urn:canary'>",
    );
    assert_eq!(why(&inner), "it has no token");
    let soap = changed("http://www.w3.org/2003/05/soap-envelope", "urn:canary");
    assert_eq!(why(&soap), "it is no SOAP message");
}

#[test]
fn an_assertion_that_cannot_stand_alone_is_refused() {
    let outside = "its assertion relies on namespaces that are declared outside of it";
    let declared = " xmlns:saml=\"urn:oasis:names:tc:SAML:1.0:assertion\"";
    let prefixed =
        changed(declared, "").replace("<s:Envelope", &["<s:Envelope", declared].concat());
    assert_eq!(why(&prefixed), outside);
    let default = with_token("<Assertion>x</Assertion>").replace(
        "<trust:RequestedSecurityToken>",
        "<trust:RequestedSecurityToken xmlns='urn:oasis:names:tc:SAML:1.0:assertion'>",
    );
    assert_eq!(why(&default), outside);
    let attribute = with_token(&ASSERTION.replace("MajorVersion", "a:x='' MajorVersion"));
    assert_eq!(why(&attribute), outside);
}

#[test]
fn a_wrong_password_says_so_and_is_not_tried_again() {
    for (status, body) in [
        (500, FAULT.to_owned()),
        (200, FAULT.to_owned()),
        (
            400,
            FAULT.replace("a:FailedAuthentication", "FailedAuthentication"),
        ),
        (
            500,
            FAULT
                .replace("s:Sender", "s:Receiver")
                .replace("a:Failed", " wst:Failed"),
        ),
    ] {
        let error = answer(status, &body).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Server);
        assert!(!error.needs_interaction() && !error.is_retryable());
        assert_eq!(error.code(), Some("FailedAuthentication"));
        assert_eq!(
            error.to_string(),
            "the identity provider refused the request: the federation server refused the user name or the password: \
             FailedAuthentication, ID3242: The security token could not be authenticated or authorized."
        );
        assert!(!error.server().unwrap().is_transient());
    }
}

#[test]
fn another_fault_is_the_servers_and_worth_another_try_only_if_it_says_so() {
    let fault = |code: &str, subcode: &str| {
        let body = FAULT
            .replace("s:Sender", code)
            .replace("a:FailedAuthentication", subcode);
        let error = answer(500, body).unwrap_err();
        (
            error.kind().clone(),
            error.code().map(str::to_owned),
            error.is_retryable(),
        )
    };
    let server = |code: &str, retry| (ErrorKind::Server, Some(code.to_owned()), retry);
    assert_eq!(
        fault("s:Sender", "a:InvalidSecurity"),
        server("InvalidSecurity", false)
    );
    assert_eq!(
        fault("s:Receiver", "a:InternalServiceFault"),
        server("InternalServiceFault", true)
    );
    assert_eq!(fault("s:Sender", ""), server("Sender", false));
    assert_eq!(fault("", ""), server("Fault", true));
}

#[test]
fn what_a_fault_says_is_made_fit_to_be_shown() {
    let secret = "eyJcanary0123456789abcdefghijklmnopqrstuvwxyz";
    let body = FAULT.replace("ID3242", &["\u{202e}", secret].concat());
    let error = answer(500, body).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("FailedAuthentication, [masked]: The security"),
        "{error}"
    );
    let commented = FAULT.replace("ID3242", "<!-- canary -->");
    assert_eq!(
        answer(500, commented)
            .unwrap_err()
            .server()
            .unwrap()
            .description(),
        None
    );
}

#[test]
fn what_is_no_answer_is_told_by_its_status() {
    for body in [
        "",
        "<html>canary</html>",
        "<!DOCTYPE canary><a/>",
        ADFS,
        "{\"error\":\"canary\"}",
    ] {
        let failed = |status| {
            let error = answer(status, body).unwrap_err();
            (error.kind().clone(), error.is_retryable())
        };
        assert_eq!(failed(403), (ErrorKind::Server, false));
        assert_eq!(failed(503), (ErrorKind::Server, true));
        assert_eq!(failed(429), (ErrorKind::Throttled, true));
    }
    assert_eq!(
        answer(429, FAULT.replace("FailedAuth", "Other"))
            .unwrap_err()
            .kind(),
        &ErrorKind::Throttled
    );
    assert_eq!(why("<html>canary</html>"), "it is no SOAP message");
    assert_eq!(
        why("<!DOCTYPE canary><a/>"),
        "it has a document type or entities, which are refused"
    );
    assert_eq!(
        why(&changed("RequestSecurityTokenResponse", "Other")),
        "it has no token"
    );
}

proptest::proptest! {
    #![proptest_config(crate::protocol::tests::cases_costing(5))]

    #[test]
    fn a_mutated_answer_gives_an_assertion_out_of_it_or_an_error(
        fault: bool,
        cuts in proptest::collection::vec((0..ADFS.len(), 0_usize..48, proptest::sample::select(JUNK)), 1..4),
    ) {
        let mut body = if fault { FAULT } else { ADFS }.as_bytes().to_vec();
        for (at, length, junk) in cuts {
            let at = at % body.len().max(1);
            let end = (at + length).min(body.len());
            body.splice(at..end, junk.bytes());
        }
        let status = if fault { 500 } else { 200 };
        let mut response = Response::new(Bytes::from(body.clone()));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        if let Ok(assertion) = parse(&response) {
            let found = body.windows(assertion.expose().len()).any(|window| window == assertion.expose());
            proptest::prop_assert!(found && assertion.expose().starts_with(b"<"));
        }
    }
}

const JUNK: &[&str] = &[
    "",
    "<",
    ">",
    "/>",
    "'",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "</trust:RequestedSecurityToken>",
    "&",
    "\u{e9}",
    "xmlns:trust='x'",
    "<trust:RequestedSecurityToken/>",
    "<saml:Assertion xmlns:saml='urn:oasis:names:tc:SAML:2.0:assertion'/>",
    "trust:",
];
