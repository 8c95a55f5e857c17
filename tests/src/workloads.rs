//! Issuers outside Entra ID that vouch for programs that run there: GitHub Actions and Azure Pipelines.
//!
//! An app that trusts [`GITHUB_SUBJECT`] of [`GITHUB_ISSUER`]
//! ([`FederatedCredential::from_provider`](crate::FederatedCredential::from_provider)) signs in by their tokens.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Request;
use crate::context::Context;
use crate::realm::Realm;
use crate::reply::Reply;

/// What a job of GitHub Actions finds in `ACTIONS_ID_TOKEN_REQUEST_URL`.
pub const GITHUB_REQUEST_URL: &str = "https://run-actions-1-azure-eastus.actions.githubusercontent.com/42//idtoken/7/8?api-version=2.0";

/// What it finds in `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
pub const GITHUB_REQUEST_TOKEN: &str = "canary-github-request-token";

/// Who issues the tokens of GitHub Actions.
pub const GITHUB_ISSUER: &str = "https://token.actions.githubusercontent.com";

/// Whom they are about.
pub const GITHUB_SUBJECT: &str = "repo:contoso/app:ref:refs/heads/main";

/// What a job of Azure Pipelines finds in `SYSTEM_OIDCREQUESTURI`.
pub const PIPELINES_REQUEST_URI: &str =
    "https://dev.azure.com/contoso/_apis/distributedtask/hubs/build/plans/7/jobs/8/oidctoken";

/// The job's `$(System.AccessToken)`.
pub const PIPELINES_ACCESS_TOKEN: &str = "canary-pipelines-access-token";

/// The service connection that it may use.
pub const PIPELINES_CONNECTION_ID: &str = "7c0f6a58-2e1b-4d93-8f45-91a2b3c4d5e6";

/// Who issues the tokens of Azure Pipelines.
pub const PIPELINES_ISSUER: &str =
    "https://vstoken.dev.azure.com/0a1b2c3d-4e5f-4607-8192-a3b4c5d6e7f8";

/// Whom they are about.
pub const PIPELINES_SUBJECT: &str = "sc://contoso/app/production";

/// Whether a request is for one of them.
pub(crate) fn is_asked(request: &Request) -> bool {
    let host = request.host.to_ascii_lowercase();
    host.ends_with(GITHUB_HOSTS) || (host == PIPELINES_HOST && request.path.ends_with("/oidctoken"))
}

pub(crate) fn answer(context: &Context, request: &Request, _: &Realm) -> Reply {
    match request.host.eq_ignore_ascii_case(PIPELINES_HOST) {
        true => pipelines(context, request),
        false => github(context, request),
    }
}

fn github(context: &Context, request: &Request) -> Reply {
    let message = |status, text: &str| Reply::json(status, &json!({ "message": text }));
    if request.method != Method::GET {
        return message(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed");
    }
    if !is_authorized(request, GITHUB_REQUEST_TOKEN) {
        return message(StatusCode::UNAUTHORIZED, "The token is not valid");
    }
    let Some(audience) = request.query_parameter("audience") else {
        return message(StatusCode::BAD_REQUEST, "An audience is required");
    };
    let claims = claims(context, GITHUB_ISSUER, GITHUB_SUBJECT, &audience);
    signed(
        context,
        &claims,
        |token| json!({ "count": token.len(), "value": token }),
    )
}

fn pipelines(context: &Context, request: &Request) -> Reply {
    let mut reply = ask_pipelines(context, request);
    reply.set("x-vss-e2eid", "5d0c0bb2-e2e1-4f5c-9a0e-0f1e2d3c4b5a");
    reply.set(
        "x-msedge-ref",
        "Ref A: 0123 Ref B: LOCAL Ref C: 2026-01-01T00:00:00Z",
    );
    reply
}

fn ask_pipelines(context: &Context, request: &Request) -> Reply {
    let message = |status, text: &str| Reply::json(status, &json!({ "message": text }));
    if request.method != Method::POST {
        return message(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed");
    }
    // The body is empty, and says so: a server in front refuses what has no length (RFC 9110 section 15.5.12).
    if request.header("content-length") != Some("0") {
        return Reply::new(StatusCode::LENGTH_REQUIRED, "");
    }
    if !is_authorized(request, PIPELINES_ACCESS_TOKEN) {
        // Unless it is told not to, it sends people to a page for signing in.
        if request.header("x-tfs-fedauthredirect") == Some("Suppress") {
            return message(
                StatusCode::UNAUTHORIZED,
                "TF400813: The user is not authorized",
            );
        }
        let mut reply = Reply::new(StatusCode::FOUND, "");
        reply.set("location", "https://app.vssps.visualstudio.com/_signin");
        return reply;
    }
    if request.query_parameter("api-version").as_deref() != Some("7.1") {
        return message(StatusCode::BAD_REQUEST, "The api-version is not supported");
    }
    let connection = request.query_parameter("serviceConnectionId");
    if connection.as_deref() != Some(PIPELINES_CONNECTION_ID) {
        return message(
            StatusCode::FORBIDDEN,
            "The service connection does not exist, or this pipeline may not use it",
        );
    }
    let claims = claims(context, PIPELINES_ISSUER, PIPELINES_SUBJECT, AUDIENCE);
    signed(context, &claims, |token| json!({ "oidcToken": token }))
}

fn is_authorized(request: &Request, token: &str) -> bool {
    let given = request
        .header("authorization")
        .and_then(|header| header.split_once(' '));
    given.is_some_and(|(scheme, given)| scheme.eq_ignore_ascii_case("bearer") && given == token)
}

fn claims(context: &Context, issuer: &str, subject: &str, audience: &str) -> Value {
    let now = context.clock.unix();
    json!({
        "jti": Uuid::new_v4().to_string(),
        "iss": issuer,
        "sub": subject,
        "aud": audience,
        "iat": now,
        "nbf": now - 60,
        "exp": now + LIFETIME,
    })
}

fn signed(context: &Context, claims: &Value, body: impl FnOnce(&str) -> Value) -> Reply {
    match context.signing_key.sign(claims) {
        Ok(token) => Reply::json(StatusCode::OK, &body(&token)),
        Err(error) => Reply::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

const AUDIENCE: &str = "api://AzureADTokenExchange";
const GITHUB_HOSTS: &str = ".actions.githubusercontent.com";
/// Seconds.
const LIFETIME: i64 = 300;
const PIPELINES_HOST: &str = "dev.azure.com";
