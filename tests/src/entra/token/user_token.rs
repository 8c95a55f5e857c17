//! The one place that issues tokens to a user.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use uuid::Uuid;

use super::EntraError;
use super::access_token::ClientAuthentication;
use super::binding::Binding;
use super::delegated::{GrantedScopes, RequestedScopes};
use super::id_token;
use super::signed::{Lifetime, opaque, sign, sign_always};
use crate::context::Context;
use crate::realm::{Kind, Realm};
use crate::registry::{App, User};
use crate::sign_in::SignIn;

/// Tokens that an app gets for a user.
#[derive(Debug)]
pub(crate) struct UserToken<'grant> {
    pub(crate) app: &'grant App,
    pub(crate) authentication: Option<ClientAuthentication>,
    pub(crate) binding: Option<&'grant Binding>,
    pub(crate) capabilities: &'grant [String],
    /// The client asked for `client_info`.
    pub(crate) client_info: bool,
    /// Nothing where no access token is given.
    pub(crate) granted: Option<&'grant GrantedScopes>,
    /// The user's own realm, not one for many tenants.
    pub(crate) realm: &'grant Realm,
    pub(crate) requested: &'grant RequestedScopes,
    pub(crate) sign_in: &'grant SignIn,
    pub(crate) user: &'grant User,
}

impl UserToken<'_> {
    /// The body of a successful answer but for the refresh token (RFC 6749 section 5.1).
    pub(crate) fn response(&self, context: &Context) -> Result<Value, EntraError> {
        let mut body = json!({ "token_type": "Bearer" });
        if let Some(granted) = self.granted {
            self.add_access_token(context, granted, &mut body)?;
        }
        if self.requested.openid {
            let claims = id_token::claims(self, context);
            body["id_token"] = json!(sign_always(context, &claims)?);
        }
        if self.client_info
            && let Some(client_info) = self.client_info()
        {
            body["client_info"] = json!(client_info);
        }
        Ok(body)
    }

    fn add_access_token(
        &self,
        context: &Context,
        granted: &GrantedScopes,
        body: &mut Value,
    ) -> Result<(), EntraError> {
        let Lifetime {
            lifetime,
            refresh_in,
        } = Lifetime::of(context, granted.resource.as_deref(), self.capabilities);
        body["expires_in"] = json!(lifetime);
        body["scope"] = json!(granted.answer.join(" "));
        match self.realm.kind {
            Kind::Adfs => {
                body["token_type"] = json!("bearer");
                body["resource"] = json!(granted.identifier);
            }
            Kind::B2c | Kind::B2cTfp => {
                let now = context.clock.unix();
                body["not_before"] = json!(now);
                body["expires_on"] = json!(now + lifetime);
                body["resource"] = json!(self.audience(granted));
            }
            Kind::Oidc => {}
            Kind::Ciam | Kind::Dsts | Kind::Entra => body["ext_expires_in"] = json!(lifetime),
        }
        if let Some(refresh_in) = refresh_in {
            body["refresh_in"] = json!(refresh_in);
        }
        let claims = || self.claims(context, granted, lifetime);
        let token = match self.binding {
            Some(binding) => {
                body["token_type"] = json!(binding.token_type());
                binding.issue(context, claims())?
            }
            None => sign(context, claims)?,
        };
        body["access_token"] = json!(token);
        Ok(())
    }

    fn claims(&self, context: &Context, granted: &GrantedScopes, lifetime: i64) -> Value {
        let now = context.clock.unix();
        let mut claims = json!({
            "iat": now,
            "nbf": now,
            "exp": now + lifetime,
            "iss": self.realm.issuer(),
            "aud": self.audience(granted),
            "sub": self.subject(),
            "scp": granted.names.join(" "),
        });
        match self.realm.kind {
            Kind::Oidc => {
                claims["client_id"] = json!(self.app.client_id());
                claims["scope"] = claims["scp"].take();
                return claims;
            }
            Kind::Adfs => {
                claims["iss"] = json!(format!(
                    "http://{}/adfs/services/trust",
                    self.realm.authority
                ));
                claims["appid"] = json!(self.app.client_id());
                claims["apptype"] = json!(self.class_of_client().1);
                claims["auth_time"] = json!(self.sign_in.time);
                claims["upn"] = json!(self.user.username());
                claims["ver"] = json!("1.0");
                return claims;
            }
            Kind::B2c | Kind::B2cTfp => {
                claims["azp"] = json!(self.app.client_id());
                claims["oid"] = json!(self.object_id());
                claims["name"] = json!(self.user.display_name());
                claims["tfp"] = json!(self.realm.policy);
                claims["ver"] = json!("1.0");
                return claims;
            }
            Kind::Ciam | Kind::Dsts | Kind::Entra => {}
        }
        self.add_claims_of_entra(granted, &mut claims);
        claims
    }

    fn add_claims_of_entra(&self, granted: &GrantedScopes, claims: &mut Value) {
        claims["aio"] = json!(opaque(44));
        claims["name"] = json!(self.user.display_name());
        claims["oid"] = json!(self.object_id());
        claims["rh"] = json!(opaque(40));
        claims["sid"] = json!(self.sign_in.session_id);
        claims["tid"] = json!(self.realm.tenant_in_urls());
        claims["uti"] = json!(URL_SAFE_NO_PAD.encode(Uuid::new_v4().as_bytes()));
        if !self.capabilities.is_empty() {
            claims["xms_cc"] = json!(self.capabilities);
        }
        let (class, _) = self.class_of_client();
        let is_version_1 = granted
            .resource
            .as_ref()
            .is_some_and(|resource| resource.is_version_1());
        if is_version_1 {
            claims["acct"] = json!(if self.is_guest() { 1 } else { 0 });
            claims["acr"] = json!("1");
            claims["amr"] = json!(self.sign_in.methods);
            claims["app_displayname"] = json!(self.app.name());
            claims["appid"] = json!(self.app.client_id());
            claims["appidacr"] = json!(class);
            claims["idtyp"] = json!("user");
            claims["iss"] = json!(self.realm.issuer_version_1());
            claims["unique_name"] = json!(self.user.username());
            claims["upn"] = json!(self.user.username());
            claims["ver"] = json!("1.0");
        } else {
            claims["azp"] = json!(self.app.client_id());
            claims["azpacr"] = json!(class);
            claims["preferred_username"] = json!(self.user.username());
            claims["ver"] = json!("2.0");
        }
        if self.is_guest() {
            claims["idp"] = json!(self.home_identity_provider());
        }
    }

    /// Tokens of version 1 name the resource as the client did, those of version 2 by its app id.
    fn audience(&self, granted: &GrantedScopes) -> String {
        match &granted.resource {
            Some(resource) if resource.is_version_1() && granted.identifier.is_empty() => {
                resource.identifier().to_owned()
            }
            Some(resource) if resource.is_version_1() => granted.identifier.clone(),
            Some(_) if self.realm.kind == Kind::Adfs => granted.identifier.clone(),
            Some(resource) => resource.app_id().to_owned(),
            None => granted.identifier.clone(),
        }
    }

    /// The object id in the tenant that was signed in to.
    pub(super) fn object_id(&self) -> &str {
        self.user
            .object_id_in(self.realm.tenant_in_urls())
            .unwrap_or_else(|| self.user.object_id())
    }

    pub(super) fn is_guest(&self) -> bool {
        !self
            .user
            .home_tenant()
            .eq_ignore_ascii_case(self.realm.tenant_in_urls())
    }

    pub(super) fn home_identity_provider(&self) -> String {
        if self.user.is_personal() {
            "live.com".to_owned()
        } else {
            format!("https://sts.windows.net/{}/", self.user.home_tenant())
        }
    }

    /// The user as this app alone knows it: another app of another tenant sees another subject.
    pub(super) fn subject(&self) -> String {
        use sha2::Digest as _;
        let parts = [
            self.object_id(),
            self.realm.tenant_in_urls(),
            self.app.client_id(),
        ];
        match self.realm.kind {
            Kind::B2c | Kind::B2cTfp => self.object_id().to_owned(),
            Kind::Oidc => self.user.object_id().to_owned(),
            _ => URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(parts.join("\n"))),
        }
    }

    /// RFC 6749 says public or confidential: as Entra ID and as AD FS write it.
    const fn class_of_client(&self) -> (&'static str, &'static str) {
        match self.authentication {
            None => ("0", "Public"),
            Some(authentication) => (authentication.class(), "Confidential"),
        }
    }

    fn client_info(&self) -> Option<String> {
        client_info(self.realm, self.user)
    }
}

/// Who the account is, wherever it is a guest: its object id at home, and its home.
pub(crate) fn client_info(realm: &Realm, user: &User) -> Option<String> {
    let (uid, utid) = match realm.kind {
        Kind::Adfs | Kind::Oidc => return None,
        Kind::B2c | Kind::B2cTfp => {
            let policy = realm.policy.as_deref().unwrap_or_default();
            let tenant = realm.tenant_in_urls();
            let object_id = user
                .object_id_in(tenant)
                .unwrap_or_else(|| user.object_id());
            (format!("{object_id}-{policy}"), tenant.to_owned())
        }
        Kind::Ciam | Kind::Dsts | Kind::Entra => {
            (user.object_id().to_owned(), user.home_tenant().to_owned())
        }
    };
    Some(URL_SAFE_NO_PAD.encode(json!({ "uid": uid, "utid": utid }).to_string()))
}
