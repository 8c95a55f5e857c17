use serde::{Deserialize, Serialize};

use super::{App, CallOptions};
use crate::flows::cached::Wanted;
use crate::scheme::SchemeParts;
use crate::{CorrelationId, Error, ErrorKind, TokenScheme};

/// What the second half of a sign-in must know of the first, whatever the flow. Kept between them as JSON.
#[derive(Deserialize, Serialize)]
pub(crate) struct Begun {
    version: u8,
    client_id: String,
    /// The authority's URL, and the tenant where the call gave one.
    authority: String,
    tenant: Option<String>,
    scopes: Vec<String>,
    claims: Option<String>,
    client_claims: Option<String>,
    parameters: Vec<(String, String)>,
    scheme: Option<SchemeParts>,
    correlation_id: Option<String>,
}

impl Begun {
    pub(crate) fn new(wanted: &Wanted, app: &App, correlation_id: CorrelationId) -> Self {
        let claims = wanted.claims.as_ref();
        Self {
            version: VERSION,
            client_id: app.client_id.to_string(),
            authority: wanted.authority.to_string(),
            tenant: wanted.call.tenant.clone(),
            scopes: wanted.scopes.iter().map(str::to_owned).collect(),
            claims: claims.map(|claims| claims.as_str().to_owned()),
            client_claims: wanted.call.client_claims.clone(),
            parameters: wanted.call.parameters.clone(),
            scheme: wanted.call.scheme.clone().into_parts(),
            correlation_id: Some(correlation_id.to_string()),
        }
    }

    /// Fails where another version of this library kept it.
    pub(crate) fn check(&self, flow: &'static str) -> Result<(), Error> {
        match self.version {
            VERSION => Ok(()),
            _ => Err(Error::new(ErrorKind::InvalidArgument(flow))
                .because("another version of this library made it")),
        }
    }

    /// The options of the second half: its own, and those of the first that it does not give anew.
    pub(crate) fn options(&self, own: CallOptions) -> CallOptions {
        let mut parameters = own.parameters;
        let kept = self.parameters.iter();
        let is_given = |name: &str| parameters.iter().any(|(given, _)| given == name);
        let kept: Vec<_> = kept.filter(|(name, _)| !is_given(name)).cloned().collect();
        parameters.extend(kept);
        let id = || self.correlation_id.as_ref()?.parse().ok();
        CallOptions {
            correlation_id: own.correlation_id.or_else(id),
            claims: own.claims.or_else(|| self.claims.clone()),
            client_claims: own.client_claims.or_else(|| self.client_claims.clone()),
            parameters,
            scheme: TokenScheme::from_parts(self.scheme.as_ref()),
            tenant: self.tenant.clone(),
            ..own
        }
    }

    /// What the second half asks for, where the first was this application's.
    pub(crate) fn resume(&self, call: CallOptions, app: &App) -> Result<Wanted, Error> {
        let refused = |why| Err(Error::new(ErrorKind::InvalidArgument("flow")).because(why));
        if *self.client_id != *app.client_id {
            return refused("another application began it");
        }
        let wanted = app.sign_in(&self.scopes, call)?;
        match wanted.authority.to_string() == self.authority {
            true => Ok(wanted),
            false => refused("it was begun with another authority than the application's"),
        }
    }

    /// The authority's URL.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }
}

/// Of the form that is kept.
const VERSION: u8 = 1;
