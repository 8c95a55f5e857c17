use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use uuid::Uuid;

use super::EntraError;
use super::binding::Binding;
use super::signed::{Lifetime, opaque, sign};
use crate::context::Context;
use crate::realm::{Kind, Realm};
use crate::registry::{App, Resource};

/// A token that an app gets for itself.
#[derive(Debug)]
pub(super) struct AccessToken<'grant> {
    pub(super) app: &'grant App,
    pub(super) authentication: ClientAuthentication,
    pub(super) binding: Option<&'grant Binding>,
    pub(super) capabilities: &'grant [String],
    pub(super) managed_identity_path: Option<&'grant str>,
    /// The object id of another app that it acts for.
    pub(super) on_behalf_of: Option<&'grant str>,
    pub(super) realm: &'grant Realm,
    pub(super) resource: &'grant Resource,
    pub(super) requested_identifier: &'grant str,
}

/// How an app has proved who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientAuthentication {
    Assertion,
    Secret,
}

impl ClientAuthentication {
    /// The claims `appidacr` and `azpacr`.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Assertion => "2",
            Self::Secret => "1",
        }
    }
}

impl AccessToken<'_> {
    /// The body of a successful answer (RFC 6749 section 5.1, with Entra ID's additions).
    pub(super) fn response(&self, context: &Context) -> Result<Value, EntraError> {
        let Lifetime {
            lifetime,
            refresh_in,
        } = Lifetime::of(context, Some(self.resource), self.capabilities);
        let mut body = json!({ "token_type": "Bearer", "expires_in": lifetime });
        match self.realm.kind {
            Kind::Adfs => body["token_type"] = json!("bearer"),
            Kind::B2c | Kind::B2cTfp => {
                let now = context.clock.unix();
                body["not_before"] = json!(now);
                body["expires_on"] = json!(now + lifetime);
                body["resource"] = json!(self.resource.app_id());
            }
            Kind::Oidc => {}
            Kind::Ciam | Kind::Dsts | Kind::Entra => body["ext_expires_in"] = json!(lifetime),
        }
        if let Some(refresh_in) = refresh_in {
            body["refresh_in"] = json!(refresh_in);
        }
        let token = match self.binding {
            Some(binding) => {
                body["token_type"] = json!(binding.token_type());
                binding.issue(context, self.claims(context, lifetime))?
            }
            None => sign(context, || self.claims(context, lifetime))?,
        };
        body["access_token"] = Value::String(token);
        Ok(body)
    }

    fn claims(&self, context: &Context, lifetime: i64) -> Value {
        let now = context.clock.unix();
        let tenant = self.realm.tenant_in_urls();
        let object_id = self
            .on_behalf_of
            .map_or_else(|| object_id(self.app.client_id()), str::to_owned);
        let roles: Vec<&String> = self
            .resource
            .roles()
            .iter()
            .chain(self.app.roles())
            .collect();
        let mut claims = json!({
            "iat": now,
            "nbf": now,
            "exp": now + lifetime,
            "aio": opaque(44),
            "idtyp": "app",
            "oid": object_id,
            "rh": opaque(40),
            "sub": self.subject().unwrap_or_else(|| object_id.clone()),
            "tid": tenant,
            "uti": URL_SAFE_NO_PAD.encode(Uuid::new_v4().as_bytes()),
        });
        if !roles.is_empty() {
            claims["roles"] = json!(roles);
        }
        if !self.capabilities.is_empty() {
            claims["xms_cc"] = json!(self.capabilities);
        }
        if self.resource.is_version_1() {
            claims["aud"] = json!(self.requested_identifier);
            claims["iss"] = json!(self.realm.issuer_version_1());
            claims["idp"] = claims["iss"].clone();
            claims["app_displayname"] = json!(self.app.name());
            claims["appid"] = json!(self.app.client_id());
            claims["appidacr"] = json!(self.authentication.class());
            claims["ver"] = json!("1.0");
        } else {
            claims["aud"] = json!(self.resource.app_id());
            claims["iss"] = json!(self.realm.issuer());
            claims["azp"] = json!(self.app.client_id());
            claims["azpacr"] = json!(self.authentication.class());
            claims["ver"] = json!("2.0");
        }
        claims
    }

    /// The subject of a token for a path below the app, which other apps trust by its name.
    fn subject(&self) -> Option<String> {
        let path = self.managed_identity_path?;
        let id =
            |text: &str| Some(URL_SAFE_NO_PAD.encode(Uuid::parse_str(text).ok()?.to_bytes_le()));
        let tenant = id(self.realm.tenant_in_urls())?;
        let app = id(self.app.client_id())?;
        Some(format!("/eid1/c/pub/t/{tenant}/a/{app}/{path}"))
    }
}

/// The id of an app's service principal: any GUID, but always the same.
fn object_id(client_id: &str) -> String {
    use sha2::Digest as _;
    let hash: [u8; 32] = sha2::Sha256::digest(client_id.to_ascii_lowercase()).into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string()
}
