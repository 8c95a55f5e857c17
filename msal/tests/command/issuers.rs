//! Users of other identity providers than Entra ID.

use msal_testing::defaults::{PASSWORD, PUBLIC_CLIENT_ID, USERNAME};
use msal_testing::{Endpoint, LocalIdentityProvider, OidcIssuer};

use crate::users::REDIRECT_URI;
use crate::world::{Run, TRANSPORTS, World};

const ISSUER: &str = "https://id.example.com/realms/main";
const TASKS: &str = "api://local-api/Task.Read";

fn world() -> World {
    let issuer = OidcIssuer::new(ISSUER).unwrap();
    World::of(LocalIdentityProvider::builder().oidc_issuer(issuer))
}

fn client(world: &World, command: &str, transport: &str) -> Run {
    let run = world.run([command, "--client-id", PUBLIC_CLIENT_ID, "--oidc"]);
    run.arguments(["--authority", ISSUER, "--scope", TASKS])
        .arguments(["--transport", transport])
}

#[test]
fn a_user_of_a_plain_issuer_signs_in_comes_back_and_signs_out() {
    for transport in TRANSPORTS {
        let world = world();
        let cache = world.path("cache.json");
        let client = |command: &str| client(&world, command, transport);
        let token = world.signed_in_to(client, REDIRECT_URI, USERNAME, &cache);
        assert_eq!(token["id_token_claims"]["iss"], ISSUER);
        assert_eq!(token["account"]["environment"], "id.example.com");
        // The flow knows the endpoints: its second half need not ask for them.
        assert_eq!(world.provider.count(Endpoint::OpenIdConfiguration), 1);
        let connections = world.provider.connections();
        let silent = client("silent").path("--cache", &cache).token();
        assert_eq!(silent["token_source"], "cache");
        assert_eq!(silent["account"], token["account"]);
        assert_eq!(world.provider.connections(), connections);
        let renewed = client("silent").arguments(["--force-refresh"]);
        let renewed = renewed.path("--cache", &cache).token();
        assert_eq!(renewed["token_source"], "identity_provider");
        assert_eq!(renewed["account"], token["account"]);
        let answer = client("sign-out").path("--cache", &cache).answer();
        assert_eq!(answer["removed"], 1);
    }
}

#[test]
fn its_configuration_is_fetched_once_a_run() {
    std::thread::scope(|threads| {
        for transport in TRANSPORTS {
            threads.spawn(move || {
                let world = world();
                let mut started = client(&world, "device-code", transport).start();
                let line = started.line_with("enter the code");
                let code = line.rsplit(' ').next().unwrap().trim_end_matches('.');
                world.provider.approve_device(code, USERNAME).unwrap();
                started.end().token();
                assert_eq!(world.provider.count(Endpoint::OpenIdConfiguration), 1);
            });
        }
    });
}

#[test]
fn a_response_of_another_issuer_is_not_redeemed() {
    for transport in TRANSPORTS {
        let world = world();
        let run = client(&world, "auth-code-url", transport);
        let begun = World::begin(run.arguments(["--response-mode", "query"]), REDIRECT_URI);
        let url = begun["auth_uri"].as_str().unwrap();
        let answer = world.provider.sign_in(url, USERNAME, PASSWORD).unwrap();
        let flow = world.file("flow.json", begun.to_string());
        let run = client(&world, "auth-code", transport).path("--flow", &flow);
        let location = answer.location().unwrap();
        // Another issuer's response is not redeemed here, RFC 9207.
        let foreign = format!("{location}&iss=https%3A%2F%2Fevil.example");
        let again = client(&world, "auth-code", transport).path("--flow", &flow);
        again
            .arguments(["--response", &foreign])
            .error(1, "invalid_response");
        run.arguments(["--response", location]).token();
    }
}
