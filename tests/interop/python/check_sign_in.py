"""MSAL Python signs users in: by code, interactively, on devices, silently."""

import json
import threading
import urllib.parse
import urllib.request
import warnings
import webbrowser

import msal

from provider import claims

ALICE = "alice@contoso.com"
MIA = "mia@contoso.com"
SCOPES = ["User.Read"]
REDIRECT_URI = "http://localhost:1234"

# It advises against the query, in which the answer comes by default.
warnings.filterwarnings("ignore", message="response_mode")


def check_code_in_query_and_form(provider):
    for response_mode in (None, "form_post"):
        app = desktop(provider)
        result, answer = sign_in(provider, app, SCOPES, response_mode=response_mode)
        assert answer["method"] == ("POST" if response_mode else "GET"), answer
        assert result["id_token_claims"]["preferred_username"] == ALICE, result
        account = account_of(app)
        assert account["home_account_id"] == provider.user(ALICE)["home_account_id"], account
        assert account["username"] == ALICE, account
        cached = app.acquire_token_silent(SCOPES, account)
        assert cached["token_source"] == "cache", cached
        fresh = app.acquire_token_silent(SCOPES, account, force_refresh=True)
        assert fresh["token_source"] == "identity_provider", fresh
        assert claims(fresh["access_token"])["scp"].split()[-1] == "Files.Read", fresh


def check_other_kinds_of_provider(provider):
    api = ["api://local-api/Task.Read"]
    cases = [
        ("https://login.microsoftonline.com/common", SCOPES),
        ("https://contoso.ciamlogin.com", SCOPES),
        ("https://fs.contoso.com/adfs", api),
        ("https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_susi", api),
    ]
    for authority, scopes in cases:
        app = desktop(provider, authority)
        sign_in(provider, app, scopes)
        account = account_of(app)
        assert app.acquire_token_silent(scopes, account)["token_source"] == "cache", authority
        fresh = app.acquire_token_silent(scopes, account, force_refresh=True)
        assert fresh["token_source"] == "identity_provider", (authority, fresh)


def check_interactive(provider):
    app = desktop(provider)
    browser = Browser(provider, MIA)
    webbrowser.register("local", None, browser, preferred=True)
    result = app.acquire_token_interactive(SCOPES, timeout=30)
    browser.thread.join()
    assert result.get("access_token"), result
    assert claims(result["access_token"])["amr"] == ["pwd", "mfa"], result
    assert provider.requests("authorize")[0]["query"].count("response_mode=form_post") == 1


def check_device_code(provider):
    app = desktop(provider)
    flow = app.initiate_device_flow(SCOPES)
    assert flow["user_code"] in flow["message"], flow
    flow["expires_at"] = 0  # Asks once.
    assert app.acquire_token_by_device_flow(dict(flow))["error"] == "authorization_pending"
    provider.control("POST", "device", {"user_code": flow["user_code"], "username": MIA})
    result = app.acquire_token_by_device_flow(flow)
    assert result["id_token_claims"]["preferred_username"] == MIA, result
    declined = app.initiate_device_flow(SCOPES)
    body = {"user_code": declined["user_code"], "username": MIA, "decision": "decline"}
    provider.control("POST", "device", body)
    assert app.acquire_token_by_device_flow(declined)["error"] == "authorization_declined"


def check_a_family_shares_its_refresh_token(provider):
    first = public(provider, "Family member")
    result, _ = sign_in(provider, first, SCOPES)
    assert result["foci"] == "1", result
    second = public(provider, "Other family member", token_cache=first.token_cache)
    shared = second.acquire_token_silent_with_error(SCOPES, account_of(first))
    assert shared["foci"] == "1", shared
    assert claims(shared["access_token"])["appid"] == provider.app("Other family member")["client_id"]
    stranger = desktop(provider, token_cache=first.token_cache)
    assert stranger.acquire_token_silent(SCOPES, account_of(first)) is None


def check_web_app_consent_and_revocation(provider):
    web = provider.app("Web app")
    app = msal.ConfidentialClientApplication(
        web["client_id"], client_credential=web["client_secret"], authority=provider.authority()
    )
    uri = "http://localhost:8080/auth/redirect"
    sign_in(provider, app, SCOPES, redirect_uri=uri)
    account = account_of(app)
    refused = app.acquire_token_silent_with_error(["Mail.Read"], account)
    assert refused["error_codes"] == [65001] and refused["classification"] == "consent_required", refused
    flow = app.initiate_auth_code_flow(["Mail.Read"], redirect_uri=uri)
    body = {"url": flow["auth_uri"], "username": ALICE, "consent": False}
    answer = provider.control("POST", "sign-in", body)["parameters"]
    assert app.acquire_token_by_auth_code_flow(flow, answer)["error"] == "access_denied", answer
    assert provider.control("POST", "revoke", {"username": ALICE})["revoked"] >= 1
    refused = app.acquire_token_silent_with_error(SCOPES, account, force_refresh=True)
    assert refused["error_codes"] == [50173], refused


def check_claims_challenge(provider):
    app = desktop(provider)
    sign_in(provider, app, SCOPES)
    demanded = {"access_token": {"acrs": {"essential": True, "value": "c1"}}}
    demand = {"resource": "https://graph.microsoft.com", "claims": demanded}
    provider.control("POST", "demand", demand)
    try:
        refused = app.acquire_token_silent_with_error(SCOPES, account_of(app), force_refresh=True)
        assert refused["error"] == "interaction_required", refused
        assert json.loads(refused["claims"]) == demanded, refused
        result, _ = sign_in(provider, app, SCOPES, claims_challenge=refused["claims"])
        assert "access_token" in result, result
    finally:
        provider.control("POST", "demand", {**demand, "claims": None})


def check_ssh_certificate(provider):
    app = desktop(provider)
    key = {"kty": "RSA", "n": "AQAB" * 64, "e": "AQAB"}
    data = {"token_type": "ssh-cert", "key_id": "one", "req_cnf": json.dumps(key)}
    scopes = ["https://pas.windows.net/CheckMyAccess/Linux/.default"]
    flow = app.initiate_auth_code_flow(scopes, redirect_uri=REDIRECT_URI)
    answer = provider.control("POST", "sign-in", {"url": flow["auth_uri"], "username": ALICE})
    result = app.acquire_token_by_auth_code_flow(flow, answer["parameters"], data=data)
    assert result["token_type"] == "ssh-cert", result
    cached = app.acquire_token_silent(scopes, account_of(app), data=data)
    assert cached["access_token"] == result["access_token"], cached


class Browser:
    """What MSAL opens in place of a browser: signs the user in, and posts the answer to the listener."""

    def __init__(self, provider, username):
        self.provider = provider
        self.username = username
        self.thread = None

    def open(self, url, new=0, autoraise=True):
        self.thread = threading.Thread(target=self.walk, args=[url])
        self.thread.start()
        return True

    def walk(self, url):
        answer = self.provider.control("POST", "sign-in", {"url": url, "username": self.username})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        opener.open(answer["redirect_uri"], answer["body"].encode(), timeout=10).read()


def sign_in(provider, app, scopes, redirect_uri=REDIRECT_URI, **options):
    flow = app.initiate_auth_code_flow(scopes, redirect_uri=redirect_uri, **options)
    answer = provider.control("POST", "sign-in", {"url": flow["auth_uri"], "username": ALICE})
    encoded = answer["body"] or urllib.parse.urlsplit(answer["location"]).query
    result = app.acquire_token_by_auth_code_flow(flow, dict(urllib.parse.parse_qsl(encoded)))
    assert "access_token" in result, result
    return result, answer


def account_of(app):
    (account,) = app.get_accounts()
    return account


def desktop(provider, authority=None, **options):
    return public(provider, "Desktop app", authority, **options)


def public(provider, name, authority=None, **options):
    return msal.PublicClientApplication(
        provider.app(name)["client_id"], authority=authority or provider.authority(), **options
    )
