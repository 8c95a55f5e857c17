//! Calls that fail, full of secrets, against answers full of secrets.

use std::time::Duration;

use msal::credential::{AppTokenRequest, AssertionContext};
use msal::{
    AccessToken, Certificate, ClientAssertion, ClientCredential, ReqwestTransport, Step,
    TokenCache, UreqTransport,
};
use msal_testing::{App as Registration, Endpoint, Fault, LocalIdentityProvider, Wire, defaults};

use super::Shown;
use super::secrets::{
    ACCESS_TOKEN, ASSERTION, BODY, CHALLENGE, CLAIM, DESCRIPTION, HEADER, ID_TOKEN, LOCATION,
    PANIC, PARAMETER, PROXY_PASSWORD, REFRESH_TOKEN, SECRET,
};
use crate::clock::TestClock;

pub(super) fn fail(flows: &mut Vec<Shown>) {
    let clock = TestClock::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let provider = LocalIdentityProvider::builder()
        .known_host(UNKNOWN_HOST)
        .proxy_credentials("somebody", PROXY_PASSWORD)
        .app(Registration::new(CLIENT_ID).secret(SECRET))
        .start()
        .unwrap();
    let proxy = provider
        .proxy_url()
        .replace("://", &format!("://somebody:{PROXY_PASSWORD}@"));
    let builder = ReqwestTransport::builder()
        .proxy(&proxy)
        .add_root_certificates_pem(provider.ca_pem());
    flows.push(Shown::value("reqwest's builder", &builder));
    let reqwest = std::sync::Arc::new(builder.build().unwrap());
    let builder = UreqTransport::builder()
        .proxy(&proxy)
        .add_root_certificates_pem(provider.ca_pem());
    flows.push(Shown::value("ureq's builder", &builder));
    let ureq = std::sync::Arc::new(builder.build().unwrap());
    flows.push(Shown::value("reqwest", &reqwest));
    flows.push(Shown::value("ureq", &ureq));

    for case in cases() {
        for asynchronous in [true, false] {
            for fault in &case.faults {
                provider.script(fault.clone().forever());
            }
            let name = format!("{} (async: {asynchronous})", case.name);
            macro_rules! play {
                ($application:ty, $transport:expr, |$call:ident| $run:expr) => {{
                    let builder = <$application>::builder(case.client_id.unwrap_or(CLIENT_ID))
                        .authority(format!("https://{}/{}", case.host, defaults::TENANT_ID))
                        .credential((case.credential)())
                        .client_capabilities(["CP1"])
                        .azure_region("off")
                        .token_cache(TokenCache::new())
                        .env(clock.env())
                        .transport($transport.clone());
                    flows.push(Shown::value("builder", &builder));
                    let app = builder.build().unwrap();
                    flows.push(Shown::value("application", &app));
                    let call = || {
                        let call = app.acquire_token_for_client([SCOPE]);
                        let call = call.timeout(case.limit);
                        match case.plain {
                            true => call,
                            false => call
                                .claims(format!(
                                    r#"{{"access_token":{{"nonce":{{"value":"{CHALLENGE}"}}}}}}"#
                                ))
                                .client_claims(format!(r#"{{"about":"{CLAIM}"}}"#))
                                .extra_parameter("parameter", PARAMETER),
                        }
                    };
                    flows.push(Shown::value("call", &call()));
                    flows.push(Shown::value("future", &call().into_flow()));
                    match call().into_flow().start() {
                        step @ Step::Send(..) => flows.push(Shown::value("step", &step)),
                        other => flows.push(Shown::value("other step", &other)),
                    }
                    // Twice, since the second may come from what is remembered of the first.
                    for _ in 0..2 {
                        let $call = call();
                        flows.push(match $run {
                            Ok(result) => Shown::value(&name, &result),
                            Err(error) => Shown::error(&name, &error),
                        });
                    }
                }};
            }
            if asynchronous {
                play!(msal::ConfidentialClientApplication, reqwest, |call| runtime
                    .block_on(call.into_future()));
            } else {
                play!(
                    msal::blocking::ConfidentialClientApplication,
                    ureq,
                    |call| call.send()
                );
            }
            provider.clear_faults();
        }
    }
    drop(provider);
}

struct Case {
    name: &'static str,
    client_id: Option<&'static str>,
    host: &'static str,
    credential: fn() -> ClientCredential,
    faults: Vec<Fault>,
    limit: Duration,
    plain: bool,
}

fn cases() -> Vec<Case> {
    let mut cases = vec![
        // These succeed, or are refused by the provider itself.
        Case {
            plain: true,
            ..case("a token", Vec::new())
        },
        case("a token with claims", Vec::new()),
        Case {
            credential: || ClientCredential::from_secret(format!("{SECRET}wrong")),
            ..case("a wrong secret", Vec::new())
        },
        Case {
            credential: || ClientCredential::from_assertion(ASSERTION),
            ..case("a wrong assertion", Vec::new())
        },
        Case {
            credential: || {
                let with =
                    |_: &AssertionContext| Ok::<_, msal::Error>(ClientAssertion::new(ASSERTION));
                ClientCredential::from_assertion_provider(with)
            },
            ..case("a wrong assertion by callback", Vec::new())
        },
        Case {
            credential: || {
                let with = |_: &AssertionContext| -> Result<ClientAssertion, msal::Error> {
                    std::panic::panic_any(PANIC)
                };
                ClientCredential::from_assertion_provider(with)
            },
            ..case("a callback that panics", Vec::new())
        },
        Case {
            credential: || {
                let with = |_: &AssertionContext| {
                    Ok::<_, msal::Error>(ClientAssertion::new(format!("{ASSERTION}\r\n\0")))
                };
                ClientCredential::from_assertion_provider(with)
            },
            ..case("an assertion that is none", Vec::new())
        },
        Case {
            credential: || {
                let with = |_: &AppTokenRequest| {
                    let token = AccessToken::new(format!("{ACCESS_TOKEN}\r\n"));
                    Ok::<_, msal::Error>(msal::credential::AppToken::new(
                        token,
                        Duration::from_secs(9),
                    ))
                };
                ClientCredential::from_app_token_provider(with)
            },
            ..case("an app token that fits no header", Vec::new())
        },
        Case {
            credential: other_certificate,
            ..case("another's certificate", Vec::new())
        },
    ];
    for (name, fault) in answers() {
        cases.push(case(name, vec![fault.clone().on(Endpoint::Token)]));
        cases.push(Case {
            host: UNKNOWN_HOST,
            ..case(name, vec![fault.clone().on(Endpoint::OpenIdConfiguration)])
        });
        cases.push(Case {
            host: UNKNOWN_HOST,
            ..case(
                name,
                vec![
                    fault.clone().on(Endpoint::InstanceDiscovery),
                    fault.on(Endpoint::OpenIdConfiguration),
                ],
            )
        });
    }
    for case in &mut cases {
        if case.name == "silence" {
            case.limit = Duration::from_millis(100);
        }
    }
    // A tunnel that is open is used again: this strikes what comes after.
    let tunnel = |request: &msal_testing::Request| request.method == "CONNECT";
    let refusal = Fault::status(502).header("x-why", HEADER).body(BODY);
    cases.push(case(
        "no tunnel",
        vec![
            Fault::close().on(Endpoint::Token).times(1),
            refusal.when(tunnel),
        ],
    ));
    cases
}

fn case(name: &'static str, faults: Vec<Fault>) -> Case {
    Case {
        name,
        client_id: None,
        host: "login.microsoftonline.com",
        credential: || ClientCredential::from_secret(SECRET),
        faults,
        limit: Duration::from_secs(20),
        plain: false,
    }
}

/// Answers with a secret in each of their parts.
fn answers() -> Vec<(&'static str, Fault)> {
    let oauth = |status, code: &str| {
        let body = format!(
            r#"{{"error":"{code}","error_description":"AADSTS50000: got {DESCRIPTION}","suberror":"basic_action",
                "claims":"{{\"a\":\"{CHALLENGE}\"}}","error_uri":"https://a/?{BODY}","other":"{BODY}"}}"#
        );
        Fault::json(status, body)
            .header("x-other", HEADER)
            .header("set-cookie", HEADER)
    };
    let token = |name: &str, value: &str| {
        let tokens = format!(
            r#""refresh_token":"{REFRESH_TOKEN}","id_token":"{ID_TOKEN}","client_info":"{BODY}","other":"{BODY}""#
        );
        let body = format!(r#"{{"access_token":"{ACCESS_TOKEN}","token_type":"Bearer",{tokens}}}"#);
        Fault::json(200, body.replace(name, value)).header("www-authenticate", HEADER)
    };
    let secretive = |rest: &str| Fault::raw(format!("HTTP/1.1 200 OK\r\nX-A: {HEADER}\r\n{rest}"));
    let documents = |host: &str| {
        Fault::json(
            200,
            format!(
                r#"{{"issuer":"https://{UNKNOWN_HOST}/x?{BODY}","token_endpoint":"https://{host}/token?{LOCATION}",
                "authorization_endpoint":"https://{UNKNOWN_HOST}/authorize?{LOCATION}","metadata":"{BODY}"}}"#
            ),
        )
    };
    vec![
        ("invalid_client", oauth(401, "invalid_client")),
        ("invalid_request", oauth(400, "invalid_request")),
        (
            "a pause",
            oauth(429, "temporarily_unavailable").header("retry-after", "3"),
        ),
        ("unwell", oauth(503, "temporarily_unavailable")),
        ("an error with 200", oauth(200, "invalid_client")),
        (
            "a text",
            Fault::status(500).body(BODY).header("x-other", HEADER),
        ),
        ("HTML", Fault::html(200).body(format!("<html>{BODY}"))),
        (
            "a redirect",
            Fault::redirect(307, &format!("https://elsewhere.example/a?{LOCATION}")),
        ),
        ("no token type", token("Bearer", "")),
        ("another token type", token("Bearer", BODY)),
        (
            "a line break in the token",
            token(ACCESS_TOKEN, &format!("{ACCESS_TOKEN}\\r\\n")),
        ),
        (
            "a token of another type",
            token(
                &format!("\"{ACCESS_TOKEN}\""),
                &format!("[\"{ACCESS_TOKEN}\"]"),
            ),
        ),
        ("half an answer", token(ID_TOKEN, &format!("{ID_TOKEN}\""))),
        ("other hosts", documents("elsewhere.example")),
        (
            "a bad place",
            documents(&format!("somebody:{LOCATION}@{UNKNOWN_HOST}")),
        ),
        (
            "a bad status",
            Fault::raw(format!("HTTP/1.1 {HEADER}\r\n\r\n")),
        ),
        (
            "a bad header",
            secretive(&format!("{HEADER} {HEADER}: a\r\n\r\n")),
        ),
        (
            "a bad length",
            secretive(&format!("Content-Length: {HEADER}\r\n\r\n{BODY}")),
        ),
        (
            "a bad chunk",
            secretive(&format!("Transfer-Encoding: chunked\r\n\r\n{BODY}\r\n")),
        ),
        (
            "a short body",
            secretive(&format!("Content-Length: 999\r\n\r\n{BODY}")),
        ),
        ("not HTTP", Fault::raw(format!("{BODY}\r\n\r\n"))),
        ("a reset", Fault::reset()),
        (
            "silence",
            Fault::wire([
                Wire::Write(format!("HTTP/1.1 200 OK\r\nX-A: {HEADER}\r\n").into()),
                Wire::Hang,
            ]),
        ),
    ]
}

fn other_certificate() -> ClientCredential {
    let other = msal_testing::ClientCertificate::self_signed("somebody else").unwrap();
    let certificate = Certificate::from_pem(other.certificate_pem(), other.private_key_pem());
    ClientCredential::from_certificate(certificate.unwrap())
}

const CLIENT_ID: &str = defaults::SECRET_CLIENT_ID;
const SCOPE: &str = "https://graph.microsoft.com/.default";
const UNKNOWN_HOST: &str = "login.contoso.example";
