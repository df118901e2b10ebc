import { systemClock } from "../../server/platform/clock.ts";
import { cloudPluginOn } from "../harness/cloudEmulator/pluginOnEmulator.ts";

/**
 * A process that has nothing but the plugin, and fetches the manifest of the emulator's environment once.
 *   node fetchingProcess.ts URL PROJECT_DIR
 * Prints the file, and by how many bytes it has grown at most since the plugin was there and had asked something.
 */
const [url = "", projectDir = ""] = process.argv.slice(2);
await using made = cloudPluginOn({ url }, { clock: systemClock, downloadSeconds: 120 });
const ref = { projectDir };
// The first request loads what speaks HTTP, which is not to be counted.
const { state } = await made.plugin.remote!.overview(ref);
const before = process.memoryUsage.rss();
const update = await made.plugin.manifestUpdate!(ref, null);
// The system's own mark, which no sampling can miss; in kilobytes.
const grown = process.resourceUsage().maxRSS * 1024 - before;
console.log(JSON.stringify({ state, file: "file" in update ? update.file : null, grown }));
