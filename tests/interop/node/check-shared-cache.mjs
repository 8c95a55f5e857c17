// MSAL Node and the `msal` command find each other's app tokens in one cache file.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { msal } from "./provider.mjs";

const scope = "https://graph.microsoft.com/.default";

export async function readsWhatTheCommandWroteForNode(provider) {
    for (const compatible of ["node", "standard", "python+node"]) {
        await inFolder(async (folder) => {
            const file = join(folder, "cache.json");
            const ours = await command(provider, file, compatible);
            assert.equal(ours.token_source, "identity_provider");
            const asked = (await provider.requests("token")).length;
            const app = application(provider);
            app.getTokenCache().deserialize(await readFile(file, "utf8"));
            const theirs = await app.acquireTokenByClientCredential({ scopes: [scope] });
            assert.equal(theirs.fromCache, true, compatible);
            assert.equal(theirs.accessToken, ours.access_token);
            assert.equal((await provider.requests("token")).length, asked);
        });
    }
}

export async function theCommandReadsWhatNodeWrote(provider) {
    await inFolder(async (folder) => {
        const file = join(folder, "cache.json");
        const app = application(provider);
        const theirs = await app.acquireTokenByClientCredential({ scopes: [scope] });
        await writeFile(file, app.getTokenCache().serialize(), { mode: 0o600 });
        const asked = (await provider.requests("token")).length;
        const ours = await command(provider, file, "standard");
        assert.equal(ours.token_source, "cache");
        assert.equal(ours.access_token, theirs.accessToken);
        assert.equal((await provider.requests("token")).length, asked);
    });
}

function application(provider) {
    return new msal.ConfidentialClientApplication({
        auth: {
            clientId: provider.secretApp.client_id,
            clientSecret: provider.secretApp.client_secret,
            authority: provider.authority(),
        },
    });
}

// Runs `msal client-credentials` on the cache `file`.
async function command(provider, file, compatible) {
    const { stdout } = await promisify(execFile)(
        process.env.MSAL_COMMAND,
        [
            "client-credentials",
            "--authority", provider.authority(),
            "--client-id", provider.secretApp.client_id,
            "--secret-env", "CLIENT_SECRET",
            "--scope", scope,
            "--ca-file", provider.summary.ca_file,
            "--cache", file,
            "--cache-compatible", compatible,
        ],
        { env: { ...process.env, CLIENT_SECRET: provider.secretApp.client_secret } },
    );
    return JSON.parse(stdout);
}

async function inFolder(work) {
    const folder = await mkdtemp(join(tmpdir(), "msal-cache-"));
    try {
        await work(folder);
    } finally {
        await rm(folder, { recursive: true });
    }
}
