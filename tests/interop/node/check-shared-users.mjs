// MSAL Node and the `msal` command find each other's users in one cache file, and sign them out of it.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { msal } from "./provider.mjs";

const scopes = ["User.Read"];
const username = "alice@contoso.com";
const tenants = ["", "common", "organizations"];

export async function aUserOfTheCommandIsHere(provider) {
    await forEachTenant(async (file, tenant) => {
        const ours = await signIn(provider, file, tenant);
        const asked = (await provider.requests("token")).length;
        const app = await application(provider, file, tenant);
        const [account] = await app.getTokenCache().getAllAccounts();
        assert.equal(account.username, username);
        const theirs = await app.acquireTokenSilent({ scopes, account });
        assert.equal(theirs.fromCache, true, tenant);
        assert.equal(theirs.accessToken, ours.access_token);
        assert.equal((await provider.requests("token")).length, asked);
    });
}

export async function aUserOfTheCommandIsSignedOutHere(provider) {
    await forEachTenant(async (file, tenant) => {
        await signIn(provider, file, tenant);
        const app = await application(provider, file, tenant);
        const [account] = await app.getTokenCache().getAllAccounts();
        await app.getTokenCache().removeAccount(account);
        assert.deepEqual(left(app.getTokenCache().serialize()), ["AppMetadata"], tenant);
    });
}

export async function aUserFromHereIsTheCommands(provider) {
    await forEachTenant(async (file, tenant) => {
        const theirs = await signInHere(provider, file, tenant);
        const [account] = await command(provider, file, tenant, "accounts");
        assert.equal(account.username, username);
        const ours = await command(provider, file, tenant, "silent", "--username", username, "--scope", scopes[0]);
        assert.equal(ours.token_source, "cache", tenant);
        assert.equal(ours.access_token, theirs.accessToken);
    });
}

export async function aUserFromHereIsSignedOutByTheCommand(provider) {
    await forEachTenant(async (file, tenant) => {
        await signInHere(provider, file, tenant);
        const done = await command(provider, file, tenant, "sign-out", "--username", username);
        assert.equal(done.removed, 1);
        // MSAL Node itself writes no metadata of an app that is in no family.
        assert.deepEqual(left(await readFile(file, "utf8")), [], tenant);
        assert.deepEqual(await command(provider, file, tenant, "accounts"), []);
    });
}

function left(text) {
    return Object.entries(JSON.parse(text))
        .filter(([, entries]) => Object.keys(entries).length)
        .map(([kind]) => kind);
}

async function signIn(provider, file, tenant) {
    const what = ["--refresh-token-env", "USER_TOKEN", "--scope", scopes[0]];
    return command(provider, file, tenant, "refresh-token", ...what);
}

async function signInHere(provider, file, tenant) {
    const app = await application(provider, undefined, tenant);
    const token = await refreshToken(provider);
    const result = await app.acquireTokenByRefreshToken({ scopes, refreshToken: token, forceCache: true });
    await writeFile(file, app.getTokenCache().serialize(), { mode: 0o600 });
    return result;
}

// A refresh token from elsewhere: `common` takes no passwords, but these.
async function refreshToken(provider) {
    const app = await application(provider, undefined, "");
    await app.acquireTokenByUsernamePassword({ scopes, username, password: provider.password });
    const [token] = Object.values(JSON.parse(app.getTokenCache().serialize()).RefreshToken);
    return token.secret;
}

function authority(provider, tenant) {
    return `https://login.microsoftonline.com/${tenant || provider.tenant.id}`;
}

async function application(provider, file, tenant) {
    const auth = { clientId: provider.app("Desktop app").client_id, authority: authority(provider, tenant) };
    const app = new msal.PublicClientApplication({ auth });
    if (file) {
        app.getTokenCache().deserialize(await readFile(file, "utf8"));
    }
    return app;
}

async function command(provider, file, tenant, name, ...more) {
    const common = [
        "--authority", authority(provider, tenant),
        "--client-id", provider.app("Desktop app").client_id,
        "--ca-file", provider.summary.ca_file,
        "--cache", file,
    ];
    const { stdout } = await promisify(execFile)(process.env.MSAL_COMMAND, [name, ...common, ...more], {
        env: { ...process.env, USER_TOKEN: await refreshToken(provider) },
    });
    return JSON.parse(stdout);
}

async function forEachTenant(work) {
    for (const tenant of tenants) {
        const folder = await mkdtemp(join(tmpdir(), "msal-cache-"));
        try {
            await work(join(folder, "cache.json"), tenant);
        } finally {
            await rm(folder, { recursive: true });
        }
    }
}
