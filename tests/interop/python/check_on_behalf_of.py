"""MSAL Python as a web API: tokens on behalf of its callers."""

import json

import msal

from provider import claims

GRAPH = ["https://graph.microsoft.com/User.Read"]


def check_token_for_the_caller(provider):
    api = provider.app("Web API")
    result = web_api(provider).acquire_token_on_behalf_of(caller(provider), GRAPH)
    assert "access_token" in result, result
    token = claims(result["access_token"])
    assert token["upn"] == "alice@contoso.com" and token["appid"] == api["client_id"], token
    assert result["id_token_claims"]["aud"] == api["client_id"], result
    assert "refresh_token" in result, result


def check_account_of_the_caller(provider):
    app = web_api(provider)
    app.acquire_token_on_behalf_of(caller(provider), GRAPH)
    account = app.get_accounts()[0]
    assert account["home_account_id"] == provider.user("alice@contoso.com")["home_account_id"], account
    assert "access_token" in app.acquire_token_silent(GRAPH, account)


def check_guest(provider):
    other = provider.summary["tenants"][1]["id"]
    authority = f"https://login.microsoftonline.com/{other}"
    result = web_api(provider, authority).acquire_token_on_behalf_of(caller(provider, authority), GRAPH)
    token = claims(result["access_token"])
    assert token["tid"] == other and token["oid"] != provider.user("alice@contoso.com")["object_id"], token


def check_caller_that_is_an_app(provider):
    app = msal.ConfidentialClientApplication(
        provider.secret_app["client_id"],
        client_credential=provider.secret_app["client_secret"],
        authority=provider.authority(),
    )
    api = provider.app("Web API")["client_id"]
    own = app.acquire_token_for_client([f"api://{api}/.default"])
    scopes = ["https://graph.microsoft.com/.default"]
    result = web_api(provider).acquire_token_on_behalf_of(own["access_token"], scopes)
    assert "client_info" not in result and "id_token" not in result, result
    assert claims(result["access_token"])["oid"] == claims(own["access_token"])["oid"], result


def check_token_for_another(provider):
    result = public(provider).acquire_token_by_username_password(
        "alice@contoso.com", provider.password, ["User.Read"]
    )
    refused = web_api(provider).acquire_token_on_behalf_of(result["access_token"], GRAPH)
    assert refused["error"] == "invalid_grant" and refused["error_codes"] == [500131], refused


def check_consent(provider):
    scopes = ["https://graph.microsoft.com/Mail.Read"]
    refused = web_api(provider).acquire_token_on_behalf_of(caller(provider), scopes)
    assert refused["error_codes"] == [65001] and refused["suberror"] == "consent_required", refused
    assert "claims" not in refused, refused


def check_claims_challenge(provider):
    demanded = {"access_token": {"acrs": {"essential": True, "value": "c1"}}}
    resource = "https://graph.microsoft.com"
    token = caller(provider)
    provider.control("POST", "demand", {"resource": resource, "claims": demanded})
    try:
        refused = web_api(provider).acquire_token_on_behalf_of(token, GRAPH)
    finally:
        provider.control("POST", "demand", {"resource": resource, "claims": None})
    assert refused["error"] == "interaction_required", refused
    assert json.loads(refused["claims"]) == demanded, refused


def web_api(provider, authority=None):
    api = provider.app("Web API")
    return msal.ConfidentialClientApplication(
        api["client_id"],
        client_credential=api["client_secret"],
        authority=authority or provider.authority(),
    )


def public(provider, authority=None):
    return msal.PublicClientApplication(
        provider.app("Desktop app")["client_id"], authority=authority or provider.authority()
    )


def caller(provider, authority=None):
    """A token with which a desktop app calls the web API."""
    api = provider.app("Web API")["client_id"]
    result = public(provider, authority).acquire_token_by_username_password(
        "alice@contoso.com", provider.password, [f"api://{api}/access_as_user"]
    )
    return result["access_token"]
