// MSAL Node signs users in with a password. It knows no WS-Trust.

import assert from "node:assert/strict";
import { claims, msal } from "./provider.mjs";

const scopes = ["User.Read"];

export async function managedUserThenCacheAndRefresh(provider) {
    const app = application(provider);
    const user = provider.user("alice@contoso.com");
    const result = await signIn(provider, app, user.username);
    assert.equal(result.account.homeAccountId, user.home_account_id);
    assert.equal(result.account.username, user.username);
    assert.equal(claims(result.accessToken).upn, user.username);
    const silent = await app.acquireTokenSilent({ scopes, account: result.account });
    assert.equal(silent.accessToken, result.accessToken);
    assert.equal((await provider.requests("token")).length, 1);
    const refreshed = await app.acquireTokenSilent({ scopes, account: result.account, forceRefresh: true });
    assert.notEqual(refreshed.accessToken, result.accessToken);
    assert.equal((await provider.requests("user_realm")).length, 0);
}

export async function confidentialApp(provider) {
    const web = provider.app("Web app");
    const auth = { clientId: web.client_id, clientSecret: web.client_secret, authority: provider.authority() };
    const result = await signIn(provider, new msal.ConfidentialClientApplication({ auth }), "alice@contoso.com");
    assert.equal(claims(result.accessToken).appidacr, "1");
}

export async function usersThatCannotSignIn(provider) {
    const cases = [
        ["dora@contoso.com", /AADSTS50057/],
        ["emil@contoso.com", /AADSTS50055/],
        ["fred@federated.contoso.com", /AADSTS50126/],
        ["mia@contoso.com", /AADSTS50076/],
        ["nobody@contoso.com", /AADSTS50034/],
    ];
    for (const [username, message] of cases) {
        await assert.rejects(signIn(provider, application(provider), username), message, username);
    }
}

function application(provider) {
    const auth = { clientId: provider.app("Desktop app").client_id, authority: provider.authority() };
    return new msal.PublicClientApplication({ auth });
}

function signIn(provider, app, username) {
    return app.acquireTokenByUsernamePassword({ scopes, username, password: provider.password });
}
