use msal_testing::defaults::{FEDERATED_USERNAME, FEDERATION_HOST, PASSWORD};
use msal_testing::{
    Endpoint, Fault, FederatedDomain, LocalIdentityProvider, SamlVersion, User, WsTrustVersion,
};
use roxmltree::Document;

use crate::client::{Client, Response, Way};
use crate::rst::{Rst, SAML_1, SAML_2, assertion, fault};

#[test]
fn the_description_leads_to_an_endpoint_for_each_version() {
    let provider = LocalIdentityProvider::start().unwrap();
    let text = describe(&provider, FEDERATION_HOST);
    for (version, path) in [
        (WsTrustVersion::V1_3, "13"),
        (WsTrustVersion::February2005, "2005"),
    ] {
        assert_eq!(
            endpoints(&text, version),
            [format!(
                "https://{FEDERATION_HOST}/adfs/services/trust/{path}/usernamemixed"
            )]
        );
    }
    for other in ["windowstransport", "certificatemixed", "issuedtoken"] {
        assert!(text.contains(other), "{other}");
    }
    assert_eq!(provider.count(Endpoint::FederationMetadata), 1);
}

#[test]
fn a_domain_decides_what_its_description_offers() {
    let domain = |name: &str| FederatedDomain::new(name, &format!("sts.{name}"));
    let provider = LocalIdentityProvider::builder()
        .federated_domain(domain("old.example").ws_trust([WsTrustVersion::February2005]))
        .federated_domain(domain("new.example").ws_trust([WsTrustVersion::V1_3]))
        .federated_domain(domain("none.example").ws_trust([]))
        .start()
        .unwrap();
    for (name, new, old) in [
        ("old.example", 0, 1),
        ("new.example", 1, 0),
        ("none.example", 0, 0),
    ] {
        let text = describe(&provider, &format!("sts.{name}"));
        assert_eq!(endpoints(&text, WsTrustVersion::V1_3).len(), new, "{name}");
        let found = endpoints(&text, WsTrustVersion::February2005).len();
        assert_eq!(found, old, "{name}");
        assert!(text.contains("windowstransport"), "{name}");
    }
    let rst = Rst::new(WsTrustVersion::V1_3).at("sts.old.example");
    assert_eq!(rst.send(&provider).status, 503, "a disabled endpoint");
    let nobody = Client::of(&provider)
        .get("https://sts.nobody.example/adfs/services/trust/mex")
        .unwrap();
    assert_eq!(nobody.status, 404);
}

#[test]
fn a_password_gives_an_assertion_in_each_version() {
    let provider = LocalIdentityProvider::start().unwrap();
    for version in [WsTrustVersion::V1_3, WsTrustVersion::February2005] {
        let response = Rst::new(version).send(&provider);
        assert_eq!(response.status, 200);
        assert_eq!(
            response.header("content-type"),
            Some("application/soap+xml; charset=utf-8")
        );
        let text = body(&response);
        let document = Document::parse(&text).unwrap();
        let is_collected = document
            .descendants()
            .any(|node| node.tag_name().name() == "RequestSecurityTokenResponseCollection");
        assert_eq!(is_collected, version == WsTrustVersion::V1_3);
        let value = |name| element(&document, name);
        assert_eq!(value("TokenType"), SAML_1);
        assert_eq!(value("RelatesTo"), Rst::new(version).message_id);
        assert!(value("Action").contains("/RSTR"), "{}", value("Action"));
        assert_eq!(value("Audience"), "urn:federation:MicrosoftOnline");
        assert!(assertion(&text).contains(FEDERATED_USERNAME));
    }
    assert_eq!(provider.count(Endpoint::WsTrust), 2);
}

#[test]
fn an_assertion_is_of_the_version_asked_for_or_of_the_domains() {
    let provider = LocalIdentityProvider::builder()
        .federated_domain(
            FederatedDomain::new("two.example", "sts.two.example").saml(SamlVersion::V2_0),
        )
        .user(User::new(
            "u@two.example",
            "5d7b9f10-0000-4000-8000-000000000001",
        ))
        .start()
        .unwrap();
    let two = Rst::new(WsTrustVersion::V1_3)
        .at("sts.two.example")
        .user("u@two.example");
    let kind = |rst: &Rst| {
        let text = body(&rst.send(&provider));
        let document = Document::parse(&text).unwrap();
        element(&document, "TokenType")
    };
    assert_eq!(kind(&two), SAML_2);
    assert_eq!(kind(&two.clone().token_type(SAML_1)), SAML_1);
    let first = Rst::new(WsTrustVersion::V1_3);
    assert_eq!(kind(&first.clone().token_type(SAML_2)), SAML_2);
    assert_eq!(kind(&first), SAML_1);
}

#[test]
fn whoever_is_not_believed_gets_the_same_fault() {
    let provider = LocalIdentityProvider::builder()
        .user(
            User::new(
                "gone@federated.contoso.com",
                "5d7b9f10-0000-4000-8000-000000000002",
            )
            .disabled(),
        )
        .start()
        .unwrap();
    let cases = [
        (FEDERATED_USERNAME, "wrong"),
        (FEDERATED_USERNAME, ""),
        ("nobody@federated.contoso.com", PASSWORD),
        ("alice@contoso.com", PASSWORD),
        ("gone@federated.contoso.com", PASSWORD),
        ("fred", PASSWORD),
    ];
    for version in [WsTrustVersion::V1_3, WsTrustVersion::February2005] {
        for (username, password) in cases {
            let response = Rst::new(version)
                .user(username)
                .password(password)
                .send(&provider);
            assert_eq!(response.status, 500, "{username}");
            assert_eq!(
                fault(&response),
                (
                    "a:FailedAuthentication".to_owned(),
                    "ID3242: The security token could not be authenticated or authorized."
                        .to_owned()
                ),
                "{username}"
            );
        }
    }
}

#[test]
fn names_and_passwords_may_hold_the_signs_of_xml() {
    let username = "o'neil&co<\"x\">@federated.contoso.com";
    let password = "]]>&amp;<p a='\"'/> ü";
    let provider = LocalIdentityProvider::builder()
        .user(User::new(username, "5d7b9f10-0000-4000-8000-000000000003").password(password))
        .start()
        .unwrap();
    let rst = Rst::new(WsTrustVersion::V1_3).user(username);
    assert_eq!(rst.clone().password(password).send(&provider).status, 200);
    let unescaped = rst.clone().password("]]>&<p a='\"'/> ü");
    assert_eq!(unescaped.send(&provider).status, 500);
}

#[test]
fn a_request_in_the_wrong_form_gets_the_fault_that_says_so() {
    let provider = LocalIdentityProvider::start().unwrap();
    for version in [WsTrustVersion::V1_3, WsTrustVersion::February2005] {
        let other = match version {
            WsTrustVersion::V1_3 => WsTrustVersion::February2005,
            _ => WsTrustVersion::V1_3,
        };
        let good = || Rst::new(version);
        let cases = [
            (
                good().text("/RST/Issue", "/RST/Renew"),
                "a:ActionNotSupported",
            ),
            (
                good().action(Rst::new(other).soap_action),
                "a:ActionMismatch",
            ),
            (good().at_path(other), "a:ActionNotSupported"),
            (
                good().text(
                    "<wsa:To s:mustUnderstand=\"1\">https://",
                    "<wsa:To s:mustUnderstand=\"1\">https://not.",
                ),
                "a:DestinationUnreachable",
            ),
            (
                good().text("MessageID", "messageID"),
                "a:MessageAddressingHeaderRequired",
            ),
            (
                good().text("wsse:Security", "wsse:Insecurity"),
                "a:InvalidSecurity",
            ),
            (
                good().text("wsu:Timestamp", "wsu:Stamp"),
                "a:InvalidSecurity",
            ),
            (
                good().text("wsse:UsernameToken", "wsse:OtherToken"),
                "a:InvalidSecurity",
            ),
            (good().text("AppliesTo", "AppliesFor"), "a:InvalidScope"),
            (
                good().text("urn:federation:MicrosoftOnline", "urn:other"),
                "a:InvalidScope",
            ),
            (
                good().text("wst:RequestType", "wst:Kind"),
                "a:RequestFailed",
            ),
            (
                good()
                    .text("/Bearer", "/SymmetricKey")
                    .text("/NoProofKey", "/SymmetricKey"),
                "a:RequestFailed",
            ),
            (good().token_type("urn:other"), "a:RequestFailed"),
        ];
        for (rst, expected) in cases {
            let response = rst.send(&provider);
            assert_eq!(response.status, 500, "{expected}");
            assert_eq!(fault(&response).0, expected, "{}", rst.document());
        }
    }
}

#[test]
fn a_message_out_of_its_time_is_refused() {
    let provider = LocalIdentityProvider::start().unwrap();
    for (offset, status) in [(0, 200), (800, 200), (1000, 500), (-200, 200), (-400, 500)] {
        provider.set_clock_offset(offset);
        let response = Rst::new(WsTrustVersion::V1_3).send(&provider);
        assert_eq!(response.status, status, "{offset}");
    }
}

#[test]
fn what_is_no_message_is_refused_before_it_is_read() {
    let provider = LocalIdentityProvider::start().unwrap();
    let url = format!("https://{FEDERATION_HOST}/adfs/services/trust/13/usernamemixed");
    let send = |kind: &str, body: &str| {
        let response = Client::of(&provider).send("POST", &url, &[("Content-Type", kind)], body);
        response.unwrap().status
    };
    let good = Rst::new(WsTrustVersion::V1_3).document();
    assert_eq!(send("text/xml; charset=utf-8", &good), 415);
    const SOAP: &str = "application/soap+xml; charset=utf-8";
    assert_eq!(send(SOAP, ""), 400);
    assert_eq!(send(SOAP, "<a/>"), 400);
    assert_eq!(send(SOAP, &good.replace("</s:Envelope>", "")), 400);
    let declared = format!("<!DOCTYPE s [<!ENTITY e \"x\">]>{good}");
    assert_eq!(send(SOAP, &declared), 400);
    assert_eq!(Client::of(&provider).get(&url).unwrap().status, 405);
}

#[test]
fn the_endpoints_for_others_ask_for_what_they_take() {
    let provider = LocalIdentityProvider::start().unwrap();
    for (path, status) in [
        ("13/windowstransport", 401),
        ("2005/certificatemixed", 403),
        ("13/nothing", 404),
    ] {
        let url = format!("https://{FEDERATION_HOST}/adfs/services/trust/{path}");
        let response = Client::of(&provider).post(&url, &[]).unwrap();
        assert_eq!(response.status, status, "{path}");
        let challenge = (status == 401).then_some("Negotiate");
        assert_eq!(response.header("www-authenticate"), challenge, "{path}");
    }
}

#[test]
fn faults_strike_these_endpoints_too() {
    let provider = LocalIdentityProvider::start().unwrap();
    provider.script(Fault::status(503).on(Endpoint::FederationMetadata));
    provider.script(Fault::status(502).on(Endpoint::WsTrust));
    provider.script(Fault::status(429).on(Endpoint::UserRealm));
    let mex = format!("https://{FEDERATION_HOST}/adfs/services/trust/mex");
    let realm = "https://login.microsoftonline.com/common/userrealm/a@contoso.com?api-version=1.0";
    let rst = || Rst::new(WsTrustVersion::V1_3).send(&provider).status;
    let get = |url: &str| Client::of(&provider).get(url).unwrap().status;
    assert_eq!((get(&mex), rst(), get(realm)), (503, 502, 429));
    assert_eq!((get(&mex), rst(), get(realm)), (200, 200, 200));
    let asked = provider.requests(Endpoint::WsTrust);
    assert_eq!(
        asked[0].header("soapaction"),
        Some("http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue")
    );
    assert_eq!(asked[0].host, FEDERATION_HOST);
    assert!(asked.iter().all(|request| request.tls));
}

#[test]
fn tests_in_other_languages_register_federated_domains() {
    let provider = LocalIdentityProvider::builder().control().start().unwrap();
    let url = format!("{}/.control/federated-domain", provider.plain_url());
    let post = |body: &str| {
        let client = Client::new(&provider, Way::Direct);
        client.send("POST", &url, &[], body).unwrap().status
    };
    let domain = r#"{"name":"x.example","host":"sts.x.example","ws_trust":["2005"],"saml":"2.0"}"#;
    assert_eq!(post(domain), 204);
    let text = describe(&provider, "sts.x.example");
    assert!(endpoints(&text, WsTrustVersion::V1_3).is_empty());
    assert_eq!(endpoints(&text, WsTrustVersion::February2005).len(), 1);
    let bare = r#"{"name":"x.example","host":"sts.x.example","metadata":false}"#;
    assert_eq!(post(bare), 204);
    let realm = "https://login.microsoftonline.com/common/userrealm/u@x.example?api-version=1.0";
    let body = Client::of(&provider).get(realm).unwrap().json();
    assert!(body.get("federation_metadata_url").is_none(), "{body}");
    for wrong in [
        "",
        "{}",
        r#"{"name":"x.example"}"#,
        r#"{"name":"x","host":"y","ws_trust":["14"]}"#,
        r#"{"name":"x","host":"y","ws_trust":"13"}"#,
        r#"{"name":"x","host":"y","saml":"3.0"}"#,
        r#"{"name":"x","host":"y","metadata":1}"#,
    ] {
        assert_eq!(post(wrong), 400, "{wrong}");
    }
}

fn describe(provider: &LocalIdentityProvider, host: &str) -> String {
    let url = format!("https://{host}/adfs/services/trust/mex");
    let response = Client::of(provider).get(&url).unwrap();
    assert_eq!(response.status, 200);
    assert_eq!(
        response.header("content-type"),
        Some("text/xml; charset=utf-8")
    );
    body(&response)
}

fn body(response: &Response) -> String {
    String::from_utf8(response.body.clone()).unwrap()
}

fn element(document: &Document<'_>, name: &str) -> String {
    document
        .descendants()
        .find(|node| node.tag_name().name() == name)
        .and_then(|node| node.text())
        .unwrap_or_else(|| panic!("no {name}"))
        .to_owned()
}

/// Reads a description as a client must: policies for a user name, bindings that follow them, ports that speak these.
fn endpoints(text: &str, version: WsTrustVersion) -> Vec<String> {
    const UTILITY: &str =
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
    let (security, supporting) = match version {
        WsTrustVersion::V1_3 => (
            "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702",
            "SignedEncryptedSupportingTokens",
        ),
        _ => (
            "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy",
            "SignedSupportingTokens",
        ),
    };
    let action = Rst::new(version).soap_action;
    let document = Document::parse(text).unwrap();
    let root = document.root_element();
    let all = |name: &'static str| {
        root.descendants()
            .filter(move |node| node.tag_name().name() == name)
    };
    let policies: Vec<String> = all("Policy")
        .filter_map(|policy| Some((policy, policy.attribute((UTILITY, "Id"))?)))
        .filter(|(policy, _)| {
            let has = |name| {
                policy
                    .descendants()
                    .any(|node| node.has_tag_name((security, name)))
            };
            has("TransportBinding")
                && policy.descendants().any(|node| {
                    node.has_tag_name((security, supporting))
                        && node
                            .descendants()
                            .any(|node| node.has_tag_name((security, "WssUsernameToken10")))
                })
        })
        .map(|(_, id)| format!("#{id}"))
        .collect();
    let bindings: Vec<&str> = root
        .children()
        .filter(|node| node.tag_name().name() == "binding")
        .filter(|node| {
            let follows = node.children().any(|child| {
                child
                    .attribute("URI")
                    .is_some_and(|uri| policies.iter().any(|id| id == uri))
            });
            let is_http = node.children().any(|child| {
                child.attribute("transport") == Some("http://schemas.xmlsoap.org/soap/http")
            });
            let issues = node
                .descendants()
                .any(|child| child.attribute("soapAction") == Some(action));
            follows && is_http && issues
        })
        .filter_map(|node| node.attribute("name"))
        .collect();
    all("port")
        .filter(|port| {
            let binding = port.attribute("binding").unwrap();
            bindings.contains(&binding.split_once(':').unwrap().1)
        })
        .map(|port| {
            let address = port.descendants().find(|node| {
                node.has_tag_name(("http://www.w3.org/2005/08/addressing", "Address"))
            });
            address.unwrap().text().unwrap().to_owned()
        })
        .collect()
}
