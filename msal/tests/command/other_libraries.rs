//! Users who signed in by MSAL Python or MSAL Node.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::users::secrets_of;
use crate::world::{Run, TRANSPORTS, World};

const CLIENT: &str = "c1c1c1c1-0000-4000-8000-0000000000c1";
const CLIENT_OF_MANY: &str = "c4c4c4c4-0000-4000-8000-0000000000c4";
const TENANT: &str = "a1a1a1a1-0000-4000-8000-000000000001";
const OTHER_TENANT: &str = "b2b2b2b2-0000-4000-8000-000000000002";
const ALICE: &str = "alice@contoso.example";
const BOB: &str = "bob@fabrikam.example";

/// A copy of a file that another library wrote.
fn copied(world: &World, name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../msal-cache/tests/fixtures");
    world.file(name, fs::read(folder.join(name)).unwrap())
}

fn run(world: &World, command: &[&str], client_id: &str, tenant: &str) -> Run {
    let authority = format!("https://login.microsoftonline.com/{tenant}");
    world
        .run(command)
        .arguments(["--client-id", client_id, "--authority", &authority])
}

#[test]
fn their_users_are_known_and_their_tokens_are_handed_out() {
    for transport in TRANSPORTS {
        for name in ["python-user.json", "node-user.json"] {
            for tenant in [TENANT, "common", "organizations"] {
                let world = World::new();
                let cache = copied(&world, name);
                let before = fs::read(&cache).unwrap();
                let of = |command: &[&str]| {
                    let run = run(&world, command, CLIENT, tenant);
                    let run = run.arguments(["--transport", transport]);
                    run.path("--cache", &cache)
                };
                let accounts = of(&["accounts"]).answer();
                assert_eq!(accounts[0]["username"], ALICE);
                assert_eq!(accounts[0]["tenant_id"], TENANT);
                for scope in ["User.Read", "user.read"] {
                    let token = of(&["silent", "--scope", scope]).token();
                    assert_eq!(token["token_source"], "cache");
                    assert_eq!(token["account"], accounts[0]);
                    assert_eq!(token["expires_on"], 4_102_444_800_u64);
                    assert!(token["id_token_claims"].is_object(), "{name}");
                }
                let hit = of(&["explain", "silent", "--scope", "User.Read"]).answer();
                assert_eq!(hit["outcome"], "hit");
                assert_eq!(fs::read(&cache).unwrap(), before);
                let answer = of(&["sign-out", "--username", ALICE]).answer();
                assert_eq!(answer, json!({ "removed": 1 }));
                for section in ["AccessToken", "IdToken", "RefreshToken"] {
                    assert!(secrets_of(&cache, section).is_empty(), "{name} {section}");
                }
                assert_eq!(of(&["accounts"]).answer(), json!([]));
                assert_eq!(world.provider.connections(), 0);
            }
        }
    }
}

#[test]
fn of_several_users_one_is_chosen_and_the_others_stay() {
    for name in ["python-multi-account.json", "node-multi-account.json"] {
        let world = World::new();
        let cache = copied(&world, name);
        let of = |command: &[&str], tenant: &str| {
            let run = run(&world, command, CLIENT_OF_MANY, tenant);
            run.path("--cache", &cache)
        };
        let accounts = of(&["accounts"], "common").answer();
        let accounts = accounts.as_array().unwrap();
        assert_eq!(accounts.len(), 2, "{name}");
        let alice = accounts
            .iter()
            .find(|one| one["username"] == ALICE)
            .unwrap();
        assert_eq!(
            alice["tenant_profiles"].as_array().unwrap().len(),
            2,
            "{name}"
        );
        of(&["silent", "--scope", "User.Read"], "common").error(1, "unsupported");
        let token = |user: &str, tenant: &str| -> Value {
            let line = [
                "silent",
                "--scope",
                "User.Read",
                "--cache-only",
                "--username",
                user,
            ];
            let token = of(&line, tenant).token();
            token["access_token"].clone()
        };
        // A guest's token of the other tenant is another one.
        assert_ne!(token(ALICE, TENANT), token(ALICE, OTHER_TENANT));
        assert_ne!(token(ALICE, OTHER_TENANT), token(BOB, OTHER_TENANT));
        let answer = of(&["sign-out", "--username", ALICE], "common").answer();
        assert_eq!(answer, json!({ "removed": 1 }));
        let left = of(&["accounts"], "common").answer();
        assert_eq!(left[0]["username"], BOB);
        assert_eq!(left.as_array().unwrap().len(), 1);
        token(BOB, OTHER_TENANT);
    }
}

#[test]
fn an_expired_token_is_not_handed_out() {
    for name in ["python-expired.json", "node-expired.json"] {
        let world = World::new();
        let cache = copied(&world, name);
        let line = ["silent", "--scope", "User.Read", "--cache-only"];
        let run = run(&world, &line, CLIENT, TENANT).path("--cache", &cache);
        run.error(1, "not_cached");
        assert_eq!(world.provider.connections(), 0);
    }
}
