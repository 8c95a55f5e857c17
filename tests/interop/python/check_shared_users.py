"""MSAL Python and the `msal` command find each other's users in one cache file, and sign them out of it."""

import json
import os
import subprocess
import tempfile
from contextlib import contextmanager

import msal

SCOPES = ["User.Read"]
USERNAME = "alice@contoso.com"
TENANTS = ["", "common", "organizations"]


def check_a_user_of_the_command_is_here(provider):
    for tenant in TENANTS:
        with cache_file() as file:
            ours = sign_in(provider, file, tenant)
            asked = len(provider.requests("token"))
            app = application(provider, file, tenant)
            [account] = app.get_accounts(USERNAME)
            theirs = app.acquire_token_silent_with_error(SCOPES, account)
            if tenant:
                # MSAL Python looks for access tokens under the name of the authority, and the command keeps them under
                # the tenant that answered, as all others do: the refresh token it finds.
                assert "access_token" in theirs, (tenant, theirs)
                assert len(provider.requests("token")) == asked + 1, tenant
            else:
                assert theirs.get("access_token") == ours["access_token"], (tenant, theirs)
                assert len(provider.requests("token")) == asked, tenant


def check_a_user_of_the_command_is_signed_out_here(provider):
    for tenant in TENANTS:
        with cache_file() as file:
            sign_in(provider, file, tenant)
            app = application(provider, file, tenant)
            app.remove_account(app.get_accounts(USERNAME)[0])
            assert left(json.loads(app.token_cache.serialize())) == {"AppMetadata"}, tenant


def check_a_user_from_here_is_the_commands(provider):
    for tenant in TENANTS:
        with cache_file() as file:
            theirs = sign_in_here(provider, file, tenant)
            [account] = command(provider, file, tenant, "accounts")
            assert account["username"] == USERNAME, account
            ours = command(provider, file, tenant, "silent", "--username", USERNAME, "--scope", "User.Read")
            assert ours["token_source"] == "cache", (tenant, ours)
            assert ours["access_token"] == theirs["access_token"], tenant


def check_a_user_from_here_is_signed_out_by_the_command(provider):
    for tenant in TENANTS:
        with cache_file() as file:
            sign_in_here(provider, file, tenant)
            done = command(provider, file, tenant, "sign-out", "--username", USERNAME)
            assert done["removed"] == 1, done
            with open(file, encoding="utf-8") as stored:
                assert left(json.load(stored)) <= {"AppMetadata"}, tenant
            assert command(provider, file, tenant, "accounts") == []


def left(cache):
    return {kind for kind, entries in cache.items() if entries}


def sign_in(provider, file, tenant):
    return command(provider, file, tenant, "refresh-token", "--refresh-token-env", "USER_TOKEN", "--scope", "User.Read")


def sign_in_here(provider, file, tenant):
    app = application(provider, None, tenant)
    result = app.acquire_token_by_refresh_token(refresh_token(provider), SCOPES)
    assert "access_token" in result, result
    with open(file, "w", encoding="utf-8") as out:
        out.write(app.token_cache.serialize())
    os.chmod(file, 0o600)
    return result


def refresh_token(provider):
    """A refresh token from elsewhere: `common` takes no passwords, but these."""
    app = application(provider, None, "")
    app.acquire_token_by_username_password(USERNAME, provider.password, SCOPES)
    [token] = json.loads(app.token_cache.serialize())["RefreshToken"].values()
    return token["secret"]


def authority(provider, tenant):
    return f"https://login.microsoftonline.com/{tenant or provider.tenant['id']}"


def application(provider, file, tenant):
    cache = msal.SerializableTokenCache()
    if file:
        with open(file, encoding="utf-8") as stored:
            cache.deserialize(stored.read())
    return msal.PublicClientApplication(
        provider.app("Desktop app")["client_id"], authority=authority(provider, tenant), token_cache=cache
    )


def command(provider, file, tenant, name, *more):
    arguments = [
        os.environ["MSAL_COMMAND"], name,
        "--authority", authority(provider, tenant),
        "--client-id", provider.app("Desktop app")["client_id"],
        "--ca-file", provider.summary["ca_file"],
        "--cache", file, *more,
    ]
    environment = {**os.environ, "USER_TOKEN": refresh_token(provider)}
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout, done.stderr)
    return json.loads(done.stdout)


@contextmanager
def cache_file():
    with tempfile.TemporaryDirectory() as folder:
        yield os.path.join(folder, "cache.json")
