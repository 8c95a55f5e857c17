//! Who has signed in, as far as an application can tell, and how they sign out.

use msal_core::app::{AccountFilter, ApplicationBuilder, LogoutOptions};
use msal_core::store::{AccountEntry, Entity, Extras, IdTokenEntry, Members, UserFilter};
use msal_core::{Account, ErrorKind, PublicClientApplication, run};
use serde_json::json;
use serde_json::value::RawValue;

use crate::script::*;
use crate::site::*;
use crate::users::*;

const BOB: &str = "e5e5e5e5-0000-4000-8000-000000000005";

fn of_bob(name: &str) -> Answer {
    let mut claims = claims();
    claims["oid"] = BOB.into();
    claims["sub"] = "bob".into();
    claims["preferred_username"] = "bob@contoso.example".into();
    claims["login_hint"] = "bob's hint".into();
    Answer::about(name, &claims).with("client_info", client_info(BOB, TENANT))
}

fn found(app: &PublicClientApplication, filter: AccountFilter<'_>) -> Vec<String> {
    let accounts = app.accounts(filter).try_ready().unwrap().unwrap();
    accounts
        .iter()
        .map(|account| account.username().to_owned())
        .collect()
}

fn account_entry(realm: &str, environment: &str, members: Members) -> AccountEntry {
    AccountEntry {
        environment: environment.into(),
        realm: realm.into(),
        home_account_id: HOME.into(),
        local_account_id: OID.into(),
        username: "alice@contoso.example".into(),
        authority_type: "MSSTS".into(),
        members,
    }
}

#[test]
fn users_are_found_by_name_without_case_and_by_id() {
    let desk = Desk::new();
    sign_in(&desk.app, &of_bob("bob"), &desk.clock);
    let (alice, bob) = ("Alice@contoso.example", "bob@contoso.example");
    assert_eq!(found(&desk.app, AccountFilter::All), [alice, bob]);
    assert_eq!(
        found(&desk.app, AccountFilter::Username("ALICE@contoso.EXAMPLE")),
        [alice]
    );
    assert_eq!(found(&desk.app, AccountFilter::Username("alice")), [""; 0]);
    assert_eq!(
        found(&desk.app, AccountFilter::HomeAccountId(HOME)),
        [alice]
    );
    assert_eq!(found(&desk.app, AccountFilter::HomeAccountId(OID)), [""; 0]);
}

#[test]
fn only_users_that_the_client_can_be_silent_for_are_listed() {
    let desk = Desk::new();
    let stranger = ApplicationBuilder::new("other").authority(AUTHORITY);
    let stranger = public(stranger, &desk.store, &desk.clock);
    assert_eq!(found(&stranger, AccountFilter::All), [""; 0]);
    assert_eq!(
        found(&stranger, AccountFilter::HomeAccountId(HOME)),
        [""; 0]
    );
    let us = ApplicationBuilder::new("client").authority("https://login.microsoftonline.us/common");
    assert_eq!(
        found(&public(us, &desk.store, &desk.clock), AccountFilter::All),
        [""; 0]
    );
    let alias = ApplicationBuilder::new("client").authority("https://login.windows.net/common");
    let alias = public(alias, &desk.store, &desk.clock);
    assert_eq!(
        found(&alias, AccountFilter::All).len(),
        1,
        "one place under two names"
    );

    let sibling = Desk::with(public_builder(), &Answer::new("first").with("foci", "1"));
    let other = ApplicationBuilder::new("other").authority(AUTHORITY);
    let other = public(other, &sibling.store, &sibling.clock);
    assert_eq!(
        found(&other, AccountFilter::All).len(),
        1,
        "it may be of the family"
    );
}

#[test]
fn an_account_is_shown_for_the_applications_tenant_and_else_for_its_own() {
    let desk = Desk::new();
    let options = silent_options(|options| options.call.tenant = Some(AWAY.to_owned()));
    let flow = desk
        .app
        .acquire_token_silent([READ], &desk.account, options);
    run(
        flow,
        &desk.script([Answer::about("away", &claims_away()).reply()]),
    )
    .unwrap();
    desk.store.found([Entity::Account(
        account_entry(AWAY, CLOUD, Members::none()).into(),
    )]);
    let shown_for = |tenant: &str| {
        let authority = format!("https://login.microsoftonline.com/{tenant}");
        let app = public(
            public_builder().authority(&authority),
            &desk.store,
            &desk.clock,
        );
        accounts(&app)[0].tenant_id().to_owned()
    };
    assert_eq!(shown_for(TENANT), TENANT);
    assert_eq!(shown_for(AWAY), AWAY);
    assert_eq!(shown_for("common"), TENANT);
    assert_eq!(shown_for("contoso.com"), TENANT);
    assert_eq!(
        accounts(&desk.app).len(),
        1,
        "one user, whatever the tenants"
    );
}

fn tenants(account: &Account) -> Vec<String> {
    let profiles = account.tenant_profiles();
    profiles
        .iter()
        .map(|profile| profile.tenant_id().to_owned())
        .collect()
}

#[test]
fn tenants_are_known_from_accounts_id_tokens_and_what_msal_node_noted() {
    let noted = |tenant: &str| {
        json!({"tenantId": tenant, "localAccountId": "l", "name": "n", "username": "u"}).to_string()
    };
    let third = "f7f7f7f7-0000-4000-8000-000000000007";
    let list = json!([noted(TENANT), noted(third), "no JSON", "{}"]).to_string();
    let raw = RawValue::from_string(list).unwrap();
    let members = || Members::new([("tenantProfiles".to_owned(), raw.clone())].into());
    let id_token = |realm: &str, claims| {
        Entity::IdToken(
            IdTokenEntry {
                environment: CLOUD.into(),
                realm: realm.into(),
                client_id: "client".into(),
                home_account_id: HOME.into(),
                secret: jwt(&claims).into(),
                extras: Extras::default(),
            }
            .into(),
        )
    };
    let desk = Desk::new();
    let fresh = || {
        let desk = Desk::new();
        desk.app
            .remove_account(&desk.account)
            .try_ready()
            .unwrap()
            .unwrap();
        desk
    };
    assert_eq!(tenants(&desk.account), [TENANT]);
    assert_eq!(desk.account.tenant_profiles()[0].local_account_id(), OID);

    let node = fresh();
    let account = Entity::Account(account_entry(TENANT, CLOUD, members()).into());
    node.store.found([account, id_token(TENANT, claims())]);
    assert_eq!(tenants(&node.accounts()[0]), [TENANT, third]);

    let all = fresh();
    all.store.found([
        Entity::Account(account_entry(TENANT, CLOUD, members()).into()),
        id_token(TENANT, claims()),
        id_token(AWAY, claims_away()),
    ]);
    let account = &all.accounts()[0];
    assert_eq!(tenants(account), [TENANT, AWAY, third]);
    let away = &account.tenant_profiles()[1];
    assert_eq!(
        away.local_account_id(),
        "d4d4d4d4-0000-4000-8000-000000000004"
    );
    assert_eq!(away.username(), "Alice@contoso.example");

    let broken = fresh();
    let nonsense = RawValue::from_string("{\"tenantId tenantId\":1}".to_owned()).unwrap();
    let members = Members::new([("tenantProfiles".to_owned(), nonsense)].into());
    let account = Entity::Account(account_entry(TENANT, CLOUD, members).into());
    broken.store.found([account, id_token(TENANT, claims())]);
    assert_eq!(tenants(&broken.accounts()[0]), [TENANT]);
}

#[test]
fn a_sign_out_takes_the_user_and_nobody_else() {
    let desk = Desk::new();
    let bob = sign_in(&desk.app, &of_bob("bob"), &desk.clock);
    let other = ApplicationBuilder::new("other").authority(AUTHORITY);
    let other = public(other, &desk.store, &desk.clock);
    let mut claims = claims();
    claims["aud"] = "other".into();
    sign_in(&other, &Answer::about("others", &claims), &desk.clock);
    let remove = |account: &Account| {
        desk.app
            .remove_account(account)
            .try_ready()
            .unwrap()
            .unwrap()
    };
    assert!(remove(&desk.account));
    assert_eq!(
        found(&desk.app, AccountFilter::All),
        ["bob@contoso.example"]
    );
    assert_eq!(
        desk.refresh_tokens(),
        ["rt-bob of client -", "rt-others of other -"]
    );
    let error = run(desk.silent(), &desk.script([])).unwrap_err();
    assert!(error.needs_interaction());
    assert_eq!(
        found(&desk.app, AccountFilter::HomeAccountId(HOME)),
        [""; 0]
    );
    assert!(remove(&bob));
    assert!(!remove(&bob), "there is nothing left of him");
}

#[test]
fn accounts_are_the_same_under_every_name_of_their_cloud() {
    let desk = Desk::new();
    let alias = public_builder().authority(&AUTHORITY.replace(CLOUD, "login.windows.net"));
    let other = Desk::with(alias, &Answer::new("first"));
    assert_eq!(other.account.environment(), "login.windows.net");
    assert_eq!(desk.account, other.account);
    let bob = sign_in(&desk.app, &of_bob("bob"), &desk.clock);
    assert_ne!(desk.account, bob);
}

fn logout(desk: &Desk, change: impl FnOnce(&mut LogoutOptions)) -> String {
    let mut options = LogoutOptions::default();
    options.correlation_id = Some("0f8fad5b-d9cb-469f-a165-70867728950e".parse().unwrap());
    change(&mut options);
    let script = desk.script([]);
    let url = run(desk.app.logout_url(options), &script).unwrap();
    assert_eq!(script.log(), [""; 0]);
    url.to_string()
}

#[test]
fn the_browser_is_signed_out_by_a_url() {
    let desk = Desk::new();
    let bob = sign_in(&desk.app, &of_bob("bob"), &desk.clock);
    let base = format!("{AUTHORITY}/oauth2/v2.0/logout?");
    let id = "client-request-id=0f8fad5b-d9cb-469f-a165-70867728950e";
    assert_eq!(logout(&desk, |_| {}), format!("{base}{id}"));
    let whole = logout(&desk, |options| {
        options.account = Some(bob.clone());
        options.post_logout_redirect_uri = Some("https://web.example/?a=b&c".to_owned());
        options.state = Some("s&t".to_owned());
    });
    assert_eq!(
        whole,
        format!(
            "{base}post_logout_redirect_uri=https%3A%2F%2Fweb.example%2F%3Fa%3Db%26c&logout_hint=bob%27s+hint&state=s%26t&{id}"
        )
    );
    let of_alice = logout(&desk, |options| {
        options.account = Some(desk.account.clone())
    });
    assert_eq!(of_alice, format!("{base}{id}"), "her id token has no hint");
}

#[test]
fn a_provider_without_an_endpoint_for_it_says_so() {
    let metadata = |more: &str| {
        let mut metadata = json!({
            "issuer": "https://idp.example", "token_endpoint": "https://idp.example/token",
            "authorization_endpoint": "https://idp.example/authorize",
        });
        if !more.is_empty() {
            metadata["end_session_endpoint"] = more.into();
        }
        let builder = ApplicationBuilder::new("client").oidc_authority("https://idp.example");
        Site::new(builder.authority_settings(settings(&metadata)))
    };
    let site = metadata("");
    let flow = site.app.logout_url(LogoutOptions::default());
    let error = run(flow, &Script::new(&site.clock, [])).unwrap_err();
    assert_eq!(
        error.kind(),
        &ErrorKind::Unsupported("signing out of the browser")
    );
    let site = metadata("https://idp.example/end?x=1");
    let flow = site.app.logout_url(LogoutOptions::default());
    let url = run(flow, &Script::new(&site.clock, [])).unwrap();
    assert_eq!(url.as_str(), "https://idp.example/end?x=1&client_id=client");
}

#[test]
fn what_metadata_is_written_of_a_client_tells_its_family() {
    let desk = Desk::new();
    use msal_core::store::TokenStore;
    assert_eq!(
        desk.store.app_metadata(CLOUD, "client").unwrap().family_id,
        None
    );
    let desk = Desk::with(public_builder(), &Answer::new("first").with("foci", "1"));
    let known = desk.store.app_metadata(CLOUD, "client").unwrap();
    assert_eq!(known.family_id.as_deref(), Some("1"));
    assert_eq!(
        refresh_tokens(&desk.store, UserFilter::All),
        ["rt-first of client 1"]
    );
}
