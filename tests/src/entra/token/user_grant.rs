//! What every grant of a user comes to: whether the user may have the tokens, and the tokens.

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use super::EntraError;
use super::access_token::ClientAuthentication;
use super::binding::Binding;
use super::delegated::RequestedScopes;
use super::form::Form;
use super::signed::{capabilities, opaque};
use super::user_token::UserToken;
use crate::context::Context;
use crate::realm::Realm;
use crate::registry::{App, User};
use crate::sign_in::{RefreshToken, SignIn, Standing};

/// A token request that names a user, in whatever way it does.
#[derive(Debug)]
pub(crate) struct UserGrant<'request> {
    pub(crate) app: &'request App,
    /// How the app proved who it is; nothing for a public client.
    pub(crate) authentication: Option<ClientAuthentication>,
    /// `token_type`, `req_cnf`, `claims` and `client_info` are read from it.
    pub(crate) form: &'request Form,
    pub(crate) realm: &'request Realm,
    pub(crate) scope: &'request str,
    pub(crate) sign_in: &'request SignIn,
    /// The chain of refresh tokens that this goes on with; nothing begins one.
    pub(crate) chain: Option<&'request str>,
    /// For a web page: the end of the refresh token's life, if it has begun.
    pub(crate) single_page: Option<SinglePage>,
}

/// The refresh tokens of web pages live for a day, however often they are replaced.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SinglePage {
    pub(crate) expires: Option<i64>,
}

impl UserGrant<'_> {
    /// The body of the answer: access token, and id token and refresh token where they were asked for.
    pub(crate) fn answer(&self, context: &Context) -> Result<Value, EntraError> {
        let user = find_user(context, &self.sign_in.username)?;
        let realm = self.realm.for_user(context, &user);
        refuse_user(&realm, self.realm, self.app, &user)?;
        let requested = RequestedScopes::parse(context, self.scope, &realm, self.app)?;
        let granted = requested.grant(context, self.app, &user, &realm)?;
        if let Some(granted) = &granted {
            let resource = granted
                .resource
                .as_ref()
                .map_or(granted.identifier.as_str(), |resource| resource.app_id());
            refuse_sign_in(context, self.sign_in, &user, resource)?;
        }
        let capabilities = capabilities(self.form.claims()?.as_ref());
        let binding = Binding::read(self.form)?;
        let token = UserToken {
            app: self.app,
            authentication: self.authentication,
            binding: binding.as_ref(),
            capabilities: &capabilities,
            client_info: self
                .form
                .get("client_info")
                .is_some_and(|value| value != "0"),
            granted: granted.as_ref(),
            realm: &realm,
            requested: &requested,
            sign_in: self.sign_in,
            user: &user,
        };
        let mut body = token.response(context)?;
        context.sign_ins.remember(self.sign_in);
        if requested.offline_access {
            self.add_refresh_token(context, &mut body);
        }
        Ok(body)
    }

    fn add_refresh_token(&self, context: &Context, body: &mut Value) {
        let now = context.clock.unix();
        let expires = match self.single_page {
            Some(page) => page.expires.unwrap_or(now + SINGLE_PAGE_LIFETIME),
            None => now + REFRESH_TOKEN_LIFETIME,
        };
        let token = RefreshToken {
            client_id: self.app.client_id().to_owned(),
            family: self.app.family_id().map(str::to_owned),
            chain: self
                .chain
                .map_or_else(|| Uuid::new_v4().to_string(), str::to_owned),
            sign_in: SignIn {
                nonce: None,
                ..self.sign_in.clone()
            },
            scope: self.scope.to_owned(),
            single_page: self.single_page.is_some(),
            issued: now,
            expires,
            standing: Standing::Live,
        };
        let text = format!("1.{}", opaque(200));
        context.sign_ins.refresh_tokens().put(text.clone(), token);
        body["refresh_token"] = json!(text);
        if self.single_page.is_some() {
            body["refresh_token_expires_in"] = json!(expires - now);
        }
        if let Some(family) = self.app.family_id() {
            body["foci"] = json!(family);
        }
    }
}

/// Finds the user of a grant as the registry has it now.
pub(crate) fn find_user(context: &Context, username: &str) -> Result<Arc<User>, EntraError> {
    context.registry().user(username).ok_or_else(|| {
        EntraError::invalid_grant(
            50_034,
            format!(
                "The user account {username} does not exist in the directory. To sign into this application, the \
                 account must be added to the directory."
            ),
        )
    })
}

/// Refuses a user who may not sign in at all, or not in this tenant.
pub(crate) fn refuse_user(
    realm: &Realm,
    asked: &Realm,
    app: &App,
    user: &User,
) -> Result<(), EntraError> {
    use crate::realm::{Kind, Shared};
    if user.is_disabled() {
        return Err(EntraError::invalid_grant(
            50_057,
            "The user account is disabled.",
        ));
    }
    if matches!(realm.kind, Kind::Adfs | Kind::Oidc) {
        return Ok(());
    }
    if asked.shared() == Some(Shared::Organizations) && user.is_personal() {
        return Err(EntraError::invalid_request(
            500_200,
            format!(
                "User account '{}' is a personal Microsoft account. Personal Microsoft accounts are not supported \
                 for this application unless explicitly invited to an organization.",
                user.username()
            ),
        ));
    }
    let is_misplaced = asked.is_personal() && !user.is_personal();
    if !is_misplaced && user.object_id_in(realm.tenant_in_urls()).is_some() {
        return Ok(());
    }
    let (provider, code) = if user.is_personal() {
        ("live.com".to_owned(), 50_020)
    } else {
        (
            format!("https://sts.windows.net/{}/", user.home_tenant()),
            90_072,
        )
    };
    let tenant = realm
        .tenant
        .as_ref()
        .map_or(realm.tenant_name.as_str(), |tenant| tenant.display_name());
    Err(EntraError::invalid_grant(
        code,
        format!(
            "User account '{}' from identity provider '{provider}' does not exist in tenant '{tenant}' and cannot \
             access the application '{}'({}) in that tenant. The account needs to be added as an external user in \
             the tenant first. Sign out and sign in again with a different Azure Active Directory user account.",
            user.username(),
            app.client_id(),
            app.name()
        ),
    ))
}

/// Refuses a sign-in that was not strong enough for a resource: no second factor, or not the claims that the
/// resource demands.
pub(crate) fn refuse_sign_in(
    context: &Context,
    sign_in: &SignIn,
    user: &User,
    resource: &str,
) -> Result<(), EntraError> {
    let demands = context.sign_ins.demands();
    let found = context.registry().resource(resource);
    let demand = demands.iter().find(|demand| {
        found
            .as_ref()
            .is_some_and(|resource| resource.is_called(&demand.resource))
            || demand.resource == resource
    });
    if let Some(demand) = demand
        && !sign_in
            .claims
            .as_ref()
            .is_some_and(|claims| covers(claims, &demand.claims))
    {
        return Err(second_factor_required(resource).claims(demand.claims.to_string()));
    }
    if user.is_asked_for_mfa() && !sign_in.used("mfa") {
        let claims = json!({
            "access_token": { "capolids": { "essential": true, "values": [POLICY] } }
        });
        return Err(second_factor_required(resource).claims(claims.to_string()));
    }
    Ok(())
}

fn second_factor_required(resource: &str) -> EntraError {
    let message = format!(
        "Due to a configuration change made by your administrator, or because you moved to a new location, you must \
         use multi-factor authentication to access '{resource}'."
    );
    EntraError::new("interaction_required", 50_076, message).suberror("basic_action")
}

/// Whether a claims request asks for all that another does.
fn covers(asked: &Value, demanded: &Value) -> bool {
    match (asked, demanded) {
        (Value::Object(asked), Value::Object(demanded)) => demanded
            .iter()
            .all(|(name, demanded)| asked.get(name).is_some_and(|asked| covers(asked, demanded))),
        (asked, demanded) => asked == demanded,
    }
}

/// Ninety days in seconds.
const REFRESH_TOKEN_LIFETIME: i64 = 7_776_000;

/// A day in seconds.
const SINGLE_PAGE_LIFETIME: i64 = 86_400;

/// The conditional access policy that asks for a second factor.
const POLICY: &str = "6a9b0c1d-2e3f-4a5b-8c6d-7e8f90a1b2c3";
