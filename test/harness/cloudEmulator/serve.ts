import { writeFileSync } from "node:fs";
import path from "node:path";
import { commitAll, pretendPushed } from "./checkout.ts";
import { CloudEmulator, emulatedManifest, emulatedToken } from "./emulator.ts";
import { realDbt } from "./stepEngine.ts";

/**
 * For `npm start -- --cloud`: puts the project of a folder into an emulated dbt Cloud that really runs dbt, says where it is
 * in one line of JSON on stdout, and ends when its stdin does.
 *   node test/harness/cloudEmulator/serve.ts FOLDER
 */
const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("Which folder?");

await using engine = realDbt();
await using emulator = await CloudEmulator.start({ engine, repository: folder });
writeFileSync(path.join(folder, "manifest.yaml"), emulatedManifest(emulator.url, 2));
await commitAll(folder);
await pretendPushed(folder);
console.log(JSON.stringify({ url: emulator.url, token: emulatedToken }));
await new Promise<void>((resolve) => process.stdin.resume().once("end", resolve));
