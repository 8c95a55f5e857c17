use bytes::Bytes;

use super::*;

fn read(status: u16, body: &str) -> Result<UserRealm, Error> {
    let mut response = Response::new(Bytes::copy_from_slice(body.as_bytes()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    let outcome = parse(&response);
    assert!(!format!("{outcome:?}").contains("canary"), "{outcome:?}");
    outcome
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

const FEDERATED: &str = r#"{"ver":"1.0","account_type":"Federated","domain_name":"contoso.example","federation_protocol":"WSTrust",
    "federation_metadata_url":"https://adfs.contoso.example/adfs/services/trust/mex",
    "federation_active_auth_url":"https://adfs.contoso.example/adfs/services/trust/2005/usernamemixed",
    "cloud_instance_name":"microsoftonline.us","cloud_audience_urn":"urn:federation:MicrosoftOnlineUS"}"#;

#[test]
fn a_federated_realm_names_its_server() {
    let realm = UserRealm::Federated {
        metadata_url: Some(url("https://adfs.contoso.example/adfs/services/trust/mex")),
        active_auth_url: Some(url(
            "https://adfs.contoso.example/adfs/services/trust/2005/usernamemixed",
        )),
        audience_urn: "urn:federation:MicrosoftOnlineUS".into(),
    };
    assert_eq!(read(200, FEDERATED).unwrap(), realm);
    let bare = r#"{"account_type":"FEDERATED","federation_protocol":"wstrust","federation_metadata_url":"https://a.example/mex","federation_active_auth_url":""}"#;
    let realm = UserRealm::Federated {
        metadata_url: Some(url("https://a.example/mex")),
        active_auth_url: None,
        audience_urn: "urn:federation:MicrosoftOnline".into(),
    };
    assert_eq!(read(200, bare).unwrap(), realm);
}

#[test]
fn other_realms_are_told_apart() {
    let managed = |domain: Option<&str>| UserRealm::Managed {
        domain: domain.map(Into::into),
    };
    for (body, realm) in [
        (
            r#"{"account_type":"Managed","domain_name":"contoso.com"}"#,
            managed(Some("contoso.com")),
        ),
        (r#"{"account_type":"managed","other":[1]}"#, managed(None)),
        (
            r#"{"account_type":"Managed","domain_name":"a\u001b[2J\u202e"}"#,
            managed(Some("a[2J")),
        ),
        (r#"{"account_type":"Unknown"}"#, UserRealm::Unknown),
        (r#"{"account_type":"canary"}"#, UserRealm::Unknown),
        (
            r#"{"account_type":"Federated","domain_name":"Live.com"}"#,
            UserRealm::Personal,
        ),
        (
            r#"{"account_type":"Managed","domain_name":"live.com"}"#,
            UserRealm::Personal,
        ),
    ] {
        assert_eq!(read(200, body).unwrap(), realm, "{body}");
    }
    assert_eq!(read(404, "<html>canary").unwrap(), UserRealm::NoService);
}

#[test]
fn no_password_goes_where_it_is_not_safe() {
    for name in ["federation_metadata_url", "federation_active_auth_url"] {
        for bad in [
            "http://canary.example/",
            "https://canary@a.example/",
            "canary",
            "https://a.example\\\\canary",
        ] {
            let body = format!(
                r#"{{"account_type":"Federated","federation_protocol":"WSTrust","{name}":"{bad}"}}"#
            );
            let error = read(200, &body).unwrap_err();
            assert_eq!(error.kind(), &ErrorKind::InvalidResponse("user realm"));
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}

#[test]
fn a_federation_that_cannot_be_used_says_why() {
    for protocol in ["\"SAMLP\"", "\"canary\"", "\"\"", "null"] {
        let body = FEDERATED.replace("\"WSTrust\"", protocol);
        let error = read(200, &body).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Unsupported(_)), "{error}");
        assert!(
            error.to_string().contains("does not speak WS-Trust"),
            "{error}"
        );
    }
    let nowhere = r#"{"account_type":"Federated","federation_protocol":"WSTrust"}"#;
    assert!(
        read(200, nowhere)
            .unwrap_err()
            .to_string()
            .contains("where the federation server is")
    );
}

#[test]
fn what_is_no_realm_is_an_error_unquoted() {
    for body in [
        "",
        "<html>canary",
        "[]",
        "{}",
        r#"{"account_type":1,"x":"canary"}"#,
        r#"{"account_type":"Managed","account_type":"Federated"}"#,
        &["[", &" ".repeat(300 * 1024), "]"].concat(),
    ] {
        assert_eq!(
            read(200, body).unwrap_err().kind(),
            &ErrorKind::InvalidResponse("user realm")
        );
    }
    let kind = |status| {
        read(status, "canary").map_err(|error| (error.kind().clone(), error.is_retryable()))
    };
    assert_eq!(kind(400), Err((ErrorKind::Server, false)));
    assert_eq!(kind(502), Err((ErrorKind::Server, true)));
    assert_eq!(kind(429), Err((ErrorKind::Throttled, true)));
}

#[test]
fn the_realm_is_asked_for_on_the_host_of_the_token_endpoint() {
    let at = |authority: &str, token: &str| {
        let authority = Authority::parse(authority).unwrap();
        endpoint(&authority, &url(token)).map(String::from)
    };
    assert_eq!(
        at(
            "https://login.windows.net/contoso.com",
            "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token?a=b"
        )
        .unwrap(),
        "https://login.microsoftonline.com/common/userrealm"
    );
    assert_eq!(
        at(
            "https://co1.dsts.example/dstsv2/common",
            "https://co1.dsts.example:8443/dstsv2/common/oauth2/v2.0/token"
        )
        .unwrap(),
        "https://co1.dsts.example:8443/dstsv2/common/userrealm"
    );
    assert_eq!(
        at(
            "https://adfs.contoso.com/adfs",
            "https://adfs.contoso.com/adfs/oauth2/token"
        ),
        None
    );
    assert_eq!(
        at(
            "https://contoso.ciamlogin.com",
            "https://contoso.ciamlogin.com/t/token"
        ),
        None
    );
}

fn asked(username: &str) -> Result<Request, Error> {
    let id = "0f8fad5b-d9cb-469f-a165-70867728950e".parse().unwrap();
    request(
        &url("https://login.microsoftonline.com/common/userrealm"),
        username,
        id,
    )
}

#[test]
fn the_user_name_is_one_segment_of_the_path() {
    let uri = |username| asked(username).unwrap().uri().to_string();
    let base = "https://login.microsoftonline.com/common/userrealm/";
    for (username, segment) in [
        ("ann@contoso.com", "ann%40contoso.com"),
        ("../../x/y?z#a", "..%2F..%2Fx%2Fy%3Fz%23a"),
        ("%2e%2e", "%252e%252e"),
        ("bücher €", "b%C3%BCcher%20%E2%82%AC"),
        ("...", "..."),
    ] {
        assert_eq!(uri(username), [base, segment, "?api-version=1.0"].concat());
    }
    let sent = asked("ann@contoso.com").unwrap();
    assert_eq!(sent.method(), "GET");
    assert_eq!(sent.headers()["accept"], "application/json");
    assert_eq!(
        sent.headers()["client-request-id"],
        "0f8fad5b-d9cb-469f-a165-70867728950e"
    );
    assert_eq!(crate::SendOptions::of(&sent).max_body, 256 * 1024);
}

#[test]
fn what_is_no_user_name_is_not_sent() {
    for username in [
        "",
        ".",
        "..",
        "canary\0",
        "canary\r\nx",
        "canary\t",
        "canary\u{85}",
    ] {
        let error = asked(username).unwrap_err();
        assert_eq!(
            error.kind(),
            &ErrorKind::InvalidArgument("user name"),
            "{username:?}"
        );
        assert!(!format!("{error:?}").contains("canary"));
    }
    assert!(asked(&"x".repeat(100_000)).is_err());
}

proptest::proptest! {
    #![proptest_config(crate::protocol::tests::cases())]

    #[test]
    fn whatever_the_name_is_it_arrives_whole(username in "(?s).{0,16}") {
        if let Ok(request) = asked(&username) {
            let path = request.uri().path().strip_prefix("/common/userrealm/").unwrap();
            proptest::prop_assert!(!path.contains('/') && !path.contains('+'));
            let encoded = ["a=", path].concat();
            let (_, read) = url::form_urlencoded::parse(encoded.as_bytes()).next().unwrap();
            proptest::prop_assert_eq!(read, username);
        }
    }
}
