//! What a call sends, and what it prints when it succeeds.

use msal_testing::defaults::{CERTIFICATE_CLIENT_ID, OTHER_TENANT_ID, SECRET_CLIENT_ID, TENANT_ID};
use msal_testing::{App, Endpoint, Fault, LocalIdentityProvider, OidcIssuer, Tenant};
use serde_json::{Value, json};

use crate::world::{GRAPH_SCOPE, ID, TRANSPORTS, World, edit, now};

#[test]
fn a_token_comes_from_the_identity_provider_and_then_from_the_cache_file() {
    for transport in TRANSPORTS {
        let world = World::new();
        let cache = world.path("cache.json");
        let run = || {
            world
                .token()
                .arguments(["--transport", transport])
                .path("--cache", &cache)
        };

        let first = run().token();
        assert_eq!(first["token_source"], "identity_provider");
        assert_eq!(first["token_type"], "Bearer");
        assert_eq!(first["scopes"], json!([GRAPH_SCOPE]));
        let left = first["expires_on"].as_u64().unwrap() - now();
        assert!((3_500..=3_600).contains(&left), "{left}");
        assert_eq!(
            (
                &first["refresh_on"],
                &first["account"],
                &first["id_token_claims"]
            ),
            (&Value::Null, &Value::Null, &Value::Null)
        );
        let sent = world.provider.requests(Endpoint::Token);
        assert_eq!(sent.len(), 1);
        assert_eq!(
            sent[0].header("client-request-id"),
            first["correlation_id"].as_str()
        );
        assert_eq!(world.provider.count(Endpoint::InstanceDiscovery), 0);

        let connections = world.provider.connections();
        let second = run().token();
        assert_eq!(second["token_source"], "cache");
        for same in ["access_token", "expires_on", "scopes", "token_type"] {
            assert_eq!(second[same], first[same]);
        }
        assert_ne!(second["correlation_id"], first["correlation_id"]);
        assert_eq!(world.provider.connections(), connections);
    }
}

#[test]
fn the_correlation_id_is_in_what_is_sent_and_in_every_output() {
    for transport in TRANSPORTS {
        let world = World::new();
        let cache = world.path("cache.json");
        let with = ["--correlation-id", ID, "--transport", transport];
        let run = || world.token().arguments(with).path("--cache", &cache);
        assert_eq!(run().token()["correlation_id"], ID);
        assert_eq!(run().token()["correlation_id"], ID);
        world
            .provider
            .script(Fault::json(400, r#"{"error":"invalid_request"}"#));
        let error = run().arguments(["--force-refresh"]).error(1, "server");
        assert_eq!(error["correlation_id"], ID);
        let sent = world.provider.requests(Endpoint::Token);
        assert_eq!(sent.len(), 2);
        for request in sent {
            assert_eq!(request.header("client-request-id"), Some(ID));
        }
    }
    let world = World::new();
    let error = world
        .bare(["bogus", "--correlation-id", ID])
        .error(2, "invalid_argument");
    assert_eq!(error["correlation_id"], ID);
}

#[test]
fn options_may_stand_before_the_command() {
    let world = World::new();
    let authority = world.provider.authority();
    let before = [
        "--client-id",
        SECRET_CLIENT_ID,
        "--secret-env",
        "S",
        "--authority",
        &authority,
    ];
    let run = world
        .run(before)
        .arguments(["client-credentials", "--scope", GRAPH_SCOPE]);
    let token = run.env("S", msal_testing::defaults::CLIENT_SECRET).token();
    assert_eq!(token["token_source"], "identity_provider");
}

#[test]
fn a_claims_challenge_goes_past_the_cache_and_its_answer_replaces_the_token() {
    for transport in TRANSPORTS {
        let world = World::new();
        let cache = world.path("cache.json");
        let challenge = r#"{"access_token":{"nbf":{"essential":true,"value":"1"}}}"#;
        let run = || {
            world
                .token()
                .arguments(["--transport", transport])
                .path("--cache", &cache)
        };
        run().token();
        let challenged = run().arguments(["--claims", challenge]).token();
        assert_eq!(challenged["token_source"], "identity_provider");
        let sent = &world.provider.requests(Endpoint::Token)[1];
        assert_eq!(sent.form_field("claims").as_deref(), Some(challenge));
        let after = run().token();
        assert_eq!(after["token_source"], "cache");
        assert_eq!(after["access_token"], challenged["access_token"]);
    }
}

#[test]
fn what_may_change_the_token_sets_it_apart_in_the_cache() {
    for own in [
        ["--client-claims", r#"{"access_token":{"x":null}}"#],
        ["--extra", "dc=ESTS-PUB"],
    ] {
        let world = World::new();
        let cache = world.path("cache.json");
        let run = || world.token().path("--cache", &cache);
        run().token();
        assert_eq!(
            run().arguments(own).token()["token_source"],
            "identity_provider"
        );
        assert_eq!(run().arguments(own).token()["token_source"], "cache");
        assert_eq!(run().token()["token_source"], "cache");
        let sent = &world.provider.requests(Endpoint::Token)[1];
        let (name, value) = match own[0] {
            "--extra" => ("dc", "ESTS-PUB"),
            _ => ("claims", own[1]),
        };
        assert_eq!(sent.form_field(name).as_deref(), Some(value));
    }
}

#[test]
fn an_extra_value_may_hold_anything() {
    let world = World::new();
    world.token().arguments(["--extra", "a=b=c&d=é"]).token();
    let sent = &world.provider.requests(Endpoint::Token)[0];
    assert_eq!(sent.form_field("a").as_deref(), Some("b=c&d=é"));
}

#[test]
fn capabilities_are_sent_as_claims() {
    let world = World::new();
    world
        .token()
        .arguments(["--client-capability", "CP1"])
        .token();
    let sent = &world.provider.requests(Endpoint::Token)[0];
    let claims = sent.form_field("claims").unwrap();
    assert_eq!(claims, r#"{"access_token":{"xms_cc":{"values":["CP1"]}}}"#);
}

#[test]
fn a_path_of_a_managed_identity_is_sent_and_cached_under_itself() {
    let provider = LocalIdentityProvider::builder()
        .app(App::new("blueprint").secret("s").managed_identity_paths());
    let world = World::of(provider);
    let cache = world.path("cache.json");
    let run = |path| {
        let own = [
            "client-credentials",
            "--client-id",
            "blueprint",
            "--secret-env",
            "S",
        ];
        let run = world
            .run(own)
            .arguments(["--authority", &world.provider.authority()]);
        let run = run.arguments(["--scope", "api://AzureFMITokenExchange/.default"]);
        run.arguments(["--fmi-path", path])
            .env("S", "s")
            .path("--cache", &cache)
            .token()
    };
    assert_eq!(run("agent")["token_source"], "identity_provider");
    assert_eq!(run("agent")["token_source"], "cache");
    assert_eq!(run("other")["token_source"], "identity_provider");
    let sent = &world.provider.requests(Endpoint::Token)[0];
    assert_eq!(sent.form_field("fmi_path").as_deref(), Some("agent"));
}

#[test]
fn a_forced_refresh_goes_past_the_cache() {
    let world = World::new();
    let cache = world.path("cache.json");
    let run = || world.token().path("--cache", &cache);
    run().token();
    assert_eq!(
        run().arguments(["--force-refresh"]).token()["token_source"],
        "identity_provider"
    );
    assert_eq!(world.provider.count(Endpoint::Token), 2);
}

#[test]
fn a_token_that_is_due_is_renewed_before_the_command_ends() {
    for transport in TRANSPORTS {
        let world = World::new();
        let cache = world.path("cache.json");
        let run = || {
            world
                .token()
                .arguments(["--transport", transport])
                .path("--cache", &cache)
        };
        let first = run().token();
        let make_due = || {
            edit(&cache, |token| {
                token["refresh_on"] = json!((now() - 10).to_string());
            });
        };
        make_due();
        let renewed = run().token();
        assert_eq!(renewed["token_source"], "identity_provider");
        assert_ne!(renewed["access_token"], first["access_token"]);
        assert_eq!(run().token()["token_source"], "cache");

        for fault in [
            Fault::status(500).times(2),
            Fault::status(429).header("retry-after", "9"),
            Fault::json(401, r#"{"error":"invalid_client","error_codes":[7000222]}"#),
            Fault::reset().times(2),
        ] {
            make_due();
            world.provider.script(fault.on(Endpoint::Token));
            let kept = run().token();
            assert_eq!(kept["token_source"], "cache");
            assert_eq!(kept["access_token"], renewed["access_token"]);
            assert_eq!(world.provider.waiting_faults(), 0);
        }
    }
}

#[test]
fn a_region_has_its_own_token_service() {
    for transport in TRANSPORTS {
        let world = World::new();
        world.provider.set_region("westeurope");
        let plain = world.provider.plain_url();
        let run = || world.token().arguments(["--transport", transport]);
        let imds = |run: crate::world::Run| run.env("AZURE_POD_IDENTITY_AUTHORITY_HOST", &plain);
        for (run, host) in [
            (run(), "login.microsoftonline.com"),
            (
                run().arguments(["--azure-region", "West US 2"]),
                "westus2.login.microsoft.com",
            ),
            (
                run()
                    .arguments(["--azure-region", "auto"])
                    .env("REGION_NAME", "East US"),
                "eastus.login.microsoft.com",
            ),
            (
                imds(run().arguments(["--azure-region", "auto"])),
                "westeurope.login.microsoft.com",
            ),
            (
                run().env("MSAL_FORCE_REGION", "North Europe"),
                "northeurope.login.microsoft.com",
            ),
            (
                run()
                    .arguments(["--azure-region", "uksouth"])
                    .env("MSAL_FORCE_REGION", "eastus"),
                "uksouth.login.microsoft.com",
            ),
        ] {
            run.token();
            let sent = world.provider.requests(Endpoint::Token);
            assert_eq!(sent.last().unwrap().host, host);
        }
        assert_eq!(world.provider.count(Endpoint::InstanceMetadata), 1);
    }
}

#[test]
fn the_discovery_of_an_unknown_host_can_be_turned_off() {
    for transport in TRANSPORTS {
        let provider = LocalIdentityProvider::builder().known_host("login.contoso.example");
        let world = World::of(provider);
        let authority = format!("https://login.contoso.example/{TENANT_ID}");
        let run = |discovery| {
            world.provider.clear_journal();
            let own = [
                "client-credentials",
                "--client-id",
                SECRET_CLIENT_ID,
                "--secret-env",
                "S",
            ];
            let run = world
                .run(own)
                .arguments(["--authority", &authority, "--scope", GRAPH_SCOPE]);
            let run = run.arguments(["--instance-discovery", discovery, "--transport", transport]);
            run.env("S", msal_testing::defaults::CLIENT_SECRET).token();
            (
                world.provider.count(Endpoint::InstanceDiscovery),
                world.provider.count(Endpoint::OpenIdConfiguration),
            )
        };
        assert_eq!(run("on"), (1, 1));
        assert_eq!(run("off"), (0, 1));
    }
}

#[test]
fn a_plain_issuer_is_asked_for_its_configuration() {
    for transport in TRANSPORTS {
        let issuer = OidcIssuer::new("https://id.example.com/realms/main").unwrap();
        let world = World::of(LocalIdentityProvider::builder().oidc_issuer(issuer));
        let cache = world.path("cache.json");
        let run = || {
            let own = [
                "client-credentials",
                "--client-id",
                SECRET_CLIENT_ID,
                "--secret-env",
                "S",
            ];
            let run = world
                .run(own)
                .arguments(["--oidc", "--transport", transport]);
            let run = run.arguments(["--authority", "https://id.example.com/realms/main"]);
            let run = run
                .arguments(["--scope", "api://local-api/.default"])
                .path("--cache", &cache);
            run.env("S", msal_testing::defaults::CLIENT_SECRET).token()
        };
        assert_eq!(run()["token_source"], "identity_provider");
        assert_eq!(
            world.provider.requests(Endpoint::Token)[0].path,
            "/realms/main/connect/token"
        );
        assert_eq!(run()["token_source"], "cache");
        assert_eq!(world.provider.count(Endpoint::OpenIdConfiguration), 1);
    }
}

#[test]
fn the_platforms_proxy_settings_hold_without_a_proxy_of_ones_own() {
    for transport in TRANSPORTS {
        let world = World::new();
        let own = [
            "client-credentials",
            "--client-id",
            SECRET_CLIENT_ID,
            "--secret-env",
            "S",
        ];
        let run = world
            .bare(own)
            .arguments(["--scope", GRAPH_SCOPE, "--transport", transport]);
        let run = run.arguments(["--authority", &world.provider.authority()]);
        let run = run.path("--ca-file", world.provider.ca_file());
        let run = run.env("HTTPS_PROXY", world.provider.proxy_url());
        let token = run.env("S", msal_testing::defaults::CLIENT_SECRET).token();
        assert_eq!(token["token_source"], "identity_provider");
    }
}

#[test]
fn tokens_of_tenants_and_clients_are_kept_apart_in_one_file() {
    let provider = LocalIdentityProvider::builder().tenant(
        Tenant::new("7f1d2b3c-4e5a-4b6c-8d7e-9f0a1b2c3d4e", "Third").domain("third.example"),
    );
    let world = World::of(provider);
    let cache = world.path("cache.json");
    let run = |tenant: &str, client: &str| {
        let authority = format!("https://login.microsoftonline.com/{tenant}");
        let run = world.run(["client-credentials", "--authority", &authority]);
        let run = run.arguments(["--client-id", client, "--scope", GRAPH_SCOPE]);
        let run = run.path("--cache", &cache);
        let run = match client {
            SECRET_CLIENT_ID => run.arguments(["--secret-env", "S"]),
            _ => run
                .path("--certificate", &world.provider.client_certificate_file())
                .path("--private-key", &world.provider.client_key_file()),
        };
        run.env("S", msal_testing::defaults::CLIENT_SECRET).token()["token_source"].clone()
    };
    let all = [
        (TENANT_ID, SECRET_CLIENT_ID),
        (TENANT_ID, CERTIFICATE_CLIENT_ID),
        (OTHER_TENANT_ID, SECRET_CLIENT_ID),
        ("third.example", SECRET_CLIENT_ID),
    ];
    for source in ["identity_provider", "cache"] {
        for (tenant, client) in all {
            assert_eq!(run(tenant, client), source, "{tenant} {client}");
        }
    }
}
