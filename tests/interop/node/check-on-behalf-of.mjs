// MSAL Node as a web API: tokens on behalf of its callers.

import assert from "node:assert/strict";
import { claims, msal } from "./provider.mjs";

const scopes = ["https://graph.microsoft.com/User.Read"];

export async function tokenForTheCallerThenCache(provider) {
    const api = webApi(provider);
    const oboAssertion = await caller(provider);
    const first = await api.acquireTokenOnBehalfOf({ scopes, oboAssertion });
    const token = claims(first.accessToken);
    assert.equal(token.upn, "alice@contoso.com");
    assert.equal(token.appid, provider.app("Web API").client_id);
    assert.equal(first.account.homeAccountId, provider.user("alice@contoso.com").home_account_id);
    const asked = (await provider.requests("token")).length;
    const second = await api.acquireTokenOnBehalfOf({ scopes, oboAssertion });
    assert.equal(second.accessToken, first.accessToken);
    assert.equal((await provider.requests("token")).length, asked);
}

export async function tokenForAnother(provider) {
    const oboAssertion = await caller(provider, ["User.Read"]);
    await assert.rejects(webApi(provider).acquireTokenOnBehalfOf({ scopes, oboAssertion }), /AADSTS500131/);
}

export async function consent(provider) {
    const oboAssertion = await caller(provider);
    const mail = ["https://graph.microsoft.com/Mail.Read"];
    await assert.rejects(webApi(provider).acquireTokenOnBehalfOf({ scopes: mail, oboAssertion }), (error) => {
        assert.match(error.errorMessage, /AADSTS65001/);
        assert.equal(error.subError, "consent_required");
        return true;
    });
}

export async function claimsChallenge(provider) {
    const demanded = { access_token: { acrs: { essential: true, value: "c1" } } };
    const resource = "https://graph.microsoft.com";
    const oboAssertion = await caller(provider);
    await provider.control("POST", "demand", { resource, claims: demanded });
    try {
        await assert.rejects(webApi(provider).acquireTokenOnBehalfOf({ scopes, oboAssertion }), (error) => {
            assert.equal(error.errorCode, "interaction_required");
            assert.deepEqual(JSON.parse(error.claims), demanded);
            return true;
        });
    } finally {
        await provider.control("POST", "demand", { resource, claims: null });
    }
}

function webApi(provider) {
    const api = provider.app("Web API");
    const auth = { clientId: api.client_id, clientSecret: api.client_secret, authority: provider.authority() };
    return new msal.ConfidentialClientApplication({ auth });
}

// A token with which a desktop app calls the web API.
async function caller(provider, wanted) {
    const auth = { clientId: provider.app("Desktop app").client_id, authority: provider.authority() };
    const result = await new msal.PublicClientApplication({ auth }).acquireTokenByUsernamePassword({
        scopes: wanted ?? [`api://${provider.app("Web API").client_id}/access_as_user`],
        username: "alice@contoso.com",
        password: provider.password,
    });
    return result.accessToken;
}
