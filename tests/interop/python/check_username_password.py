"""MSAL Python signs users in with a password: managed ones, and federated ones over WS-Trust."""

import base64
from contextlib import contextmanager

import msal

from provider import claims

SCOPES = ["User.Read"]
FEDERATED = "fred@federated.contoso.com"
ADFS = "adfs.contoso.com"
SAML_1 = "urn:ietf:params:oauth:grant-type:saml1_1-bearer"
SAML_2 = "urn:ietf:params:oauth:grant-type:saml2-bearer"


def check_managed_user_then_cache_and_refresh(provider):
    app = application(provider)
    user = provider.user("alice@contoso.com")
    result = sign_in(provider, app, user["username"])
    assert result["id_token_claims"]["oid"] == user["object_id"], result
    assert claims(result["access_token"])["upn"] == user["username"]
    account = app.get_accounts(user["username"])[0]
    assert account["home_account_id"] == user["home_account_id"], account
    silent = app.acquire_token_silent_with_error(SCOPES, account)
    assert silent["access_token"] == result["access_token"], silent
    assert len(provider.requests("token")) == 1
    refreshed = app.acquire_token_silent_with_error(SCOPES, account, force_refresh=True)
    assert refreshed["access_token"] != result["access_token"], refreshed
    realm = provider.requests("user_realm")
    assert [entry["path"] for entry in realm] == ["/common/userrealm/alice@contoso.com"], realm


def check_confidential_app(provider):
    web = provider.app("Web app")
    app = msal.ConfidentialClientApplication(
        web["client_id"], client_credential=web["client_secret"], authority=provider.authority()
    )
    result = sign_in(provider, app, "alice@contoso.com")
    assert claims(result["access_token"])["appidacr"] == "1", result


def check_organizations(provider):
    app = application(provider, "organizations")
    result = sign_in(provider, app, "alice@contoso.com")
    assert result["id_token_claims"]["tid"] == provider.tenant["id"], result


def check_users_that_cannot_sign_in(provider):
    cases = {
        "dora@contoso.com": (50057, None),
        "emil@contoso.com": (50055, "user_password_expired"),
        "mia@contoso.com": (50076, "basic_action"),
        "nobody@contoso.com": (50034, None),
        "paula@outlook.com": (50034, None),
    }
    for username, (code, suberror) in cases.items():
        result = attempt(provider, application(provider), username)
        assert result["error"] == "invalid_grant" and result["error_codes"] == [code], (username, result)
        assert result.get("suberror") == suberror, (username, result)
    result = application(provider).acquire_token_by_username_password("alice@contoso.com", "wrong", SCOPES)
    assert result["error_codes"] == [50126], result


def check_federated_user(provider):
    app = application(provider)
    user = provider.user(FEDERATED)
    result = sign_in(provider, app, FEDERATED)
    assert result["id_token_claims"]["oid"] == user["object_id"], result
    account = app.get_accounts(FEDERATED)[0]
    assert account["home_account_id"] == user["home_account_id"], account
    assert trust_paths(provider) == ["13"], provider.requests("ws_trust")
    assert grant(provider) == SAML_1
    # The password has gone to AD FS, and nowhere else.
    for entry in provider.requests("token"):
        assert provider.password not in str(entry["form"]), entry
    refreshed = app.acquire_token_silent_with_error(SCOPES, account, force_refresh=True)
    assert "access_token" in refreshed, refreshed


def check_federated_user_with_wrong_password(provider):
    try:
        application(provider).acquire_token_by_username_password(FEDERATED, "wrong", SCOPES)
    except RuntimeError as error:
        assert "FailedAuthentication" in str(error), error
    else:
        raise AssertionError("MSAL took a fault for an assertion")
    assert provider.requests("ws_trust")[0]["status"] == 500
    assert not provider.requests("token")


def check_federated_user_by_what_the_domain_offers(provider):
    cases = [
        ({"ws_trust": ["2005"]}, "2005", SAML_1),
        ({"ws_trust": ["13"]}, "13", SAML_1),
        ({"ws_trust": ["2005"], "saml": "2.0"}, "2005", SAML_2),
        ({"saml": "2.0"}, "13", SAML_2),
        ({"metadata": False}, "2005", SAML_1),
        ({"metadata": False, "ws_trust": ["13"]}, "13", SAML_1),
    ]
    for settings, path, grant_type in cases:
        with domain(provider, settings):
            provider.control("DELETE", "journal")
            sign_in(provider, application(provider), FEDERATED)
            assert trust_paths(provider) == [path], (settings, provider.requests("ws_trust"))
            assert grant(provider) == grant_type, settings
            described = len(provider.requests("federation_metadata"))
            assert described == (0 if "metadata" in settings else 1), (settings, described)


def check_federated_domain_without_a_usable_endpoint(provider):
    with domain(provider, {"ws_trust": []}):
        try:
            result = attempt(provider, application(provider), FEDERATED)
        except (ValueError, KeyError, RuntimeError):
            result = {}
        assert "access_token" not in result, result
        assert not [entry for entry in provider.requests("ws_trust") if entry["status"] == 200]


def check_the_assertion_arrives_as_it_was(provider):
    sign_in(provider, application(provider), FEDERATED)
    sent = dict(provider.requests("token")[0]["form"])["assertion"]
    text = base64.urlsafe_b64decode(sent + "=" * (-len(sent) % 4)).decode()
    assert text.startswith("<saml:Assertion ") and text.endswith("</saml:Assertion>"), text


def application(provider, tenant=None):
    return msal.PublicClientApplication(
        provider.app("Desktop app")["client_id"],
        authority=f"https://login.microsoftonline.com/{tenant or provider.tenant['id']}",
    )


def attempt(provider, app, username):
    return app.acquire_token_by_username_password(username, provider.password, SCOPES)


def sign_in(provider, app, username):
    result = attempt(provider, app, username)
    assert "access_token" in result, result
    return result


def trust_paths(provider):
    return [entry["path"].split("/")[-2] for entry in provider.requests("ws_trust")]


def grant(provider):
    return dict(provider.requests("token")[-1]["form"])["grant_type"]


@contextmanager
def domain(provider, settings):
    """Lets the default federated domain be another for a while."""
    base = {"name": "federated.contoso.com", "host": ADFS}
    provider.control("POST", "federated-domain", {**base, **settings})
    try:
        yield
    finally:
        provider.control("POST", "federated-domain", base)
