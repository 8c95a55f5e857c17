// MSAL Node gets tokens for an app.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { assertionHeader, claims, msal } from "./provider.mjs";

const scopes = ["https://graph.microsoft.com/.default"];

export async function secretThenCache(provider) {
    const app = withSecret(provider);
    const first = await app.acquireTokenByClientCredential({ scopes });
    assert.equal(first.fromCache, false);
    const second = await app.acquireTokenByClientCredential({ scopes });
    assert.equal(second.fromCache, true);
    assert.equal(second.accessToken, first.accessToken);
    const requests = await provider.requests("token");
    assert.equal(requests.length, 1);
    assert.equal(requests[0].via, "connect");
    assert.equal(requests[0].host, "login.microsoftonline.com");
    const token = claims(first.accessToken);
    assert.equal(token.tid, provider.tenant.id);
    assert.equal(token.appid, provider.secretApp.client_id);
}

export async function wrongSecret(provider) {
    const app = withSecret(provider, { clientSecret: "wrong" });
    await assert.rejects(app.acquireTokenByClientCredential({ scopes }), (error) => {
        assert.equal(error.errorCode, "invalid_client");
        assert.match(error.errorMessage, /AADSTS7000215/);
        return true;
    });
}

export async function unknownApp(provider) {
    const app = withSecret(provider, { clientId: "00000000-0000-0000-0000-00000000dead" });
    await assert.rejects(app.acquireTokenByClientCredential({ scopes }), (error) => {
        assert.equal(error.errorCode, "unauthorized_client");
        assert.match(error.errorMessage, /AADSTS700016/);
        return true;
    });
}

export async function unknownHost(provider) {
    const app = withSecret(provider, { authority: `https://login.contoso.example/${provider.tenant.id}` });
    await assert.rejects(app.acquireTokenByClientCredential({ scopes }), { errorCode: "endpoints_resolution_error" });
    const hosts = new Set((await provider.requests("instance_discovery")).map((entry) => entry.host));
    assert.deepEqual([...hosts], ["login.microsoftonline.com"]);
    assert.equal((await provider.requests("token")).length, 0);
}

export async function certificateWithSha256Thumbprint(provider) {
    const app = await withCertificate(provider, { thumbprintSha256: provider.certificateApp.thumbprint_sha256 });
    const result = await app.acquireTokenByClientCredential({ scopes });
    const header = assertionHeader((await provider.requests("token"))[0]);
    assert.equal(header.alg, "PS256");
    assert.ok(header["x5t#S256"]);
    assert.equal(claims(result.accessToken).appidacr, "2");
}

export async function certificateWithSha1Thumbprint(provider) {
    const app = await withCertificate(provider, { thumbprint: provider.certificateApp.thumbprint_sha1 });
    const result = await app.acquireTokenByClientCredential({ scopes });
    assert.ok(result.accessToken);
    assert.equal(assertionHeader((await provider.requests("token"))[0]).alg, "RS256");
}

export async function certificateThatIsNotRegistered(provider) {
    const app = await withCertificate(provider, { thumbprintSha256: "00".repeat(32) });
    await assert.rejects(app.acquireTokenByClientCredential({ scopes }), /AADSTS700027/);
}

export async function sovereignClouds(provider) {
    for (const host of ["login.microsoftonline.us", "login.partner.microsoftonline.cn", "login.sovcloud-identity.fr"]) {
        const app = withSecret(provider, { authority: provider.authority(host) });
        assert.ok((await app.acquireTokenByClientCredential({ scopes })).accessToken, host);
        assert.equal((await provider.requests("token")).at(-1).host, host);
    }
}

export async function region(provider) {
    const app = withSecret(provider);
    const result = await app.acquireTokenByClientCredential({ scopes, azureRegion: "westus2" });
    assert.ok(result.accessToken);
    assert.equal((await provider.requests("token"))[0].host, "westus2.login.microsoft.com");
}

export async function capabilitiesGiveALongToken(provider) {
    const app = withSecret(provider, { clientCapabilities: ["CP1"] });
    const result = await app.acquireTokenByClientCredential({ scopes });
    assert.deepEqual(claims(result.accessToken).xms_cc, ["CP1"]);
    assert.ok(result.refreshOn > new Date());
    assert.ok(result.expiresOn > new Date(Date.now() + 80_000_000));
}

function withSecret(provider, options = {}) {
    const auth = {
        clientId: provider.secretApp.client_id,
        clientSecret: provider.secretApp.client_secret,
        authority: provider.authority(),
        ...options,
    };
    return new msal.ConfidentialClientApplication({ auth });
}

async function withCertificate(provider, thumbprint) {
    const app = provider.certificateApp;
    const privateKey = await readFile(app.key_file, "utf8");
    const auth = {
        clientId: app.client_id,
        authority: provider.authority(),
        clientCertificate: { privateKey, ...thumbprint },
    };
    return new msal.ConfidentialClientApplication({ auth });
}
