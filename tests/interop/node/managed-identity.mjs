// One call of MSAL Node for a machine's identity, in a process of its own: it keeps what it found out of its machine
// for as long as it lives. Takes the parameters of the identity as JSON; prints what came of it as JSON.

import { msal } from "./provider.mjs";

const resource = "https://vault.azure.net";
const [managedIdentityIdParams] = process.argv.slice(2).map((text) => JSON.parse(text));
try {
    const app = new msal.ManagedIdentityApplication({ managedIdentityIdParams });
    const source = app.getManagedIdentitySource();
    const { accessToken } = await app.acquireToken({ resource });
    const again = await app.acquireToken({ resource });
    console.log(JSON.stringify({ source, accessToken, isCached: again.fromCache }));
} catch (error) {
    console.log(JSON.stringify({ code: error.errorCode, message: error.errorMessage ?? String(error) }));
}
