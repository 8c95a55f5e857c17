//! Tokens of applications for themselves, against a model of what each would have been issued.

use std::collections::HashSet;

use msal::blocking::ConfidentialClientApplication;
use msal::{
    AuthenticationResult, ClientCredential, Request, Response, TokenCache, TokenSource, Transport,
    TransportError,
};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};
use url::Url;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn a_call_gets_its_own_token_and_finds_it_again(calls in prop::collection::vec(call(), 1..40)) {
        let cache = TokenCache::new();
        let mut kept = HashSet::new();
        for call in calls {
            let token = call.make(&cache);
            let deserved = call.token();
            prop_assert_eq!(token.access_token().expose(), &deserved, "{:?}", call);
            let known = !kept.insert(deserved) && !call.goes_past_cache();
            prop_assert_eq!(token.token_source() == TokenSource::Cache, known, "{:?}", call);
        }
    }
}

/// A call of some application, all of which share a cache.
#[derive(Clone, Debug)]
struct Call {
    host: &'static str,
    client_id: &'static str,
    /// The application's own tenant.
    tenant: &'static str,
    other_tenant: Option<&'static str>,
    scope: &'static str,
    client_claims: Option<&'static str>,
    fmi_path: Option<&'static str>,
    parameters: Vec<(&'static str, &'static str)>,
    challenge: bool,
    force_refresh: bool,
}

fn call() -> impl Strategy<Value = Call> {
    let who = (
        select(&HOSTS[..]),
        select(&["a", "b", "A"][..]),
        select(&TENANTS[..]),
    );
    let other_tenant = option::weighted(0.3, select(&TENANTS[..]));
    let scope = select(&["r/.default", "R/.default", "r/x/.default", "s/.default"][..]);
    let claims = option::weighted(0.3, select(&["1", "2"][..]));
    let path = option::weighted(0.3, select(&["1", "2"][..]));
    let parameters = subsequence(&PARAMETERS[..], 0..=1);
    let past_cache = (prop::bool::weighted(0.1), prop::bool::weighted(0.1));
    (
        who,
        other_tenant,
        scope,
        claims,
        path,
        parameters,
        past_cache,
    )
        .prop_map(
            |(who, other_tenant, scope, client_claims, fmi_path, parameters, past_cache)| Call {
                host: who.0,
                client_id: who.1,
                tenant: who.2,
                other_tenant,
                scope,
                client_claims,
                fmi_path,
                parameters,
                challenge: past_cache.0,
                force_refresh: past_cache.1,
            },
        )
}

impl Call {
    /// What the identity provider would issue for it, in the provider's own words.
    fn token(&self) -> String {
        let tenant = self.other_tenant.unwrap_or(self.tenant);
        let claims = self.client_claims.map(|value| json!({ "own": value }));
        let mut rest: Vec<(&str, &str)> = self.parameters.clone();
        rest.extend(self.fmi_path.map(|path| ("fmi_path", path)));
        issued(
            self.host,
            tenant,
            self.client_id,
            self.scope,
            claims.as_ref(),
            &rest,
        )
    }

    fn goes_past_cache(&self) -> bool {
        self.challenge || self.force_refresh
    }

    fn make(&self, cache: &TokenCache) -> AuthenticationResult {
        let app = ConfidentialClientApplication::builder(self.client_id)
            .authority(format!("https://{}/{}", self.host, self.tenant))
            .credential(ClientCredential::from_secret("secret"))
            .azure_region("off")
            .token_cache(cache.clone())
            .transport(Model)
            .build()
            .unwrap();
        let mut call = app.acquire_token_for_client([self.scope]);
        if let Some(tenant) = self.other_tenant {
            call = call.tenant(tenant);
        }
        if let Some(value) = self.client_claims {
            call = call.client_claims(json!({ "own": value }).to_string());
        }
        if let Some(path) = self.fmi_path {
            call = call.fmi_path(path);
        }
        for (name, value) in &self.parameters {
            call = call.extra_parameter(*name, *value);
        }
        if self.challenge {
            call = call.claims(r#"{"challenge":1}"#);
        }
        if self.force_refresh {
            call = call.force_refresh();
        }
        call.send().unwrap()
    }
}

/// An identity provider whose tokens say for what they were issued.
struct Model;

impl Transport for Model {
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        let url = Url::parse(&request.uri().to_string()).unwrap();
        let tenant = url.path_segments().unwrap().next().unwrap();
        let form: Vec<(String, String)> = url::form_urlencoded::parse(request.body())
            .into_owned()
            .collect();
        let field = |name: &str| {
            form.iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value)
        };
        let claims = field("claims").map(|text| {
            let mut claims: Map<String, Value> = serde_json::from_str(text).unwrap();
            claims.remove("challenge");
            Value::Object(claims)
        });
        let claims = claims.filter(|claims| *claims != json!({}));
        let rest = form
            .iter()
            .filter(|(name, _)| !USUAL.contains(&name.as_str()));
        let rest: Vec<(&str, &str)> = rest.map(|(name, value)| (&**name, &**value)).collect();
        let (client_id, scope) = (field("client_id").unwrap(), field("scope").unwrap());
        let token = issued(
            url.host_str().unwrap(),
            tenant,
            client_id,
            scope,
            claims.as_ref(),
            &rest,
        );
        let body = json!({ "token_type": "Bearer", "expires_in": 3600, "access_token": token });
        Ok(Response::new(body.to_string().into()))
    }
}

/// A token that is the same for two requests only if they may share it.
fn issued(
    host: &str,
    tenant: &str,
    client_id: &str,
    scope: &str,
    claims: Option<&Value>,
    rest: &[(&str, &str)],
) -> String {
    let cloud = match host {
        "login.microsoftonline.com" | "login.windows.net" | "sts.windows.net" => "public",
        "login.microsoftonline.us" | "login.usgovcloudapi.net" => "government",
        other => other,
    };
    let mut rest = rest.to_vec();
    rest.sort_unstable();
    let said = json!([
        cloud,
        tenant.to_ascii_lowercase(),
        client_id,
        scope.to_ascii_lowercase(),
        claims,
        rest
    ]);
    // What may stand in a header.
    let said = said.to_string();
    said.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// Sequences for a soak (`MSAL_SOAK=1`), a hundredth of them otherwise. Each is about 20 calls.
fn cases() -> u32 {
    match std::env::var_os("MSAL_SOAK") {
        Some(_) => 30_000,
        None => 300,
    }
}

const HOSTS: [&str; 6] = [
    "login.microsoftonline.com",
    "login.windows.net",
    "sts.windows.net",
    "login.microsoftonline.us",
    "login.usgovcloudapi.net",
    "login.partner.microsoftonline.cn",
];
const TENANTS: [&str; 4] = ["t.example", "T.example", "t.example.org", GUID];
const GUID: &str = "a1a1a1a1-0000-4000-8000-000000000001";
const PARAMETERS: [(&str, &str); 4] = [("p", "1"), ("p", "2"), ("q", "1"), ("client-claims", "1")];
/// What is in a form whatever the call is given.
const USUAL: [&str; 5] = [
    "claims",
    "client_id",
    "client_secret",
    "grant_type",
    "scope",
];
