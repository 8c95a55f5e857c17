// Runs every function that a file `check-*.mjs` beside this one exports.
// A new check is a new function, or a new file.

import { readdir } from "node:fs/promises";
import { Provider } from "./provider.mjs";

const here = new URL(".", import.meta.url);
let failed = 0;
for (const file of (await readdir(here)).filter((name) => /^check-.*\.mjs$/.test(name)).sort()) {
    const checks = await import(new URL(file, here));
    for (const [name, check] of Object.entries(checks)) {
        const label = `${file.replace(/\.mjs$/, "")}.${name}`;
        try {
            await check(await Provider.load());
            console.log(`ok ${label}`);
        } catch (error) {
            failed += 1;
            console.log(`FAILED ${label}`);
            console.log(error);
        }
    }
}
console.log("done");
process.exitCode = failed ? 1 : 0;
