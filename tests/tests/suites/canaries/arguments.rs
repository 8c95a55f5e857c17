//! What programs and files hand in malformed, with secrets inside.

use msal::{
    Authority, Certificate, Claims, ClientCredential, ReqwestTransport, TokenCache, UreqTransport,
};

use super::Shown;
use super::secrets::{
    ACCESS_TOKEN, CACHED, CLAIM, KEY_PASSWORD, PARAMETER, PEM, PROXY_PASSWORD, REFRESH_TOKEN,
    SECRET, USERINFO,
};

pub(super) fn fail(flows: &mut Vec<Shown>) {
    let mut failed = |name: &str, error: Option<msal::Error>| {
        let error = error.unwrap_or_else(|| panic!("{name} does not fail"));
        flows.push(Shown::error(name, &error));
    };
    for text in [
        format!("https://somebody:{USERINFO}@login.microsoftonline.com/contoso.com"),
        format!("https://login.microsoftonline.com/contoso.com?secret={USERINFO}"),
        format!("https://login.microsoftonline.com/contoso.com#{USERINFO}"),
    ] {
        failed("authority", Authority::parse(&text).err());
        failed("OIDC authority", Authority::oidc(&text).err());
    }
    for text in [
        format!("[\"{CLAIM}\"]"),
        format!("{{\"{CLAIM}\":"),
        CLAIM.repeat(2_000),
    ] {
        failed("claims", Claims::parse(&text).err());
    }

    let key = |label: &str, body: &str| {
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    };
    let own = msal_testing::defaults::client_certificate().unwrap();
    for text in [
        key("PRIVATE KEY", PEM),
        key("RSA PRIVATE KEY", PEM),
        key("EC PRIVATE KEY", PEM),
        key("ENCRYPTED PRIVATE KEY", PEM),
        key(PEM, "AAAA"),
        format!("-----BEGIN PRIVATE KEY-----\n{PEM}"),
        PEM.to_owned(),
    ] {
        let certificate = own.certificate_pem();
        failed("PEM", Certificate::from_pem(&certificate, &text).err());
        failed(
            "encrypted PEM",
            Certificate::from_encrypted_pem(&certificate, &text, KEY_PASSWORD).err(),
        );
        failed(
            "certificate",
            Certificate::from_pem(&text, own.private_key_pem()).err(),
        );
    }

    for text in [
        format!("http://somebody:{PROXY_PASSWORD}@"),
        format!("socks9://somebody:{PROXY_PASSWORD}@proxy.example:1"),
        format!("http://somebody:{PROXY_PASSWORD}@proxy.example:port"),
    ] {
        failed(
            "reqwest's proxy",
            ReqwestTransport::builder().proxy(&text).build().err(),
        );
        failed(
            "ureq's proxy",
            UreqTransport::builder().proxy(&text).build().err(),
        );
    }

    let builder = || {
        msal::blocking::ConfidentialClientApplication::builder("client")
            .authority("https://login.microsoftonline.com/contoso.com")
            .credential(ClientCredential::from_secret(SECRET))
    };
    let document = format!(
        r#"{{"issuer":"{CACHED}","token_endpoint":["{CACHED}"],
        "metadata":[{{"aliases":["{CACHED}"]}}]}}"#
    );
    failed(
        "OpenID metadata",
        builder().openid_metadata(&document).build().err(),
    );
    failed(
        "instance metadata",
        builder().instance_metadata(&document).build().err(),
    );
    let app = builder().build().unwrap();
    let call = || app.acquire_token_for_client(["https://graph.microsoft.com/.default"]);
    failed(
        "reserved",
        call()
            .extra_parameter("client_secret", PARAMETER)
            .send()
            .err(),
    );
    failed(
        "twice",
        call()
            .extra_parameter("a", PARAMETER)
            .extra_parameter("a", PARAMETER)
            .send()
            .err(),
    );
    failed(
        "bad claims",
        call().claims(format!("[\"{CLAIM}\"]")).send().err(),
    );
    failed(
        "bad client claims",
        call().client_claims(CLAIM).send().err(),
    );

    let cache = TokenCache::new();
    let entry = |token: &str| {
        format!(
            r#"{{"AccessToken":{{"k":{{"credential_type":"AccessToken","environment":"login.microsoftonline.com",
                "realm":"contoso.com","client_id":"client","home_account_id":"","target":"s/.default",
                "secret":{token},"cached_at":"1","expires_on":"99999999999","other":"{CACHED}"}}}},
                "RefreshToken":{{"k":{{"secret":"{REFRESH_TOKEN}","home_account_id":7}}}}}}"#
        )
    };
    for text in [
        format!("[\"{CACHED}\"]"),
        format!("{{\"AccessToken\":\"{CACHED}\"}}"),
        format!("{{\"AccessToken\":{{\"k\":\"{CACHED}"),
        format!("{}{CACHED}", "[".repeat(100)),
    ] {
        match cache.merge(text.as_bytes()) {
            Err(error) => flows.push(Shown::error("cache file", &error)),
            Ok(report) => flows.push(Shown::value("report", &report)),
        }
    }
    for token in [
        format!("\"{CACHED}\""),
        format!("[\"{CACHED}\"]"),
        format!("\"{ACCESS_TOKEN}\\r\\n\""),
    ] {
        let report = cache.merge(entry(&token).as_bytes()).unwrap();
        flows.push(Shown::value("report", &report));
    }
    flows.push(Shown::value("cache", &cache));
    let app = builder().token_cache(cache).build().unwrap();
    let result = app.acquire_token_for_client(["s/.default"]).send().unwrap();
    flows.push(Shown::value("a cached result", &result));
    flows.push(match result.authorization_header() {
        Err(error) => Shown::error("a header", &error),
        Ok(header) => Shown::value("a header", &header),
    });
}
