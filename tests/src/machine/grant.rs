use serde_json::{Value, json};
use uuid::Uuid;

use super::identity::Identity;
use crate::context::Context;
use crate::defaults;
use crate::entra::token::signed::sign;
use crate::registry::User;

/// A token that a service gives, with what it says of it.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) token: String,
    pub(super) lifetime: i64,
    pub(super) not_before: i64,
    pub(super) resource: String,
}

/// Why there is no token.
#[derive(Debug)]
pub(super) enum Refused {
    /// No resource was named.
    NoResource,
    /// The token could not be made.
    Unwell,
    /// There is no such resource.
    UnknownResource(String),
}

impl Grant {
    /// A token of a machine's identity.
    pub(super) fn of_identity(
        context: &Context,
        identity: Identity,
        resource: Option<String>,
    ) -> Result<Self, Refused> {
        let mut claims = json!({
            "appid": identity.client_id,
            "appidacr": "2",
            "idtyp": "app",
            "oid": identity.object_id,
            "sub": identity.object_id,
            "xms_mirid": identity.resource_id,
        });
        Self::new(context, resource, &mut claims)
    }

    /// A token of a user for the client that they sit at.
    pub(super) fn of_user(
        context: &Context,
        user: &User,
        resource: Option<String>,
    ) -> Result<Self, Refused> {
        let mut claims = json!({
            "appid": "b677c290-cf4b-4a8e-a60e-91ba650a4abe",
            "appidacr": "2",
            "idtyp": "user",
            "name": user.display_name(),
            "oid": user.object_id(),
            "scp": "user_impersonation",
            "sub": user.object_id(),
            "unique_name": user.username(),
            "upn": user.username(),
        });
        Self::new(context, resource, &mut claims)
    }

    fn new(
        context: &Context,
        resource: Option<String>,
        claims: &mut Value,
    ) -> Result<Self, Refused> {
        let resource = resource.filter(|text| !text.is_empty());
        let resource = resource.ok_or(Refused::NoResource)?;
        let Some(known) = context.registry().resource(&resource) else {
            return Err(Refused::UnknownResource(resource));
        };
        let (lifetime, now) = (context.tuning().lifetime, context.clock.unix());
        let issuer = format!("https://sts.windows.net/{}/", defaults::TENANT_ID);
        claims["aud"] = match known.is_version_1() {
            true => json!(resource),
            false => json!(known.app_id()),
        };
        claims["exp"] = json!(now + lifetime);
        claims["iat"] = json!(now);
        claims["idp"] = json!(issuer);
        claims["iss"] = json!(issuer);
        claims["nbf"] = json!(now);
        claims["tid"] = json!(defaults::TENANT_ID);
        claims["uti"] = json!(Uuid::new_v4().simple().to_string());
        claims["ver"] = json!("1.0");
        let token = sign(context, || claims.clone()).map_err(|_error| Refused::Unwell)?;
        Ok(Self {
            token,
            lifetime,
            not_before: now,
            resource,
        })
    }

    pub(super) fn expires_on(&self) -> i64 {
        self.not_before + self.lifetime
    }

    /// The answer as virtual machines, Azure Arc and Cloud Shell spell it: numbers are text.
    pub(super) fn in_full(&self) -> Value {
        json!({
            "access_token": self.token,
            "refresh_token": "",
            "expires_in": self.lifetime.to_string(),
            "expires_on": self.expires_on().to_string(),
            "ext_expires_in": self.lifetime.to_string(),
            "not_before": self.not_before.to_string(),
            "resource": self.resource,
            "token_type": "Bearer",
        })
    }

    /// The answer of those who say when the token ends and no more, as text.
    pub(super) fn in_short(&self) -> Value {
        json!({
            "access_token": self.token,
            "expires_on": self.expires_on().to_string(),
            "resource": self.resource,
            "token_type": "Bearer",
        })
    }
}
