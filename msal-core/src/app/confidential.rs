use std::collections::BTreeMap;
use std::sync::Arc;

use super::{App, ClientCredentialOptions, Explanation};
use crate::credential::ClientCredential;
use crate::flights::{FlightKey, TokenFlight};
use crate::flow::Flow;
use crate::flows::client_credentials::{self, Job, Wanted};
use crate::freshness::Freshness;
use crate::store::{AccessTokenEntry, ExtendedKey};
use crate::{AuthenticationResult, Authority, Claims, Error, ErrorKind, Scopes};

/// An application that can keep a secret: a web app, a web API, a daemon. Cheap to clone; made once and reused.
///
/// Its methods return [flows](Flow): nothing happens until somebody drives them.
#[derive(Clone, Debug)]
pub struct ConfidentialClientApplication(App);

impl ConfidentialClientApplication {
    pub(super) fn new(app: App) -> Self {
        Self(app)
    }

    /// How the application proves who it is.
    pub fn credential(&self) -> &ClientCredential {
        &self.0.credential
    }

    /// A token for the application itself: from the cache, or by the client credentials grant, RFC 6749 section 4.4.
    ///
    /// A cached token costs no allocation: `options` are only looked at, and `scopes` only copied when they miss.
    pub fn acquire_token_for_client<S>(
        &self,
        scopes: S,
        options: Option<Box<ClientCredentialOptions>>,
    ) -> Flow<AuthenticationResult>
    where
        S: IntoIterator<Item: AsRef<str>> + Clone,
    {
        let app = &self.0;
        if options.is_none()
            && let Some(token) = with_borrowed(scopes.clone(), |scopes| self.good(scopes))
        {
            return Flow::ready(Ok(AuthenticationResult::from_cache(token, app.ids)));
        }
        let has_been_looked_for = options.is_none();
        let options = options.map(|options| *options).unwrap_or_default();
        let id = options.call.correlation_id;
        let call = app.call("client credentials", id, options.call.timeout);
        let job = match self.job(scopes, options) {
            Ok(job) => job,
            Err(error) => {
                return Flow::ready(Err(error.with_correlation_id(call.correlation_id)));
            }
        };
        if !has_been_looked_for && let Some(result) = job.at_hand(&call, app.env.now()) {
            return Flow::ready(Ok(result));
        }
        Flow::new(call, app.env.clone(), |mut io| async move {
            job.acquire(&mut io).await
        })
    }

    /// Why such a call finds a token in the cache, or why it does not. Asks nobody and changes nothing.
    ///
    /// Fails where the call would before anything is sent: for malformed scopes or options, or without a tenant.
    pub fn explain_token_for_client<S>(
        &self,
        scopes: S,
        options: Option<Box<ClientCredentialOptions>>,
    ) -> Result<Explanation, Error>
    where
        S: IntoIterator<Item: AsRef<str>>,
    {
        let options = options.map(|options| *options).unwrap_or_default();
        let id = options.call.correlation_id;
        let explained = self.job(scopes, options).map(|job| job.explain());
        explained.map_err(|error| match id {
            Some(id) => error.with_correlation_id(id),
            None => error,
        })
    }

    /// A cached token that can be handed out without any work.
    fn good(&self, scopes: &[&str]) -> Option<Arc<AccessTokenEntry>> {
        let app = &self.0;
        let now = app.env.now();
        let token = client_credentials::look(app, &app.authority, None, scopes, now)?;
        match Freshness::of(&token, now) {
            Freshness::Fresh => Some(token),
            Freshness::Stale if self.is_being_renewed(&token, scopes) => Some(token),
            _ => None,
        }
    }

    fn is_being_renewed(&self, token: &AccessTokenEntry, scopes: &[&str]) -> bool {
        let app = &self.0;
        let Ok(scopes) = Scopes::parse(scopes) else {
            return false;
        };
        let mut key = token.key();
        key.environment = app.authority.environment().clone();
        let flight = TokenFlight {
            key,
            scopes,
            past_cache: false,
            claims: None,
        };
        app.flights
            .is_in_the_air(&FlightKey::Token(Arc::new(flight)), app.env.uptime())
    }

    fn job<S>(&self, scopes: S, options: ClientCredentialOptions) -> Result<Job, Error>
    where
        S: IntoIterator<Item: AsRef<str>>,
    {
        let app = &self.0;
        let scopes = Scopes::parse(scopes)?;
        let authority = match &options.call.tenant {
            Some(tenant) => app.authority.with_tenant(tenant)?,
            None => app.authority.clone(),
        };
        if !authority.is_tenanted() {
            return Err(untenanted(&authority));
        }
        let claims = options
            .call
            .claims
            .as_deref()
            .map(Claims::parse)
            .transpose()?;
        let client_claims = options
            .client_claims
            .as_deref()
            .map(Claims::parse)
            .transpose()?;
        let extended = extended_key(&options)?.map(Arc::new);
        let wanted = Wanted {
            authority,
            scopes,
            claims,
            client_claims,
            extended,
            options,
        };
        Ok(Job::new(app, wanted))
    }
}

/// What sets the tokens of such a call apart in the cache.
fn extended_key(options: &ClientCredentialOptions) -> Result<Option<ExtendedKey>, Error> {
    let mut components = BTreeMap::new();
    for (name, value) in &options.call.parameters {
        refuse_unsupported(name, value)?;
        if RESERVED.contains(&name.as_str()) || name.is_empty() {
            let why = "a parameter that the library itself decides cannot be given as an extra one";
            return Err(Error::new(ErrorKind::InvalidArgument("extra parameter")).because(why));
        }
        if components.insert(name.clone(), value.clone()).is_some() {
            // RFC 6749 section 3.2.
            let why = format!("`{name}` is given twice, and a request may hold a parameter once");
            return Err(Error::new(ErrorKind::InvalidArgument("extra parameter")).because(why));
        }
    }
    if let Some(path) = &options.fmi_path {
        components.insert("fmi_path".to_owned(), path.clone());
    }
    if let Some(claims) = &options.client_claims {
        components.insert("client_claims".to_owned(), claims.clone());
    }
    Ok(ExtendedKey::new(components))
}

/// Bound tokens are asked for by parameters; one that we could not present is not asked for.
fn refuse_unsupported(name: &str, value: &str) -> Result<(), Error> {
    let what = match (name, value) {
        ("token_type", "mtls_pop") => "proof of possession by mTLS",
        ("dpop_jkt", _) => "DPoP",
        _ => return Ok(()),
    };
    Err(Error::new(ErrorKind::Unsupported(what)).because("ask for a bearer token instead"))
}

fn untenanted(authority: &Authority) -> Error {
    Error::new(ErrorKind::InvalidArgument("authority")).because(format!(
        "an app token comes from one certain tenant: give its id or domain name instead of `{}`",
        authority.tenant().unwrap_or_default()
    ))
}

/// Calls `use_them` with the scopes as a slice, without allocating while they are few.
fn with_borrowed<S, R>(scopes: S, use_them: impl FnOnce(&[&str]) -> R) -> R
where
    S: IntoIterator<Item: AsRef<str>> + Clone,
{
    let mut rest = scopes.clone().into_iter().fuse();
    let few: [Option<S::Item>; FEW] = std::array::from_fn(|_| rest.next());
    if rest.next().is_some() {
        let many: Vec<S::Item> = scopes.into_iter().collect();
        let many: Vec<&str> = many.iter().map(AsRef::as_ref).collect();
        return use_them(&many);
    }
    let mut borrowed = [""; FEW];
    let mut count = 0;
    for (place, scope) in borrowed.iter_mut().zip(few.iter().flatten()) {
        *place = scope.as_ref();
        count += 1;
    }
    use_them(borrowed.get(..count).unwrap_or_default())
}

const FEW: usize = 4;
/// The parameters that the library decides, and those of other grants.
const RESERVED: &[&str] = &[
    "assertion",
    "claims",
    "client_assertion",
    "client_assertion_type",
    "client_claims",
    "client_id",
    "client_info",
    "client_secret",
    "code",
    "code_verifier",
    "device_code",
    "fmi_path",
    "grant_type",
    "password",
    "redirect_uri",
    "refresh_token",
    "req_cnf",
    "requested_token_use",
    "scope",
    "token_type",
    "username",
];
