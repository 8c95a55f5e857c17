// The running provider, as its one line of JSON describes it; and MSAL Node from the folder it was installed in.

import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";

export const msal = createRequire(join(process.env.MSAL_NODE, "package.json"))("@azure/msal-node");

export class Provider {
    static async load() {
        const provider = new Provider();
        provider.summary = JSON.parse(await readFile(process.env.PROVIDER, "utf8"));
        await provider.control("DELETE", "journal");
        await provider.control("DELETE", "fault");
        return provider;
    }

    get tenant() {
        return this.summary.tenants[0];
    }

    get secretApp() {
        return this.summary.apps.find((app) => app.client_secret);
    }

    get certificateApp() {
        return this.summary.apps.find((app) => app.certificate_file);
    }

    // Every user's password.
    get password() {
        return this.summary.password;
    }

    app(name) {
        return this.summary.apps.find((app) => app.name === name);
    }

    user(username) {
        return this.summary.users.find((user) => user.username === username);
    }

    authority(host = "login.microsoftonline.com") {
        return `https://${host}/${this.tenant.id}`;
    }

    async requests(endpoint) {
        return (await this.control("GET", "journal")).filter((entry) => entry.endpoint === endpoint);
    }

    // An agent of its own keeps the control surface off the proxy.
    control(method, name, body) {
        return new Promise((resolve, reject) => {
            const call = request(`${this.summary.plain_url}/.control/${name}`, { method, agent: false }, (response) => {
                const chunks = [];
                response.on("data", (chunk) => chunks.push(chunk));
                response.on("error", reject);
                response.on("end", () => {
                    const text = Buffer.concat(chunks).toString("utf8");
                    if (response.statusCode >= 400) {
                        reject(new Error(`control: ${response.statusCode} ${text}`));
                    } else {
                        resolve(text ? JSON.parse(text) : undefined);
                    }
                });
            });
            call.on("error", reject);
            call.end(body === undefined ? undefined : JSON.stringify(body));
        });
    }
}

// The header of the client assertion in a token request.
export function assertionHeader(entry) {
    const assertion = Object.fromEntries(entry.form).client_assertion;
    return JSON.parse(Buffer.from(assertion.split(".")[0], "base64url").toString("utf8"));
}

export function claims(token) {
    return JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString("utf8"));
}
