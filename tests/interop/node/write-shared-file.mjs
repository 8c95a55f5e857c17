// Writes tokens to a cache file that others write too: FILE NAME COUNT
//
// The modules of the extensions are loaded one by one: all at once they ask for one that has to be compiled.

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { msal } from "./provider.mjs";

const [file, name, count] = process.argv.slice(2);
const persistence = await extension("FilePersistence");
const { PersistenceCachePlugin } = await extension("PersistenceCachePlugin");
const lock = { retryNumber: 3_000, retryDelay: 10 };
const plugin = new PersistenceCachePlugin(await persistence.FilePersistence.create(file), lock);
const authority = "https://login.microsoftonline.com/tenant";
const app = new msal.ConfidentialClientApplication({
    auth: { clientId: name, clientSecret: "secret", authority, knownAuthorities: ["login.microsoftonline.com"] },
    cache: { cachePlugin: plugin },
    system: { networkClient: { sendGetRequestAsync: metadata, sendPostRequestAsync: token } },
});
for (let number = 0; number < Number(count); number += 1) {
    const scopes = [`https://${number}.example.com/.default`];
    await app.acquireTokenByClientCredential({ scopes, skipCache: true });
}

function extension(module) {
    const folder = join(process.env.MSAL_NODE, "node_modules/@azure/msal-node-extensions/dist/persistence");
    return import(pathToFileURL(join(folder, `${module}.mjs`)));
}

async function metadata() {
    const body = {
        authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
        token_endpoint: `${authority}/oauth2/v2.0/token`,
        issuer: `${authority}/v2.0`,
        jwks_uri: `${authority}/discovery/v2.0/keys`,
    };
    return { status: 200, headers: {}, body };
}

async function token() {
    const body = { token_type: "Bearer", expires_in: 3600, ext_expires_in: 3600, access_token: "secret" };
    return { status: 200, headers: {}, body };
}
