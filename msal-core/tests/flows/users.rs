//! Users who sign in: applications for them, what an identity provider answers, and both ways to drive a flow.

use std::sync::Arc;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use msal_core::app::{AccountFilter, ApplicationBuilder, CallOptions, SilentOptions};
use msal_core::credential::ClientCredential;
use msal_core::store::{Entity, TokenStore, UserFilter};
use msal_core::{
    Account, Ask, AsyncHost, ConfidentialClientApplication, Env, Error, Flow, Host,
    PublicClientApplication, Step, run, run_async,
};
use serde_json::{Value, json};

use crate::script::*;

/// The tenant of [`AUTHORITY`], where the user is at home.
pub(crate) const TENANT: &str = "a1a1a1a1-0000-4000-8000-000000000001";
/// A tenant that the user is a guest in.
pub(crate) const AWAY: &str = "b2b2b2b2-0000-4000-8000-000000000002";
pub(crate) const AWAY_URL: &str =
    "https://login.microsoftonline.com/b2b2b2b2-0000-4000-8000-000000000002/oauth2/v2.0/token";
/// The user's object id at home.
pub(crate) const OID: &str = "c3c3c3c3-0000-4000-8000-000000000003";
/// The user's home account id.
pub(crate) const HOME: &str =
    "c3c3c3c3-0000-4000-8000-000000000003.a1a1a1a1-0000-4000-8000-000000000001";
pub(crate) const CLOUD: &str = "login.microsoftonline.com";
pub(crate) const READ: &str = "User.Read";

/// Something that may go wrong, and its name.
pub(crate) type Failure = (&'static str, fn() -> Reply);

/// The claims of the user's id token.
pub(crate) fn claims() -> Value {
    json!({
        "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
        "aud": "client", "sub": "subject", "oid": OID, "tid": TENANT,
        "exp": START + 3600, "iat": START, "nbf": START,
        "preferred_username": "Alice@contoso.example", "name": "Alice",
    })
}

/// The claims of the user as a guest.
pub(crate) fn claims_away() -> Value {
    let mut claims = claims();
    claims["iss"] = format!("https://login.microsoftonline.com/{AWAY}/v2.0").into();
    claims["tid"] = AWAY.into();
    claims["oid"] = "d4d4d4d4-0000-4000-8000-000000000004".into();
    claims
}

pub(crate) fn jwt(claims: &Value) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({"alg": "RS256", "kid": "1"});
    [part(&header), part(claims), "c2ln".to_owned()].join(".")
}

pub(crate) fn client_info(uid: &str, utid: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(json!({"uid": uid, "utid": utid}).to_string())
}

/// An answer of the token endpoint to a user's request.
#[derive(Clone)]
pub(crate) struct Answer(Value);

impl Answer {
    /// An answer about the user, with an access token of this name and a refresh token `rt-{name}`.
    pub(crate) fn new(name: &str) -> Self {
        Self::about(name, &claims())
    }

    /// The same with other claims in the id token.
    pub(crate) fn about(name: &str, claims: &Value) -> Self {
        Self(json!({
            "token_type": "Bearer", "expires_in": 3600, "access_token": name,
            "refresh_token": format!("rt-{name}"), "scope": "User.Read openid profile",
            "id_token": jwt(claims), "client_info": client_info(OID, TENANT),
        }))
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0[name] = value.into();
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.as_object_mut().unwrap().remove(name);
        self
    }

    pub(crate) fn reply(&self) -> Reply {
        reply(200, &self.0.to_string())
    }
}

/// A refusal with these members.
pub(crate) fn refusal(body: &Value) -> Reply {
    reply(400, &body.to_string())
}

pub(crate) fn invalid_grant(suberror: &str) -> Reply {
    refusal(&json!({"error": "invalid_grant", "suberror": suberror}))
}

pub(crate) fn public_builder() -> ApplicationBuilder {
    ApplicationBuilder::new("client").authority(AUTHORITY)
}

/// A public client over a store, which others may share.
pub(crate) fn public(
    builder: ApplicationBuilder,
    store: &Arc<ListStore>,
    clock: &ManualClock,
) -> PublicClientApplication {
    let env = Env::new(clock.clone(), Counting);
    builder.public(store.clone(), env).unwrap()
}

pub(crate) fn confidential(
    builder: ApplicationBuilder,
    store: &Arc<ListStore>,
    clock: &ManualClock,
) -> ConfidentialClientApplication {
    let env = Env::new(clock.clone(), Counting);
    let builder = builder.credential(ClientCredential::from_secret("hush"));
    builder.confidential(store.clone(), env).unwrap()
}

/// A public client with a user signed in, whose access token `first` has an hour to go.
pub(crate) struct Desk {
    pub(crate) clock: ManualClock,
    pub(crate) store: Arc<ListStore>,
    pub(crate) app: PublicClientApplication,
    pub(crate) account: Account,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self::with(public_builder(), &Answer::new("first"))
    }

    /// One whose user signed in with this answer.
    pub(crate) fn with(builder: ApplicationBuilder, answer: &Answer) -> Self {
        let clock = ManualClock::new();
        let store = Arc::<ListStore>::default();
        let app = public(builder, &store, &clock);
        let account = sign_in(&app, answer, &clock);
        Self {
            clock,
            store,
            app,
            account,
        }
    }

    /// The same when the access token has run out.
    pub(crate) fn expired() -> Self {
        let desk = Self::new();
        desk.clock.advance(minutes(61));
        desk
    }

    pub(crate) fn silent(&self) -> Flow<msal_core::AuthenticationResult> {
        self.app.acquire_token_silent([READ], &self.account, None)
    }

    pub(crate) fn script(&self, replies: impl IntoIterator<Item = Reply>) -> Script {
        Script::new(&self.clock, replies)
    }

    /// The refresh tokens that the cache holds, with client and family.
    pub(crate) fn refresh_tokens(&self) -> Vec<String> {
        refresh_tokens(&self.store, UserFilter::All)
    }

    pub(crate) fn accounts(&self) -> Vec<Account> {
        accounts(&self.app)
    }
}

/// Signs a user in by a refresh token, the shortest of all ways.
pub(crate) fn sign_in(
    app: &PublicClientApplication,
    answer: &Answer,
    clock: &ManualClock,
) -> Account {
    let flow = app.acquire_token_by_refresh_token("rt-0".into(), [READ], CallOptions::default());
    let result = run(flow, &Script::new(clock, [answer.reply()])).unwrap();
    result.account().unwrap().clone()
}

pub(crate) fn accounts(app: &PublicClientApplication) -> Vec<Account> {
    app.accounts(AccountFilter::All)
        .try_ready()
        .unwrap()
        .unwrap()
}

pub(crate) fn refresh_tokens(store: &ListStore, filter: UserFilter<'_>) -> Vec<String> {
    let users = store.users(CLOUD, filter);
    let entities = users.iter().flat_map(|user| user.iter());
    let of = |entity: &Entity| match entity {
        Entity::RefreshToken(token) => Some(format!(
            "{} of {} {}",
            token.secret.expose(),
            token.client_id,
            token.family_id.as_deref().unwrap_or("-")
        )),
        _ => None,
    };
    entities.filter_map(of).collect()
}

/// Options that differ from the usual by this change.
pub(crate) fn silent_options(
    change: impl FnOnce(&mut SilentOptions),
) -> Option<Box<SilentOptions>> {
    let mut options = Box::<SilentOptions>::default();
    change(&mut options);
    Some(options)
}

pub(crate) fn call_options(change: impl FnOnce(&mut CallOptions)) -> CallOptions {
    let mut options = CallOptions::default();
    change(&mut options);
    options
}

/// One value of a form that was sent; none where it is not there exactly once.
pub(crate) fn sent(script: &Script, index: usize, name: &str) -> Option<String> {
    let forms = script.forms();
    let mut named = forms[index].iter().filter(|(own, _)| own == name);
    let value = named.next().map(|(_, value)| value.clone());
    value.filter(|_| named.next().is_none())
}

/// The one way to drive a flow, or the other.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Driver {
    Async,
    Blocking,
}

impl Driver {
    pub(crate) const BOTH: [Self; 2] = [Self::Async, Self::Blocking];

    pub(crate) fn run<T>(self, flow: Flow<T>, host: &(impl Host + AsyncHost)) -> Result<T, Error> {
        match self {
            Self::Async => block_on(run_async(flow, host)),
            Self::Blocking => run(flow, host),
        }
    }
}

/// Answers the first `needs` of a flow, and drops it at the next. None where it was dropped.
pub(crate) fn cut_off<T>(flow: Flow<T>, script: &Script, needs: usize) -> Option<Result<T, Error>> {
    let mut step = flow.start();
    for _ in 0..needs {
        step = match step {
            Step::Send(request, flow) => flow.resume(Host::send(script, request)),
            Step::Wait(delay, flow) => {
                Host::wait(script, delay);
                flow.resume(())
            }
            Step::Ask(Ask::Background(task, flow)) => flow.resume(Host::background(script, task)),
            Step::Ask(Ask::Call(callback, limit, flow)) => {
                flow.resume(Host::call(script, callback, limit))
            }
            Step::Ask(Ask::Join(landing, _, flow)) => {
                flow.resume(landing.block(std::time::Duration::ZERO))
            }
            Step::Done(outcome) => return Some(outcome),
            Step::Ask(_) => panic!("no flow of a user asks for that"),
        };
    }
    match step {
        Step::Done(outcome) => Some(outcome),
        _ => None,
    }
}

/// Drops `make`'s flow at every need that it has, and calls `after` each time. How many needs there were.
pub(crate) fn at_every_await<T>(
    mut make: impl FnMut() -> (Flow<T>, Script),
    mut after: impl FnMut(usize),
) -> usize {
    for needs in 0..64 {
        let (flow, script) = make();
        let over = cut_off(flow, &script, needs);
        if let Some(outcome) = over {
            outcome.map(drop).unwrap();
            return needs;
        }
        after(needs);
    }
    panic!("it never ends");
}
