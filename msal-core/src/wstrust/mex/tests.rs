use super::*;

const ADFS: &str = include_str!("adfs.xml");
const V13: &str = "https://adfs.contoso.example/adfs/services/trust/13/usernamemixed";
const V2005: &str = "https://adfs.contoso.example/adfs/services/trust/2005/usernamemixed";

fn picked(wsdl: &str) -> Endpoint {
    parse_document(wsdl.as_bytes()).unwrap()
}

fn why(wsdl: &str) -> (ErrorKind, String) {
    let error = parse_document(wsdl.as_bytes()).unwrap_err();
    (error.kind().clone(), error.to_string())
}

/// The document with one text changed, which must be there.
fn changed(from: &str, to: &str) -> String {
    assert!(ADFS.contains(from), "{from}");
    ADFS.replace(from, to)
}

const NONE: ErrorKind = ErrorKind::Unsupported("sign-in with user name and password");

#[test]
fn of_all_endpoints_of_ad_fs_the_one_for_user_names_of_the_newest_version_is_picked() {
    let endpoint = picked(ADFS);
    assert_eq!(
        (endpoint.url().as_str(), endpoint.version()),
        (V13, Version::V13)
    );
}

#[test]
fn without_one_of_ws_trust_1_3_that_of_2005_is_picked() {
    for wsdl in [
        changed(
            V13,
            "http://adfs.contoso.example/adfs/services/trust/13/usernamemixed",
        ),
        changed("ws-trust/200512/RST/Issue", "ws-trust/200512/RST/Other"),
        changed(
            "<sp:SignedEncryptedSupportingTokens",
            "<sp:SignedEncryptedSupportingTokens xmlns:wsp='urn:x'",
        ),
    ] {
        let endpoint = picked(&wsdl);
        assert_eq!(
            (endpoint.url().as_str(), endpoint.version()),
            (V2005, Version::V2005)
        );
    }
}

#[test]
fn the_supporting_tokens_may_be_of_either_policy_version_and_name() {
    let tokens = |from, to| picked(&changed(from, to)).version();
    assert_eq!(
        tokens("SignedEncryptedSupportingTokens", "SignedSupportingTokens"),
        Version::V13
    );
    let old = changed("ws-sx/ws-securitypolicy/200702", "x");
    assert_eq!(
        picked(&old).version(),
        Version::V2005,
        "a namespace that is no security policy"
    );
    let moved = changed(
        "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702",
        "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy",
    );
    assert_eq!(picked(&moved).version(), Version::V13);
}

#[test]
fn what_asks_for_more_or_less_than_a_password_over_tls_is_passed_over() {
    for wsdl in [
        changed("WssUsernameToken10", "WssUsernameToken11"),
        changed("sp:TransportBinding", "sp:SymmetricBinding"),
        changed(
            "http://schemas.xmlsoap.org/soap/http",
            "http://schemas.microsoft.com/soap/tcp",
        ),
        changed("/RST/Issue", "/RST/Renew"),
        changed(
            "<wsp:PolicyReference URI=\"#",
            "<wsp:PolicyReference URI=\"",
        ),
        changed(
            "http://schemas.xmlsoap.org/wsdl/soap12/",
            "http://schemas.xmlsoap.org/wsdl/soap/",
        ),
        changed("<wsa10:Address>https:", "<wsa10:Address><!-- x -->https:"),
        changed(
            "2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd",
            "other.xsd",
        ),
        changed("wsdl:service", "wsdl:other"),
    ] {
        let (kind, why) = why(&wsdl);
        assert_eq!(kind, NONE, "{why}");
        assert!(why.contains("no WS-Trust endpoint for user names"), "{why}");
    }
}

#[test]
fn a_password_goes_to_no_address_that_is_not_https() {
    for address in [
        "http://adfs.contoso.example",
        "file:///adfs",
        "https://user@adfs.contoso.example",
        "//adfs",
    ] {
        let (kind, why) = why(&changed(
            "<wsa10:Address>https://adfs.contoso.example",
            &["<wsa10:Address>", address].concat(),
        ));
        assert_eq!(kind, NONE);
        assert!(why.contains("not https"), "{why}");
    }
}

#[test]
fn of_equals_the_first_is_picked() {
    let port = "<wsdl:port name=\"IssuedTokenWSTrustBinding_IWSTrust13Async\" binding=\"tns:IssuedTokenWSTrustBinding_IWSTrust13Async\">";
    let second =
        "<wsdl:port name=\"Second\" binding=\"tns:UserNameWSTrustBinding_IWSTrust13Async\">";
    assert_eq!(picked(&changed(port, second)).url().as_str(), V13);
}

#[test]
fn what_is_there_twice_is_refused() {
    let policy = "<wsp:Policy wsu:Id=\"UserNameWSTrustBinding_IWSTrust13Async_policy\">";
    let twice = changed(
        policy,
        &[
            "<wsp:Policy wsu:Id=\"UserNameWSTrustBinding_IWSTrust13Async_policy\"/>",
            policy,
        ]
        .concat(),
    );
    assert_eq!(
        why(&twice).0,
        ErrorKind::InvalidResponse("federation metadata")
    );
    let binding = "<wsdl:binding name=\"UserNameWSTrustBinding_IWSTrust13Async\"";
    let twice = changed(binding, &[binding, "/>", binding].concat());
    assert_eq!(
        why(&twice).0,
        ErrorKind::InvalidResponse("federation metadata")
    );
}

#[test]
fn what_is_no_wsdl_is_refused_unquoted() {
    for document in [
        "",
        "{\"canary\":1}",
        "<html>canary</html>",
        "<definitions/>",
        "<!DOCTYPE canary><a/>",
    ] {
        let error = parse_document(document.as_bytes()).unwrap_err();
        assert_eq!(
            error.kind(),
            &ErrorKind::InvalidResponse("federation metadata")
        );
        assert!(
            !format!("{error} {error:?}").contains("canary"),
            "{error:?}"
        );
    }
}

#[test]
fn the_status_of_the_answer_counts() {
    let kind = |status: u16| {
        let mut response = Response::new(Bytes::from_static(ADFS.as_bytes()));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        parse(&response).map_err(|error| (error.kind().clone(), error.is_retryable()))
    };
    assert_eq!(kind(200).unwrap().url().as_str(), V13);
    assert_eq!(kind(404), Err((ErrorKind::Server, false)));
    assert_eq!(kind(503), Err((ErrorKind::Server, true)));
    assert_eq!(kind(429), Err((ErrorKind::Throttled, true)));
}

#[test]
fn metadata_is_asked_for_over_https_only() {
    let ask = |url: &str| request(&Url::parse(url).unwrap());
    let sent = ask("https://adfs.contoso.example/adfs/services/trust/mex").unwrap();
    assert_eq!(sent.method(), "GET");
    assert_eq!(
        sent.uri(),
        "https://adfs.contoso.example/adfs/services/trust/mex"
    );
    assert_eq!(SendOptions::of(&sent).max_body, 256 * 1024);
    let error = ask("http://adfs.contoso.example/mex").unwrap_err();
    assert_eq!(
        error.kind(),
        &ErrorKind::InvalidArgument("federation metadata URL")
    );
}

proptest::proptest! {
    #![proptest_config(crate::protocol::tests::cases_costing(10))]

    #[test]
    fn a_mutated_document_gives_an_https_endpoint_or_an_error(
        cuts in proptest::collection::vec((0..ADFS.len(), 0_usize..64, proptest::sample::select(JUNK)), 1..4),
    ) {
        let mut wsdl = ADFS.as_bytes().to_vec();
        for (at, length, junk) in cuts {
            let at = at.min(wsdl.len());
            let end = (at + length).min(wsdl.len());
            wsdl.splice(at..end, junk.bytes());
        }
        if let Ok(endpoint) = parse_document(&wsdl) {
            proptest::prop_assert_eq!(endpoint.url().scheme(), "https");
        }
    }
}

const JUNK: &[&str] = &[
    "",
    "<",
    ">",
    "/>",
    "\"",
    "<!--",
    "-->",
    "<![CDATA[",
    "</wsp:Policy>",
    "&",
    "\u{e9}",
    "xmlns:wsp='x'",
    "http:",
];
