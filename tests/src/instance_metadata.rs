//! The instance metadata service (IMDS) of a virtual machine: where it runs.

use http::{Method, StatusCode};
use serde_json::json;

use crate::Request;
use crate::context::Context;
use crate::realm::Realm;
use crate::reply::Reply;

pub(crate) const PREFIX: &str = "/metadata/";

pub(crate) fn answer(context: &Context, request: &Request, _: &Realm) -> Reply {
    let mut reply = match (&request.method, request.path.trim_end_matches('/')) {
        (&Method::GET, "/metadata/instance/compute") => compute(context, request),
        (_, "/metadata/instance/compute") => {
            refuse(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed.")
        }
        _ => refuse(StatusCode::NOT_FOUND, "Not found"),
    };
    reply.set("server", "IMDS/150.870.65.1854");
    reply
}

fn compute(context: &Context, request: &Request) -> Reply {
    if request.headers.contains_key("x-forwarded-for") {
        return refuse(
            StatusCode::BAD_REQUEST,
            "Bad request. Requests through a proxy are not accepted",
        );
    }
    if !request
        .header("metadata")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    {
        return refuse(
            StatusCode::BAD_REQUEST,
            "Bad request. Required metadata header not specified",
        );
    }
    let version = request.query_parameter("api-version");
    if !version
        .as_deref()
        .is_some_and(|version| VERSIONS.contains(&version))
    {
        let error = "Bad request. api-version is invalid or was not specified in the request. \
                     For more information refer to aka.ms/azureimds";
        let body = json!({ "error": error, "newest-versions": VERSIONS[..3] });
        return Reply::json(StatusCode::BAD_REQUEST, &body);
    }
    let body = json!({
        "azEnvironment": "AzurePublicCloud",
        "location": context.region(),
        "name": "local-vm",
        "osType": "Linux",
        "resourceGroupName": "local",
        "subscriptionId": "8d10da13-8125-4ba9-a717-bf7490507b3d",
        "vmId": "02aab8a4-74ef-476e-8182-f6d2ba4166a6",
        "vmSize": "Standard_A3",
        "zone": "",
    });
    Reply::json(StatusCode::OK, &body)
}

fn refuse(status: StatusCode, error: &str) -> Reply {
    Reply::json(status, &json!({ "error": error }))
}

/// Newest first.
const VERSIONS: [&str; 6] = [
    "2021-02-01",
    "2021-01-01",
    "2020-12-01",
    "2020-10-01",
    "2020-09-01",
    "2020-06-01",
];
