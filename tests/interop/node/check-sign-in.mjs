// MSAL Node signs users in: by code, interactively, on devices, silently.

import assert from "node:assert/strict";
import { request } from "node:http";
import { claims, msal } from "./provider.mjs";

const alice = "alice@contoso.com";
const mia = "mia@contoso.com";
const scopes = ["User.Read"];
const api = ["api://local-api/Task.Read"];
const redirectUri = "http://localhost:3000";

export async function codeWithPkceAndNonce(provider) {
    for (const responseMode of ["query", "form_post"]) {
        const app = desktop(provider);
        const result = await signIn(provider, app, { scopes, responseMode });
        assert.equal(result.account.homeAccountId, provider.user(alice).home_account_id);
        assert.equal(result.account.username, alice);
        const silent = await app.acquireTokenSilent({ scopes, account: result.account });
        assert.equal(silent.fromCache, true);
        const fresh = await app.acquireTokenSilent({ scopes, account: result.account, forceRefresh: true });
        assert.equal(fresh.fromCache, false);
        assert.match(claims(fresh.accessToken).scp, /User\.Read .*Files\.Read/);
    }
}

export async function otherKindsOfProvider(provider) {
    const cases = [
        ["https://login.microsoftonline.com/common", scopes],
        // It compares a CIAM issuer, which names the tenant by its id, with the tenant as the authority names it.
        [`https://contoso.ciamlogin.com/${provider.tenant.id}`, scopes],
        ["https://fs.contoso.com/adfs", api],
        ["https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_susi", api],
    ];
    for (const [authority, scopes] of cases) {
        const app = desktop(provider, { authority, knownAuthorities: [new URL(authority).host] });
        const { account } = await signIn(provider, app, { scopes });
        const fresh = await app.acquireTokenSilent({ scopes, account, forceRefresh: true });
        assert.equal(fresh.fromCache, false, authority);
    }
}

export async function interactive(provider) {
    const openBrowser = async (url) => {
        const answer = await provider.control("POST", "sign-in", { url, username: mia });
        await post(answer.redirect_uri, answer.body);
    };
    const result = await desktop(provider).acquireTokenInteractive({ scopes, openBrowser });
    assert.equal(result.account.username, mia);
    assert.deepEqual(claims(result.accessToken).amr, ["pwd", "mfa"]);
}

export async function deviceCode(provider) {
    const decide = (decision) => async (device) => {
        await provider.control("POST", "device", { user_code: device.userCode, username: mia, decision });
    };
    const app = desktop(provider);
    const result = await app.acquireTokenByDeviceCode({ scopes, deviceCodeCallback: decide("approve") });
    assert.equal(result.account.username, mia);
    const declined = app.acquireTokenByDeviceCode({ scopes, deviceCodeCallback: decide("decline") });
    await assert.rejects(declined, { errorMessage: /authorization_declined/ });
}

export async function webAppWithPages(provider) {
    const web = provider.app("Web app");
    const app = new msal.ConfidentialClientApplication({
        auth: { clientId: web.client_id, clientSecret: web.client_secret, authority: provider.authority() },
    });
    const redirectUri = "https://web.example/auth/redirect";
    const url = await app.getAuthCodeUrl({ scopes, redirectUri });
    const { parameters } = await provider.control("POST", "sign-in", { url, username: alice });
    const { account, code } = await app.acquireTokenByCode({
        scopes, redirectUri, code: parameters.code, enableSpaAuthorizationCode: true,
    });
    assert.match(code, /^1\./);
    await assert.rejects(app.acquireTokenSilent({ scopes: ["Mail.Read"], account }), (error) => {
        assert.ok(error instanceof msal.InteractionRequiredAuthError);
        assert.equal(error.subError, "consent_required");
        return true;
    });
    await provider.control("POST", "revoke", { username: alice });
    await assert.rejects(app.acquireTokenSilent({ scopes, account, forceRefresh: true }), (error) => {
        assert.ok(error instanceof msal.InteractionRequiredAuthError);
        assert.match(error.errorMessage, /AADSTS50173/);
        assert.equal(error.subError, "bad_token");
        return true;
    });
}

async function signIn(provider, app, { scopes, responseMode = "query" }) {
    const { verifier, challenge } = await new msal.CryptoProvider().generatePkceCodes();
    const nonce = "the-nonce";
    const url = await app.getAuthCodeUrl({
        scopes, redirectUri, responseMode, nonce, codeChallenge: challenge, codeChallengeMethod: "S256",
    });
    const answer = await provider.control("POST", "sign-in", { url, username: alice });
    assert.equal(answer.method, responseMode === "query" ? "GET" : "POST");
    const { code, client_info } = answer.parameters;
    const payload = { code, nonce, client_info };
    return app.acquireTokenByCode({ scopes, redirectUri, code, codeVerifier: verifier, nonce }, payload);
}

function desktop(provider, auth = {}) {
    const clientId = provider.app("Desktop app").client_id;
    return new msal.PublicClientApplication({ auth: { clientId, authority: provider.authority(), ...auth } });
}

// An agent of its own keeps the listener off the proxy.
function post(url, body) {
    return new Promise((resolve, reject) => {
        const headers = { "content-type": "application/x-www-form-urlencoded" };
        const call = request(url, { method: "POST", headers, agent: false }, (response) => {
            response.resume();
            response.on("end", resolve);
        });
        call.on("error", reject);
        call.end(body);
    });
}
