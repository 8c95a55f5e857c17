"""MSAL Python gets tokens for the identities of machines."""

import contextlib
import os

import msal
import requests

from provider import claims

VAULT = "https://vault.azure.net"
VARIABLES = [
    "AZURE_POD_IDENTITY_AUTHORITY_HOST",
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "IDENTITY_SERVER_THUMBPRINT",
    "IMDS_ENDPOINT",
    "MSI_ENDPOINT",
    "MSI_SECRET",
]


def check_imds(provider):
    user = provider.summary["identities"]["user"]
    each_identity(provider, "imds", user, ["client_id", "object_id", "resource_id"])


def check_imds_refuses_what_came_by_a_proxy(provider):
    with machine(provider, "imds"):
        result = client(msal.SystemAssignedManagedIdentity(), {"X-Forwarded-For": "10.0.0.1"}).acquire_token_for_client(
            resource=VAULT
        )
    assert result["error"] == "invalid_request", result


def check_app_service(provider):
    user = provider.summary["identities"]["user"]
    each_identity(provider, "app_service", user, ["client_id", "object_id", "resource_id"])


def check_machine_learning(provider):
    each_identity(provider, "azure_ml", provider.summary["identities"]["user"], ["client_id"])


def check_service_fabric(provider):
    each_identity(provider, "service_fabric", None, [])


def check_service_fabric_renews_a_token_that_was_refused(provider):
    with machine(provider, "service_fabric"):
        app = client(msal.SystemAssignedManagedIdentity(), client_capabilities=["CP1"])
        first = app.acquire_token_for_client(resource=VAULT)
        second = app.acquire_token_for_client(resource=VAULT, claims_challenge='{"access_token":{}}')
    assert second["access_token"] != first["access_token"], second
    queries = [request["query"] for request in provider.requests("managed_identity")]
    assert "token_sha256_to_refresh=" in queries[1] and "xms_cc=CP1" in queries[1], queries


def check_service_fabric_with_another_certificate(provider):
    with machine(provider, "service_fabric", IDENTITY_SERVER_THUMBPRINT="00" * 20):
        try:
            client(msal.SystemAssignedManagedIdentity()).acquire_token_for_client(resource=VAULT)
        except requests.exceptions.RequestException:
            pass
        else:
            raise AssertionError("MSAL took a certificate that is not the pinned one")
    assert not provider.requests("managed_identity")


def check_azure_arc(provider):
    if "ARC_KEYS" not in os.environ:
        print("the folder of Azure Arc's keys cannot be had here")
        return
    user = provider.summary["identities"]["user"]
    each_identity(provider, "azure_arc", user, ["client_id", "object_id", "resource_id"])


def each_identity(provider, source, user, kinds):
    """The machine's own identity, and an assigned one by each kind of id."""
    identities = [(msal.SystemAssignedManagedIdentity(), provider.summary["identities"]["system"])]
    identities += [(msal.UserAssignedManagedIdentity(**{kind: user[kind]}), user) for kind in kinds]
    for identity, expected in identities:
        with machine(provider, source):
            app = client(identity)
            result = app.acquire_token_for_client(resource=VAULT)
            assert "access_token" in result, (source, identity, result)
            token = claims(result["access_token"])
            assert token["oid"] == expected["object_id"], (source, identity, token)
            assert token["aud"] == VAULT, token
            again = app.acquire_token_for_client(resource=VAULT)
            assert again["token_source"] == "cache", again
    assert {request["via"] for request in provider.requests("managed_identity")} == {"direct"}


def client(identity, headers=None, **options):
    session = requests.Session()
    # A program that has a proxy for the rest of the world has none for its machine.
    session.trust_env = False
    session.verify = os.environ["REQUESTS_CA_BUNDLE"]
    session.headers.update(headers or {})
    return msal.ManagedIdentityClient(identity, http_client=session, **options)


@contextlib.contextmanager
def machine(provider, source, **others):
    """This process as one on such a machine."""
    before = {name: os.environ.pop(name, None) for name in VARIABLES}
    os.environ.update({**provider.summary["machines"][source], **others})
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
