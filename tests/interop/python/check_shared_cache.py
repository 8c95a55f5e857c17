"""MSAL Python and the `msal` command find each other's app tokens in one cache file."""

import json
import os
import subprocess
import tempfile

import msal

SCOPE = "https://graph.microsoft.com/.default"


def check_reads_what_the_command_wrote_for_python(provider):
    for compatible in ["python", "python+node"]:
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "cache.json")
            ours = command(provider, file, compatible)
            assert ours["token_source"] == "identity_provider", ours
            asked = len(provider.requests("token"))
            theirs = application(provider, file).acquire_token_for_client([SCOPE])
            assert theirs.get("token_source") == "cache", (compatible, theirs)
            assert theirs["access_token"] == ours["access_token"]
            assert len(provider.requests("token")) == asked


def check_does_not_read_what_is_meant_for_others(provider):
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "cache.json")
        command(provider, file, "node")
        theirs = application(provider, file).acquire_token_for_client([SCOPE])
        assert theirs.get("token_source") == "identity_provider", theirs


def check_the_command_reads_what_python_wrote(provider):
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "cache.json")
        app = application(provider, None)
        theirs = app.acquire_token_for_client([SCOPE])
        with open(file, "w", encoding="utf-8") as out:
            out.write(app.token_cache.serialize())
        os.chmod(file, 0o600)
        asked = len(provider.requests("token"))
        ours = command(provider, file, "standard")
        assert ours["token_source"] == "cache", ours
        assert ours["access_token"] == theirs["access_token"]
        assert len(provider.requests("token")) == asked


def check_the_command_keeps_what_only_python_knows(provider):
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "cache.json")
        app = application(provider, None)
        app.acquire_token_for_client([SCOPE])
        cache = json.loads(app.token_cache.serialize())
        cache["Future"] = {"a": [1, 2.50, "x"]}
        with open(file, "w", encoding="utf-8") as out:
            json.dump(cache, out)
        os.chmod(file, 0o600)
        command(provider, file, "python", "--force-refresh")
        with open(file, encoding="utf-8") as written:
            after = json.load(written)
        assert after["Future"] == cache["Future"], after
        assert after["AppMetadata"] == cache["AppMetadata"], after["AppMetadata"]


def application(provider, file):
    cache = msal.SerializableTokenCache()
    if file:
        with open(file, encoding="utf-8") as stored:
            cache.deserialize(stored.read())
    return msal.ConfidentialClientApplication(
        provider.secret_app["client_id"],
        client_credential=provider.secret_app["client_secret"],
        authority=provider.authority(),
        token_cache=cache,
    )


def command(provider, file, compatible, *more):
    """Runs `msal client-credentials` on the cache `file`."""
    arguments = [
        os.environ["MSAL_COMMAND"], "client-credentials",
        "--authority", provider.authority(),
        "--client-id", provider.secret_app["client_id"],
        "--secret-env", "CLIENT_SECRET",
        "--scope", SCOPE,
        "--ca-file", provider.summary["ca_file"],
        "--cache", file, "--cache-compatible", compatible, *more,
    ]
    environment = {**os.environ, "CLIENT_SECRET": provider.secret_app["client_secret"]}
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout, done.stderr)
    return json.loads(done.stdout)
