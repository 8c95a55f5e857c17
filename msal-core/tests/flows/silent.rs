//! A token for a user who signed in before: cache, refresh token, and what an error leaves to hand out.

use msal_core::app::ApplicationBuilder;
use msal_core::store::{AccessTokenEntry, Entity, Lifetime, Owner, TokenKey};
use msal_core::{ErrorKind, Scopes, Timestamp, TokenSource, run};

use crate::script::*;
use crate::users::*;

const COMMON: &str = "https://login.microsoftonline.com/common";

#[test]
fn a_token_at_hand_costs_no_request() {
    let desk = Desk::new();
    for flow in [
        desk.silent(),
        desk.app
            .acquire_token_silent(["user.READ"], &desk.account, None),
        desk.app
            .acquire_token_silent([READ], &desk.account, silent_options(|_| {})),
        desk.app.acquire_token_silent(
            [READ],
            &desk.account,
            silent_options(|options| options.cache_only = true),
        ),
    ] {
        let result = flow.try_ready().unwrap().unwrap();
        assert_eq!(result.access_token().expose(), "first");
        assert_eq!(result.token_source(), TokenSource::Cache);
        assert_eq!(result.account(), Some(&desk.account));
        assert_eq!(result.id_token_claims().unwrap().name(), Some("Alice"));
        assert_eq!(result.tenant_id(), TENANT);
    }
}

#[test]
fn a_token_that_has_run_out_is_renewed_with_all_that_rfc_6749_wants() {
    for driver in Driver::BOTH {
        let desk = Desk::expired();
        let script = desk.script([Answer::new("second").reply()]);
        let result = driver.run(desk.silent(), &script).unwrap();
        assert_eq!(result.access_token().expose(), "second");
        assert_eq!(result.token_source(), TokenSource::IdentityProvider);
        assert_eq!(result.account(), Some(&desk.account));
        assert_eq!(script.log(), [format!("POST {TOKEN_URL}")]);
        let pairs = [
            ("client_id", "client"),
            ("grant_type", "refresh_token"),
            ("scope", "User.Read offline_access openid profile"),
            ("client_info", "1"),
            ("refresh_token", "rt-first"),
        ];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(script.forms(), [pairs]);
        let request = script.request(0);
        assert_eq!(
            request.headers()["x-anchormailbox"],
            format!("Oid:{OID}@{TENANT}")
        );
        assert_eq!(desk.refresh_tokens(), ["rt-second of client -"]);
        assert!(driver.run(desk.silent(), &desk.script([])).is_ok());
    }
}

#[test]
fn without_a_refresh_token_only_a_sign_in_helps() {
    let desk = Desk::new();
    desk.app
        .remove_account(&desk.account)
        .try_ready()
        .unwrap()
        .unwrap();
    for options in [None, silent_options(|options| options.cache_only = true)] {
        let flow = desk
            .app
            .acquire_token_silent([READ], &desk.account, options);
        let script = desk.script([]);
        let error = run(flow, &script).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::InteractionRequired);
        assert!(error.correlation_id().is_some());
        assert_eq!(script.log(), [""; 0]);
    }
}

#[test]
fn a_call_that_may_not_ask_never_does() {
    let cache_only = || silent_options(|options| options.cache_only = true);
    let desk = Desk::with(
        public_builder(),
        &Answer::new("first").with("refresh_in", 1800),
    );
    let ask = || {
        let flow = desk
            .app
            .acquire_token_silent([READ], &desk.account, cache_only());
        let script = desk.script([]);
        let outcome = run(flow, &script);
        assert_eq!(script.log(), [""; 0]);
        outcome
    };
    desk.clock.advance(minutes(31));
    assert_eq!(ask().unwrap().access_token().expose(), "first");
    desk.clock.advance(minutes(30));
    assert_eq!(ask().unwrap_err().kind(), &ErrorKind::NotCached);
    let forced = silent_options(|options| {
        options.cache_only = true;
        options.force_refresh = true;
    });
    let flow = desk.app.acquire_token_silent([READ], &desk.account, forced);
    let error = run(flow, &desk.script([])).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::NotCached);
}

#[test]
fn who_insists_gets_a_new_token() {
    let desk = Desk::new();
    let script = desk.script([Answer::new("second").reply(), Answer::new("third").reply()]);
    let forced = silent_options(|options| options.force_refresh = true);
    let flow = desk.app.acquire_token_silent([READ], &desk.account, forced);
    assert_eq!(
        run(flow, &script).unwrap().access_token().expose(),
        "second"
    );
    let challenge = r#"{"access_token":{"nbf":{"value":"1"}}}"#;
    let claims = silent_options(|options| options.call.claims = Some(challenge.to_owned()));
    let flow = desk.app.acquire_token_silent([READ], &desk.account, claims);
    assert_eq!(run(flow, &script).unwrap().access_token().expose(), "third");
    assert_eq!(sent(&script, 1, "claims").as_deref(), Some(challenge));
    let after = run(desk.silent(), &script).unwrap();
    assert_eq!(
        after.access_token().expose(),
        "third",
        "the answer replaces what was there"
    );
}

#[test]
fn a_token_that_is_due_is_handed_out_and_renewed_beside() {
    let due = || {
        let desk = Desk::with(
            public_builder(),
            &Answer::new("first").with("refresh_in", 1800),
        );
        desk.clock.advance(minutes(31));
        desk
    };
    let desk = due();
    let script = desk.script([Answer::new("second").reply()]);
    let result = run(desk.silent(), &script).unwrap();
    assert_eq!(
        (
            result.access_token().expose(),
            result.refresh_error().is_none()
        ),
        ("first", true)
    );
    assert_eq!(script.log(), ["background"]);
    // While that is in the air, nobody else begins it.
    assert_eq!(
        run(desk.silent(), &desk.script([]))
            .unwrap()
            .access_token()
            .expose(),
        "first"
    );
    for flow in script.take_background() {
        run(flow, &script).unwrap();
    }
    assert_eq!(
        run(desk.silent(), &desk.script([]))
            .unwrap()
            .access_token()
            .expose(),
        "second"
    );
    assert_eq!(desk.refresh_tokens(), ["rt-second of client -"]);

    let desk = due();
    let script = desk
        .script([oauth_error(400, "invalid_grant")])
        .without_background();
    let result = run(desk.silent(), &script).unwrap();
    assert_eq!(result.access_token().expose(), "first");
    assert!(result.refresh_error().unwrap().needs_interaction());

    let desk = due();
    let script = desk.script([Answer::new("second").reply()]);
    let options = silent_options(|options| options.call.wait_for_refresh = true);
    let flow = desk
        .app
        .acquire_token_silent([READ], &desk.account, options);
    assert_eq!(
        run(flow, &script).unwrap().access_token().expose(),
        "second"
    );
}

#[test]
fn another_tenant_is_asked_and_cached_apart() {
    let desk = Desk::new();
    let script = desk.script([Answer::about("away", &claims_away()).reply()]);
    let away = || {
        let options = silent_options(|options| options.call.tenant = Some(AWAY.to_uppercase()));
        desk.app
            .acquire_token_silent([READ], &desk.account, options)
    };
    let result = run(away(), &script).unwrap();
    assert_eq!(script.log(), [format!("POST {AWAY_URL}")]);
    assert_eq!(result.tenant_id(), AWAY);
    assert_eq!(result.account().unwrap().home_account_id(), HOME);
    assert_eq!(
        run(away(), &desk.script([]))
            .unwrap()
            .access_token()
            .expose(),
        "away"
    );
    assert_eq!(
        run(desk.silent(), &desk.script([]))
            .unwrap()
            .access_token()
            .expose(),
        "first"
    );
    let profiles = desk.accounts()[0].tenant_profiles();
    let tenants: Vec<&str> = profiles.iter().map(|profile| profile.tenant_id()).collect();
    assert_eq!(tenants, [TENANT, AWAY]);

    let script = desk.script([Answer::new("home").reply()]);
    let options = silent_options(|options| {
        options.call.tenant = Some(AWAY.to_owned());
        options.force_refresh = true;
    });
    let flow = desk
        .app
        .acquire_token_silent([READ], &desk.account, options);
    let error = run(flow, &script).unwrap_err();
    assert_eq!(
        error.kind(),
        &ErrorKind::InvalidResponse("id token"),
        "that of home is not the guest's"
    );
}

#[test]
fn who_asks_for_many_tenants_is_silent_in_the_users_own() {
    for authority in [COMMON, "https://login.microsoftonline.com/organizations"] {
        let desk = Desk::with(public_builder().authority(authority), &Answer::new("first"));
        assert_eq!(
            run(desk.silent(), &desk.script([]))
                .unwrap()
                .access_token()
                .expose(),
            "first"
        );
        desk.clock.advance(minutes(61));
        let script = desk.script([Answer::new("second").reply()]);
        run(desk.silent(), &script).unwrap();
        assert_eq!(script.log(), [format!("POST {TOKEN_URL}")]);
    }
}

#[test]
fn a_personal_account_is_found_again_at_consumers() {
    let personal = msal_core::Tenant::PERSONAL_ACCOUNTS;
    let mut claims = claims();
    claims["tid"] = personal.into();
    claims["iss"] = format!("https://login.microsoftonline.com/{personal}/v2.0").into();
    let answer =
        |name: &str| Answer::about(name, &claims).with("client_info", client_info(OID, personal));
    let consumers = "https://login.microsoftonline.com/consumers";
    let desk = Desk::with(public_builder().authority(consumers), &answer("first"));
    let script = desk.script([]);
    assert_eq!(
        run(desk.silent(), &script).unwrap().access_token().expose(),
        "first"
    );
    let options = silent_options(|_| {});
    let flow = desk
        .app
        .acquire_token_silent([READ], &desk.account, options);
    assert_eq!(run(flow, &script).unwrap().access_token().expose(), "first");
    desk.clock.advance(minutes(61));
    let script = desk.script([answer("second").reply()]);
    run(desk.silent(), &script).unwrap();
    assert_eq!(
        script.log(),
        [format!("POST {consumers}/oauth2/v2.0/token")]
    );
}

/// An access token of the user as another library might have written it.
fn written(realm: &str, environment: &str, secret: &str) -> Entity {
    let key = TokenKey {
        environment: environment.into(),
        realm: realm.into(),
        client_id: "client".into(),
        owner: Owner::Account(HOME.into()),
        binding: None,
        extended: None,
    };
    let lifetime = Lifetime {
        cached_at: Timestamp::from_secs(START),
        expires_on: Timestamp::from_secs(START + 24 * 3600),
        extended_expires_on: None,
        refresh_on: None,
    };
    let scopes = Scopes::granted("User.Read");
    Entity::AccessToken(AccessTokenEntry::new(key, scopes, secret.into(), lifetime).into())
}

#[test]
fn a_token_that_another_library_wrote_under_the_word_or_an_alias_is_found() {
    for word in ["common", "organizations", "consumers"] {
        let authority = format!("https://login.microsoftonline.com/{word}");
        let answer = Answer::new("first");
        let desk = Desk::with(public_builder().authority(COMMON), &answer);
        let app = public(
            public_builder().authority(&authority),
            &desk.store,
            &desk.clock,
        );
        desk.clock.advance(minutes(61));
        desk.store.found([written(word, CLOUD, "theirs")]);
        let flow = app.acquire_token_silent([READ], &desk.account, None);
        let result = run(flow, &desk.script([])).unwrap();
        assert_eq!(result.access_token().expose(), "theirs", "{word}");
    }
    let desk = Desk::expired();
    desk.store
        .found([written(TENANT, "login.windows.net", "alias")]);
    assert_eq!(
        run(desk.silent(), &desk.script([]))
            .unwrap()
            .access_token()
            .expose(),
        "alias"
    );
    let desk = Desk::expired();
    desk.store.found([
        written("common", CLOUD, "another's"),
        written(TENANT, "login.microsoftonline.us", "us"),
    ]);
    run(desk.silent(), &desk.script([])).unwrap_err();
}

#[test]
fn an_account_of_another_cloud_is_refused_unsent() {
    let desk = Desk::new();
    let us = public(
        ApplicationBuilder::new("client").authority("https://login.microsoftonline.us/common"),
        &desk.store,
        &desk.clock,
    );
    for options in [None, silent_options(|_| {})] {
        let flow = us.acquire_token_silent([READ], &desk.account, options);
        let error = run(flow, &desk.script([])).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::InvalidArgument("account"));
    }
}

#[test]
fn a_clock_ten_years_off_costs_a_renewal_and_no_more() {
    let ten_years = 10 * 365 * 86_400;
    for wall in [START - ten_years, START + ten_years] {
        let desk = Desk::new();
        desk.clock.set_wall(wall);
        let script = desk.script([Answer::new("second").reply()]);
        let result = run(desk.silent(), &script).unwrap();
        assert_eq!(result.access_token().expose(), "second");
        assert_eq!(result.expires_on(), Timestamp::from_secs(wall + 3600));
        let again = run(desk.silent(), &script).unwrap();
        assert_eq!(again.access_token().expose(), "second");
        assert_eq!(script.log().len(), 1);
        desk.clock.set_wall(START);
        let outcome = run(desk.silent(), &desk.script([Answer::new("third").reply()]));
        assert!(outcome.unwrap().expires_on() <= Timestamp::from_secs(START + 3600));
    }
}

#[test]
fn a_call_dropped_at_any_await_leaves_a_cache_that_works() {
    let needs = at_every_await(
        || {
            let desk = Desk::expired();
            (
                desk.silent(),
                desk.script([refused(), Answer::new("second").reply()]),
            )
        },
        |_| {},
    );
    assert_eq!(needs, 3);
    for needs in 0..needs {
        let desk = Desk::expired();
        let script = desk.script([refused(), Answer::new("second").reply()]);
        assert!(cut_off(desk.silent(), &script, needs).is_none());
        let result = run(desk.silent(), &desk.script([Answer::new("third").reply()])).unwrap();
        assert_eq!(result.access_token().expose(), "third");
        assert_eq!(desk.refresh_tokens(), ["rt-third of client -"]);
    }
}
