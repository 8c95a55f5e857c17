use msal_testing::defaults::TENANT_ID;
use msal_testing::{Endpoint, LocalIdentityProvider, ServerCertificate, Thumbprint, Via};
use url::Url;

use crate::client::{Client, Way};
use crate::{good_fields, token_url};

#[test]
fn a_request_is_served_whichever_way_it_comes() {
    let provider = LocalIdentityProvider::start().unwrap();
    let path = format!("{TENANT_ID}/v2.0/.well-known/openid-configuration");
    let cases = [
        (Way::Proxy, "https", Via::Connect, true),
        (Way::Proxy, "http", Via::Forward, false),
        (Way::Tunnel, "http", Via::Connect, false),
        (Way::Direct, "https", Via::Direct, true),
        (Way::Direct, "http", Via::Direct, false),
    ];
    for (way, scheme, via, tls) in cases {
        provider.clear_journal();
        let url = format!("{scheme}://login.microsoftonline.com/{path}");
        let response = Client::new(&provider, way).get(&url).unwrap();
        assert_eq!(response.status, 200, "{way:?} {scheme}");
        let request = provider
            .wait_for(Endpoint::OpenIdConfiguration, 1, LIMIT)
            .unwrap();
        assert_eq!((request.via, request.tls), (via, tls), "{way:?} {scheme}");
        assert_eq!(
            (request.host.as_str(), request.port),
            ("login.microsoftonline.com", None)
        );
        assert_eq!(request.server_name.is_some(), tls);
        assert_eq!(request.connect_target.is_some(), via == Via::Connect);
        assert_eq!(request.url(), url);
        assert_eq!(
            provider.count(Endpoint::Connect),
            u64::from(via == Via::Connect)
        );
    }
}

#[test]
fn the_journal_tells_the_request_as_it_was_sent() {
    let provider = LocalIdentityProvider::start().unwrap();
    let url = format!("{}?a=1&b=%20x", token_url());
    let body = "grant_type=client_credentials&scope=a+b&client_id=caf%C3%A9";
    let headers = [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("X-Client-SKU", "Test"),
    ];
    Client::of(&provider)
        .send("POST", &url, &headers, body)
        .unwrap();
    let requests = provider.requests(Endpoint::Token);
    let [request] = &requests[..] else {
        panic!("{requests:?}")
    };
    assert_eq!(request.method, "POST");
    assert_eq!(request.path, format!("/{TENANT_ID}/oauth2/v2.0/token"));
    assert_eq!(request.query_parameter("b").as_deref(), Some(" x"));
    assert_eq!(request.header("x-client-sku"), Some("Test"));
    assert_eq!(request.form_field("scope").as_deref(), Some("a b"));
    assert_eq!(request.form_field("client_id").as_deref(), Some("café"));
    assert_eq!(request.body, body.as_bytes());
    assert_eq!(
        request.connect_target.as_deref(),
        Some("login.microsoftonline.com:443")
    );
    assert_eq!(request.status(), Some(400));
}

#[test]
fn each_name_gets_a_certificate_of_its_own_that_stays() {
    let provider = LocalIdentityProvider::start().unwrap();
    let presented = |way, url: &str| {
        let connection = Client::new(&provider, way)
            .connect(&Url::parse(url).unwrap())
            .unwrap();
        Thumbprint::of(&connection.server_certificate().unwrap())
    };
    let first = presented(Way::Proxy, "https://login.microsoftonline.com/");
    assert_eq!(
        presented(Way::Proxy, "https://login.microsoftonline.com/"),
        first
    );
    assert_eq!(
        provider.thumbprint("login.microsoftonline.com").unwrap(),
        first
    );
    assert_ne!(
        presented(Way::Proxy, "https://login.microsoftonline.us/"),
        first
    );
    // An address has no server name: the certificate is for where the tunnel was to go, or for loopback.
    presented(Way::Proxy, "https://192.0.2.7/");
    presented(Way::Proxy, "https://[2001:db8::1]/");
    assert_eq!(
        presented(Way::Direct, "https://127.0.0.1/"),
        provider.thumbprint("127.0.0.1").unwrap()
    );
    presented(Way::Direct, "https://localhost/");
    assert_eq!(
        provider.base_url(),
        format!("https://localhost:{}", provider.port())
    );
}

#[test]
fn bad_certificates_are_presented_on_demand_and_no_request_passes_them() {
    let provider = LocalIdentityProvider::builder()
        .server_certificate(ServerCertificate::Expired)
        .start()
        .unwrap();
    let client = Client::of(&provider);
    for kind in [
        ServerCertificate::Expired,
        ServerCertificate::NotYetValid,
        ServerCertificate::SelfSigned,
        ServerCertificate::UnknownAuthority,
        ServerCertificate::WrongName,
    ] {
        provider.present(kind);
        let error = client.post(&token_url(), &good_fields()).unwrap_err();
        assert!(
            error.to_string().contains("certificate"),
            "{kind:?}: {error}"
        );
    }
    assert_eq!(provider.count(Endpoint::Token), 0);
    provider.present(ServerCertificate::Valid);
    assert_eq!(
        client.post(&token_url(), &good_fields()).unwrap().status,
        200
    );
}

#[test]
fn a_proxy_with_a_password_lets_only_its_users_through() {
    let provider = LocalIdentityProvider::builder()
        .proxy_credentials("user", "pass")
        .start()
        .unwrap();
    let client = Client::of(&provider);
    let error = client.post(&token_url(), &good_fields()).unwrap_err();
    assert!(error.to_string().contains("407"), "{error}");
    assert_eq!(provider.count(Endpoint::Connect), 1);
    let url = "http://login.example/metadata/x";
    assert_eq!(client.get(url).unwrap().status, 407);
    let right = [("Proxy-Authorization", "Basic dXNlcjpwYXNz")];
    assert_eq!(client.send("GET", url, &right, "").unwrap().status, 404);
    assert_eq!(
        Client::new(&provider, Way::Direct)
            .get(&token_url())
            .unwrap()
            .status,
        400,
        "no proxy, no password"
    );
}

#[test]
fn a_tunnel_serves_many_requests_over_one_connection() {
    let provider = LocalIdentityProvider::start().unwrap();
    let client = Client::of(&provider);
    let url = Url::parse(&token_url()).unwrap();
    let mut connection = client.connect(&url).unwrap();
    let request = client.request("POST", &url, &[], "");
    for _ in 0..5 {
        connection.send(&request).unwrap();
        assert_eq!(connection.read().unwrap().status, 400);
    }
    let numbers: Vec<u64> = provider
        .requests(Endpoint::Token)
        .iter()
        .map(|request| request.connection)
        .collect();
    assert_eq!(numbers, [1; 5]);
    assert_eq!(provider.connections(), 1);
}

const LIMIT: std::time::Duration = std::time::Duration::from_secs(10);
