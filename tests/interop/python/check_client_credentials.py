"""MSAL Python gets tokens for an app."""

import msal

from provider import assertion_header, claims, read

SCOPES = ["https://graph.microsoft.com/.default"]


def check_secret_then_cache(provider):
    app = with_secret(provider)
    first = app.acquire_token_for_client(SCOPES)
    assert first.get("token_source") == "identity_provider", first
    second = app.acquire_token_for_client(SCOPES)
    assert second.get("token_source") == "cache", second
    assert first["access_token"] == second["access_token"]
    requests = provider.requests("token")
    assert len(requests) == 1, requests
    assert requests[0]["via"] == "connect" and requests[0]["host"] == "login.microsoftonline.com", requests
    token = claims(first["access_token"])
    assert token["tid"] == provider.tenant["id"] and token["appid"] == provider.secret_app["client_id"], token


def check_domain_name_as_tenant(provider):
    app = with_secret(provider, authority=f"https://login.microsoftonline.com/{provider.tenant['domains'][0]}")
    result = app.acquire_token_for_client(SCOPES)
    assert "access_token" in result, result
    assert app.authority.tenant == provider.tenant["id"], app.authority.tenant


def check_wrong_secret(provider):
    result = with_secret(provider, client_credential="wrong").acquire_token_for_client(SCOPES)
    assert result["error"] == "invalid_client", result
    assert result["error_codes"] == [7000215], result
    assert result["correlation_id"], result


def check_unknown_app(provider):
    app = with_secret(provider, client_id="00000000-0000-0000-0000-00000000dead")
    result = app.acquire_token_for_client(SCOPES)
    assert result["error"] == "unauthorized_client" and result["error_codes"] == [700016], result


def check_unknown_tenant(provider):
    try:
        with_secret(provider, authority="https://login.microsoftonline.com/nowhere.example")
    except ValueError as error:
        assert "nowhere.example" in str(error), error
    else:
        raise AssertionError("MSAL accepted a tenant that does not exist")


def check_unknown_host_is_validated_elsewhere(provider):
    try:
        with_secret(provider, authority=f"https://login.contoso.example/{provider.tenant['id']}")
    except ValueError as error:
        assert "invalid_instance" in str(error), error
    else:
        raise AssertionError("MSAL accepted a host that instance discovery does not know")
    hosts = {entry["host"] for entry in provider.requests("instance_discovery")}
    assert hosts == {"login.microsoftonline.com"}, hosts


def check_certificate_with_ps256(provider):
    app = with_certificate(provider, public_certificate=certificate(provider))
    result = app.acquire_token_for_client(SCOPES)
    assert "access_token" in result, result
    header = assertion_header(provider.requests("token")[0])
    assert header["alg"] == "PS256" and "x5t#S256" in header, header
    assert claims(result["access_token"])["appidacr"] == "2"


def check_certificate_from_pfx(provider):
    app = provider.certificate_app
    client = msal.ConfidentialClientApplication(
        app["client_id"],
        authority=provider.authority(),
        client_credential={"private_key_pfx_path": app["pfx_file"], "passphrase": app["pfx_password"]},
    )
    result = client.acquire_token_for_client(SCOPES)
    assert "access_token" in result, result
    assert assertion_header(provider.requests("token")[0])["alg"] == "PS256"


def check_certificate_with_sha1_thumbprint(provider):
    app = with_certificate(provider, thumbprint=provider.certificate_app["thumbprint_sha1"])
    result = app.acquire_token_for_client(SCOPES)
    assert "access_token" in result, result
    header = assertion_header(provider.requests("token")[0])
    assert header["alg"] == "RS256" and "x5t" in header, header


def check_certificate_that_is_not_registered(provider):
    app = with_certificate(provider, thumbprint="00" * 20)
    result = app.acquire_token_for_client(SCOPES)
    assert result["error"] == "invalid_client" and result["error_codes"] == [700027], result


def check_sovereign_clouds(provider):
    for host in ["login.microsoftonline.us", "login.partner.microsoftonline.cn", "login.sovcloud-identity.fr"]:
        result = with_secret(provider, authority=provider.authority(host)).acquire_token_for_client(SCOPES)
        assert "access_token" in result, (host, result)
        assert provider.requests("token")[-1]["host"] == host


def check_region(provider):
    app = with_secret(provider, azure_region="westus2")
    result = app.acquire_token_for_client(SCOPES)
    assert "access_token" in result, result
    assert provider.requests("token")[0]["host"] == "westus2.login.microsoft.com", provider.requests("token")
    detection = provider.requests("instance_metadata")[0]
    assert detection["host"] == "169.254.169.254" and detection["via"] == "forward", detection


def check_region_with_certificate(provider):
    app = with_certificate(provider, public_certificate=certificate(provider), azure_region="westus2")
    result = app.acquire_token_for_client(SCOPES)
    assert "access_token" in result, result


def check_capabilities_give_a_long_token(provider):
    app = with_secret(provider, client_capabilities=["CP1"])
    result = app.acquire_token_for_client(SCOPES)
    assert result["expires_in"] == 86400, result
    kept = next(app.token_cache.search(app.token_cache.CredentialType.ACCESS_TOKEN))
    assert 43000 < int(kept["refresh_on"]) - int(kept["cached_at"]) <= 43200, kept
    assert claims(result["access_token"])["xms_cc"] == ["CP1"]


def check_managed_identity_path(provider):
    app = with_certificate(provider, public_certificate=certificate(provider))
    result = app.acquire_token_for_client(["api://AzureFMITokenExchange/.default"], fmi_path="Some/Path")
    assert claims(result["access_token"])["sub"].endswith("/Some/Path"), result


def check_throttling_by_retry_after(provider):
    provider.control("POST", "fault", {"endpoint": "token", "status": 429, "headers": {"Retry-After": "30"}, "body": "{}"})
    app = with_secret(provider)
    first = app.acquire_token_for_client(SCOPES)
    assert "access_token" not in first, first
    app.acquire_token_for_client(SCOPES)
    assert len(provider.requests("token")) == 1, "MSAL asked again within the time that the provider set"


def with_secret(provider, **options):
    app = provider.secret_app
    options.setdefault("client_id", app["client_id"])
    options.setdefault("client_credential", app["client_secret"])
    options.setdefault("authority", provider.authority())
    return msal.ConfidentialClientApplication(**options)


def with_certificate(provider, azure_region=None, **credential):
    app = provider.certificate_app
    return msal.ConfidentialClientApplication(
        app["client_id"],
        authority=provider.authority(),
        azure_region=azure_region,
        client_credential={"private_key": read(app["key_file"]), **credential},
    )


def certificate(provider):
    return read(provider.certificate_app["certificate_file"])
