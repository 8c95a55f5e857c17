//! An identity provider for users whose tokens say for what they were issued.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use msal::{Request, Response, Transport, TransportError};
use serde_json::{Value, json};
use url::Url;

#[derive(Debug)]
pub(super) struct User {
    pub(super) name: &'static str,
    pub(super) home: &'static str,
    /// Another tenant that it is a guest of.
    pub(super) guest_of: Option<&'static str>,
}

impl User {
    pub(super) fn object_id_in(&self, tenant: &str) -> Option<String> {
        let number = USERS.iter().position(|user| user.name == self.name)?;
        let number = number + 1;
        if tenant == self.home || tenant == "common" {
            return Some(format!("0{number}000000-0000-4000-8000-000000000000"));
        }
        self.guest_of
            .filter(|guest_of| *guest_of == tenant)
            .map(|_| format!("0{number}111111-0000-4000-8000-000000000000"))
    }

    pub(super) fn home_account_id(&self) -> String {
        format!("{}.{}", self.object_id_in(self.home).unwrap(), self.home)
    }
}

/// An identity provider whose tokens say for what they were issued.
pub(super) struct Model;

impl Transport for Model {
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        let url = Url::parse(&request.uri().to_string()).unwrap();
        let form: HashMap<String, String> = url::form_urlencoded::parse(request.body())
            .into_owned()
            .collect();
        let field = |name: &str| form.get(name).map(String::as_str);
        let (cloud, client) = (cloud(url.host_str().unwrap()), field("client_id").unwrap());
        let asked = url.path_segments().unwrap().next().unwrap();
        let family = ["f", "g"].contains(&client).then_some("1");
        let (owner, by) = match field("grant_type").unwrap() {
            "client_credentials" => (client.to_owned(), "app".to_owned()),
            "refresh_token" => {
                let said = decoded(field("refresh_token").unwrap());
                let text = |index: usize| said[index].as_str().unwrap().to_owned();
                (text(0), text(2))
            }
            _ => (client.to_owned(), field("assertion").unwrap().to_owned()),
        };
        let is_own = owner == client || (family.is_some() && ["1", "f", "g"].contains(&&*owner));
        if !is_own {
            return refusal("invalid_grant", "client_mismatch");
        }
        let user = (by != "app").then(|| user_by(&by));
        let tenant = match (asked, user) {
            ("common", Some(user)) => user.home,
            (asked, _) => asked,
        };
        let scopes: Vec<_> = field("scope").unwrap().split(' ').collect();
        let scopes: Vec<_> = scopes.iter().filter(|s| s.contains('/')).copied().collect();
        let said = json!({
            "cloud": cloud, "tenant": tenant, "client": client, "by": by, "scopes": scopes.join(" "),
            "key": field("req_cnf").map(|key| serde_json::from_str::<Value>(key).unwrap()["kid"].clone()),
        });
        let token_type = field("token_type").unwrap_or("Bearer");
        let mut body = json!({
            "token_type": token_type, "expires_in": 3600, "access_token": encoded(&said),
            "scope": scopes.join(" "),
        });
        if let Some(user) = user {
            let Some(object_id) = user.object_id_in(tenant) else {
                return refusal("invalid_grant", "");
            };
            let utid = user.home;
            let client_info = json!({"uid": user.object_id_in(utid), "utid": utid});
            let claims = json!({
                "aud": client, "sub": object_id, "oid": object_id, "tid": tenant,
                "iss": format!("https://{}/{tenant}/v2.0", main_host(cloud)),
                "preferred_username": user.name,
            });
            body["client_info"] = json!(base64(&client_info));
            body["id_token"] = json!(format!("e30.{}.c2ln", base64(&claims)));
            body["refresh_token"] =
                json!(encoded(&json!([family.unwrap_or(client), user.name, by])));
            body["foci"] = json!(family);
        }
        Ok(Response::new(body.to_string().into()))
    }
}

pub(super) fn refusal(error: &str, suberror: &str) -> Result<Response, TransportError> {
    let body = json!({"error": error, "suberror": suberror, "error_codes": [50020]});
    let mut response = Response::new(body.to_string().into());
    *response.status_mut() = 400.try_into().unwrap();
    Ok(response)
}

pub(super) fn jwk(key_id: &str) -> String {
    json!({"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": key_id}).to_string()
}

/// Who stands behind a user's name, or an assertion.
pub(super) fn user_by(name: &str) -> &'static User {
    let name = match name {
        "assertion 1" | "assertion 2" => "ann",
        "assertion 3" => "ben",
        name => name,
    };
    USERS.iter().find(|user| user.name == name).unwrap()
}

/// As text that may stand in a header.
pub(super) fn encoded(said: &Value) -> String {
    let said = said.to_string();
    said.bytes().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn decoded(text: &str) -> Value {
    let digits = text.as_bytes().chunks(2);
    let bytes: Vec<u8> = digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    serde_json::from_slice(&bytes).unwrap()
}

pub(super) fn base64(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

pub(super) fn cloud(host: &str) -> &'static str {
    match host {
        "login.microsoftonline.com" | "login.windows.net" => "public",
        _ => "government",
    }
}

pub(super) fn main_host(cloud: &str) -> &'static str {
    match cloud {
        "public" => "login.microsoftonline.com",
        _ => "login.microsoftonline.us",
    }
}

pub(super) const HOME: &str = "a1a1a1a1-0000-4000-8000-000000000001";
pub(super) const OTHER: &str = "b2b2b2b2-0000-4000-8000-000000000002";
pub(super) static USERS: [User; 3] = [
    User {
        name: "ann",
        home: HOME,
        guest_of: Some(OTHER),
    },
    User {
        name: "ben",
        home: HOME,
        guest_of: None,
    },
    User {
        name: "cat",
        home: OTHER,
        guest_of: Some(HOME),
    },
];
