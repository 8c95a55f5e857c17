// MSAL Node gets tokens for the identities of machines.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { claims } from "./provider.mjs";

const vault = "https://vault.azure.net";
const script = fileURLToPath(new URL("managed-identity.mjs", import.meta.url));

export async function imds(provider) {
    await checkEach(provider, "imds", "DefaultToImds", ["client_id", "object_id", "resource_id"]);
}

export async function appService(provider) {
    await checkEach(provider, "app_service", "AppService", ["client_id", "object_id", "resource_id"]);
}

export async function machineLearning(provider) {
    await checkEach(provider, "azure_ml", "MachineLearning", ["client_id"]);
}

export async function serviceFabric(provider) {
    await checkEach(provider, "service_fabric", "ServiceFabric", []);
}

export async function cloudShell(provider) {
    const result = await ask(provider, "cloud_shell");
    assert.equal(result.source, "CloudShell");
    const user = provider.user("alice@contoso.com");
    assert.equal(claims(result.accessToken).oid, user.object_id);
    const refused = await ask(provider, "cloud_shell", { userAssignedClientId: "x" });
    assert.equal(refused.code, "unable_to_create_cloud_shell");
}

export async function azureArc(provider) {
    if (!process.env.ARC_KEYS) {
        console.log("the folder of Azure Arc's keys cannot be had here");
        return;
    }
    await checkEach(provider, "azure_arc", "AzureArc", ["client_id", "object_id", "resource_id"]);
}

export async function anIdentityThatIsNotThere(provider) {
    const refused = await ask(provider, "imds", { userAssignedClientId: "00000000-0000-0000-0000-00000000dead" });
    assert.match(refused.message, /Identity not found/);
}

const parameters = {
    client_id: "userAssignedClientId",
    object_id: "userAssignedObjectId",
    resource_id: "userAssignedResourceId",
};

// The machine's own identity, and an assigned one by each kind of id.
async function checkEach(provider, machine, source, kinds) {
    const { system, user } = provider.summary.identities;
    const identities = [[undefined, system], ...kinds.map((kind) => [{ [parameters[kind]]: user[kind] }, user])];
    for (const [identity, expected] of identities) {
        const result = await ask(provider, machine, identity);
        assert.equal(result.source, source, JSON.stringify(result));
        const token = claims(result.accessToken);
        assert.equal(token.oid, expected.object_id);
        assert.equal(token.aud, vault);
        assert.equal(result.isCached, true);
    }
    const ways = new Set((await provider.requests("managed_identity")).map((request) => request.via));
    assert.deepEqual([...ways], ["direct"]);
}

async function ask(provider, machine, identity) {
    // A program that has a proxy for the rest of the world has none for its machine.
    const env = { ...process.env, ...provider.summary.machines[machine], NO_PROXY: "127.0.0.1,localhost" };
    const given = identity ? [JSON.stringify(identity)] : [];
    const { stdout } = await promisify(execFile)(process.execPath, [script, ...given], { env });
    return JSON.parse(stdout);
}
