//! The faults, and what each must come to at each request of the flow.

use std::time::Duration;

use msal_testing::{Fault, Wire};

use super::outcomes::Outcome::{self, Fails, Served};

/// One fault.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) strike: Strike,
    /// How long the call may take.
    pub(super) limit: Duration,
    /// What it comes to where the answer is needed, and harmless to ask for again.
    pub(super) whole: Outcome,
    pub(super) device_authorization: Outcome,
    pub(super) instance_discovery: Outcome,
    pub(super) instance_metadata: Outcome,
    pub(super) openid_configuration: Outcome,
    pub(super) token: Outcome,
    pub(super) user_realm: Outcome,
    pub(super) ws_trust: Outcome,
    /// The pause, in seconds, that the token request's error asks for.
    pub(super) retry_after: Option<u64>,
    /// Whether the error of the token request may soon be over.
    pub(super) is_transient: bool,
    /// How often a device asks that is told to ask on.
    pub(super) asks_on: Option<usize>,
    /// Whether a refresh token that meets it is of no use any more.
    pub(super) ends_refresh_token: bool,
}

/// How a fault strikes.
pub(super) enum Strike {
    /// The provider does this.
    Fault(Fault),
    /// Nobody listens.
    Refused,
}

/// Every fault.
pub(super) fn rows() -> Vec<Row> {
    let mut rows = connections();
    rows.extend(endless());
    rows.extend(statuses());
    rows.extend(pauses());
    rows.extend(bodies());
    rows.extend(token_answers());
    rows
}

fn connections() -> Vec<Row> {
    let cut = |name, fault| row(name, fault, Fails("transport", 2)).imds(Served(1));
    vec![
        Row {
            strike: Strike::Refused,
            ..row("connection refused", Fault::close(), Fails("transport", 2)).imds(Served(2))
        },
        cut("reset before the answer", Fault::reset()),
        cut("closed after the request", Fault::close()),
        cut("cut without TLS's goodbye", Fault::wire([Wire::Cut])),
        cut("truncated length", Fault::truncated()),
        cut("truncated chunks", Fault::truncated_chunked()),
        cut("half a header", Fault::raw("HTTP/1.1 200 OK\r\nContent-Le")),
        cut("garbage", Fault::garbage()),
        cut(
            "two lengths",
            Fault::raw("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}"),
        ),
        cut("endless headers", Fault::endless_headers()),
    ]
}

/// What would never end. Where the call's time is over, it is over for discovery too.
fn endless() -> Vec<Row> {
    let slow = |name, fault| Row {
        limit: SHORT,
        ..all(name, fault, Fails("timeout", 1))
    };
    vec![
        slow("hang", Fault::hang()),
        slow(
            "hang within the body",
            Fault::wire([
                Wire::Write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".into()),
                Wire::Hang,
            ]),
        ),
        slow(
            "drip",
            Fault::drip(200, TOKEN_ANSWER, Duration::from_millis(50)),
        ),
        // In small portions: as fast as it can be sent, it is a law of transports.
        slow(
            "endless interim responses",
            Fault::wire((0..3_000).flat_map(|_| {
                let interim = Wire::Write("HTTP/1.1 103 Early Hints\r\n\r\n".into());
                [Wire::Wait(Duration::from_millis(1)), interim]
            })),
        ),
        row(
            "endless body",
            Fault::endless_body(),
            Fails("invalid_response", 1),
        ),
    ]
}

fn statuses() -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, status) in [
        ("301", 301),
        ("302", 302),
        ("303", 303),
        ("307", 307),
        ("308", 308),
    ] {
        let fault = Fault::redirect(status, "https://elsewhere.example/token?code=1");
        rows.push(row(name, fault, Fails("redirected", 1)));
    }
    rows.push(row(
        "300 without a place",
        Fault::status(300),
        Fails("redirected", 1),
    ));
    rows.push(row("304", Fault::status(304), Fails("redirected", 1)));
    for (name, status) in [("401", 401), ("403", 403), ("404", 404), ("410", 410)] {
        let refused = row(name, oauth_error(status), Fails("server", 1));
        let refused = refused.openid(Fails("authority", 1));
        // A host without such a service is asked for a token.
        rows.push(match status {
            404 => refused.realm(Served(1)),
            _ => refused,
        });
    }
    // Instance metadata that knows no such version is asked which it knows.
    rows.push(
        row("400", oauth_error(400), Fails("server", 1))
            .openid(Fails("authority", 1))
            .imds(Served(2)),
    );
    for (name, status) in [
        ("408", 408),
        ("500", 500),
        ("502", 502),
        ("503", 503),
        ("504", 504),
        ("599", 599),
    ] {
        rows.push(row(name, Fault::html(status), Fails("server", 2)).imds(Served(2)));
    }
    rows.push(row("204", Fault::status(204), Fails("invalid_response", 1)));
    rows
}

fn pauses() -> Vec<Row> {
    let paused = |name, status, header: &str, pause| Row {
        retry_after: pause,
        is_transient: true,
        ..row(
            name,
            oauth_error(status).header("retry-after", header),
            Fails(if status == 429 { "throttled" } else { "server" }, 1),
        )
    };
    vec![
        row("429", oauth_error(429), Fails("throttled", 1)),
        paused("429, a number", 429, "7", Some(7)),
        paused("429, a date long past", 429, PAST, Some(0)),
        paused("429, a date far off", 429, FAR_OFF, Some(3600)),
        paused("429, huge", 429, "18446744073709551615", Some(3600)),
        paused(
            "429, more than a number",
            429,
            "99999999999999999999999",
            None,
        ),
        paused("429, negative", 429, "-5", None),
        paused("429, nonsense", 429, "soon", None),
        paused("503, a number", 503, "7", Some(7)),
        paused("503, a date far off", 503, FAR_OFF, Some(3600)),
        paused("503, huge", 503, "18446744073709551615", Some(3600)),
    ]
}

fn bodies() -> Vec<Row> {
    let bad = |name, fault| row(name, fault, Fails("invalid_response", 1));
    let gzip: &[u8] = &[
        31, 139, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    vec![
        bad("HTML with 200", Fault::html(200)),
        bad("an empty body", Fault::json(200, "")),
        bad("null", Fault::json(200, "null")),
        bad("a list", Fault::json(200, "[]")),
        bad("a number", Fault::json(200, "7")),
        bad("half of JSON", Fault::json(200, r#"{"access_token":"#)),
        bad("two documents", Fault::json(200, "{}{}")),
        bad("not UTF-8", Fault::json(200, &b"{\"\xff\":1}"[..])),
        bad("deep JSON", Fault::deep_json(200, 100_000)),
        bad("huge JSON", Fault::huge_json(200, 2 << 20)),
        Row {
            device_authorization: Fails("server", 1),
            ..bad(
                "an error with 200",
                Fault::json(200, r#"{"error":"invalid_client"}"#),
            )
        },
        bad(
            "gzip",
            Fault::json(200, gzip).header("content-encoding", "gzip"),
        ),
        bad("gzip unannounced", Fault::json(200, gzip)),
    ]
}

/// Answers that only the token endpoint could give; elsewhere they are just other documents.
fn token_answers() -> Vec<Row> {
    let answer = |name, body: &str, token| Row {
        token,
        ..row(
            name,
            Fault::json(200, body.to_owned()),
            Fails("invalid_response", 1),
        )
    };
    let bad = |name, body: &str| answer(name, body, Fails("invalid_response", 1));
    let taken = |name, life: &str| {
        let body = TOKEN_ANSWER.replace("3599", life);
        answer(name, &body, Served(1))
    };
    vec![
        bad(
            "no access token",
            r#"{"token_type":"Bearer","expires_in":3599}"#,
        ),
        bad(
            "an empty access token",
            r#"{"token_type":"Bearer","access_token":""}"#,
        ),
        bad(
            "an access token of null",
            r#"{"token_type":"Bearer","access_token":null}"#,
        ),
        bad(
            "an access token of another type",
            r#"{"token_type":"Bearer","access_token":["t"]}"#,
        ),
        bad("no token type", r#"{"access_token":"t","expires_in":3599}"#),
        bad(
            "another token type",
            r#"{"token_type":"pop","access_token":"t"}"#,
        ),
        bad(
            "a line break in the token",
            r#"{"token_type":"Bearer","access_token":"a\r\nb: c"}"#,
        ),
        bad(
            "a zero byte in the token",
            r#"{"token_type":"Bearer","access_token":"a\u0000b"}"#,
        ),
        bad(
            "a token that is no ASCII",
            r#"{"token_type":"Bearer","access_token":"tökén"}"#,
        ),
        bad(
            "duplicate keys",
            r#"{"token_type":"Bearer","access_token":"a","access_token":"b","expires_in":3599}"#,
        ),
        bad(
            "a life past all numbers",
            &TOKEN_ANSWER.replace("3599", "1e999"),
        ),
        bad(
            "a life of another type",
            &TOKEN_ANSWER.replace("3599", "{}"),
        ),
        taken("a negative life", "-1"),
        taken("a life of no whole number", "0.5"),
        taken("a life that is no number", r#""NaN""#),
        taken("a life past 64 bits", "99999999999999999999999"),
        // As MSAL does: the type of the content is not looked at, only the content.
        Row {
            token: Served(1),
            ..row(
                "another content type",
                Fault::status(200)
                    .header("content-type", "text/plain")
                    .body(TOKEN_ANSWER),
                Fails("invalid_response", 1),
            )
        },
    ]
}

/// Answers of the token endpoint that are about users alone.
pub(super) fn user_answers() -> Vec<Row> {
    let refused = |name, error: &str, kind| {
        let body = format!(
            r#"{{"error":"{error}","error_description":"AADSTS50079: no","suberror":"basic_action",
                "claims":"{{\"access_token\":{{}}}}"}}"#
        );
        all(name, Fault::json(400, body), Fails(kind, 1))
    };
    let waits = |name, error, times| Row {
        asks_on: Some(times),
        ..refused(name, error, "server")
    };
    let with = |name, members: &str, outcome| {
        let body = TOKEN_ANSWER.replace('}', &format!(",{members}}}"));
        all(name, Fault::json(200, body), outcome)
    };
    let bad = |name, members| with(name, members, Fails("invalid_response", 1));
    vec![
        refused(
            "interaction_required",
            "interaction_required",
            "interaction_required",
        ),
        refused(
            "consent_required",
            "consent_required",
            "interaction_required",
        ),
        refused("login_required", "login_required", "interaction_required"),
        refused("expired_token", "expired_token", "server"),
        refused("authorization_declined", "authorization_declined", "server"),
        waits("authorization_pending", "authorization_pending", 4),
        waits("slow_down", "slow_down", 2),
        with(
            "no id token",
            r#""id_token":null,"client_info":null"#,
            Served(1),
        ),
        bad("an id token that is none", r#""id_token":"a""#),
        bad("an id token of another type", r#""id_token":{"sub":"a"}"#),
        bad(
            "an id token that says nothing",
            r#""id_token":"e30.e30.c2ln""#,
        ),
        bad(
            "an id token for somebody else",
            // {"aud":"x","sub":"a","iss":"https://login.microsoftonline.com/x/v2.0"}
            r#""id_token":"e30.eyJhdWQiOiJ4Iiwic3ViIjoiYSIsImlzcyI6Imh0dHBzOi8vbG9naW4ubWljcm9zb2Z0b25saW5lLmNvbS94L3YyLjAifQ.c2ln""#,
        ),
        bad("a client_info that is none", r#""client_info":"%%%""#),
        bad("a client_info of another type", r#""client_info":7"#),
        bad(
            "a refresh token of another type",
            r#""refresh_token":["r"]"#,
        ),
        bad(
            "two refresh tokens",
            r#""refresh_token":"r","refresh_token":"s""#,
        ),
        bad("two id tokens", r#""id_token":null,"id_token":"a""#),
    ]
}

/// A row where discovery and instance metadata can do without an answer.
fn row(name: &'static str, fault: Fault, outcome: Outcome) -> Row {
    let requests = match outcome {
        Served(requests) | Fails(_, requests) => requests,
    };
    Row {
        instance_discovery: Served(requests),
        instance_metadata: Served(1),
        ..all(name, fault, outcome)
    }
}

/// A row that comes to the same everywhere.
fn all(name: &'static str, fault: Fault, outcome: Outcome) -> Row {
    Row {
        name,
        strike: Strike::Fault(fault),
        limit: LONG,
        whole: outcome,
        device_authorization: outcome,
        instance_discovery: outcome,
        instance_metadata: outcome,
        openid_configuration: outcome,
        token: outcome,
        user_realm: outcome,
        ws_trust: outcome,
        retry_after: None,
        is_transient: matches!(
            outcome,
            Fails("transport" | "throttled" | "timeout", _) | Fails("server", 2)
        ),
        asks_on: None,
        ends_refresh_token: false,
    }
}

impl Row {
    fn imds(self, instance_metadata: Outcome) -> Self {
        Self {
            instance_metadata,
            ..self
        }
    }

    fn openid(self, openid_configuration: Outcome) -> Self {
        Self {
            openid_configuration,
            ..self
        }
    }

    fn realm(self, user_realm: Outcome) -> Self {
        Self { user_realm, ..self }
    }
}

fn oauth_error(status: u16) -> Fault {
    Fault::json(
        status,
        r#"{"error":"invalid_request","error_description":"AADSTS90014: no","error_codes":[90014]}"#,
    )
}

const TOKEN_ANSWER: &str = r#"{"token_type":"Bearer","expires_in":3599,"access_token":"t"}"#;
const PAST: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const FAR_OFF: &str = "Fri, 31 Dec 9999 23:59:59 GMT";
/// For faults that last until the call gives up.
const SHORT: Duration = Duration::from_millis(400);
pub(super) const LONG: Duration = Duration::from_secs(20);
