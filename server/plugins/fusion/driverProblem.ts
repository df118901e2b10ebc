import type { Remedy } from "../../../protocol/runtime.ts";

/**
 * The engine reaches a warehouse through an ADBC driver: a library of the system, else one that it downloads. Where it has
 * neither, it says so in the words of two libraries.
 * @returns null if the message is about something else
 */
export function driverProblem(text: string): { message: string; remedy: Remedy } | null {
  if (/database file with version number|was created with a newer version of DuckDB/i.test(text)) {
    return {
      message:
        "The DuckDB file of this target was written by a newer DuckDB than the engine's driver can read: dbt-duckdb and the engine bring one of their own each. " +
        "Give each environment a file of its own (a target, or a variable in profiles.yml), or remove the file and build it again.",
      remedy: { title: "Select Target", command: "floeDbt.selectTarget" },
    };
  }
  const missing =
    /Failed to load `?(\w+)`? driver/i.exec(text)?.[1] ?? /Driver not found: (\w+)/i.exec(text)?.[1];
  const broken = /(?:error loading|failed to load|cannot open shared object|dlopen|LoadLibrary)[^\n]*/i.exec(
    text,
  );
  if (missing === undefined && !(broken && /adbc|driver/i.test(text))) return null;
  const name = missing ?? "warehouse";
  const why = /HTTP error|lookup address|CDN|timed? out|connect/i.test(text)
    ? "is not installed, and it could not be downloaded (no connection, or a proxy in between)"
    : "is not installed or does not fit this system";
  return {
    message:
      `The ADBC driver through which dbt reaches ${name} ${why}. ` +
      `Install the driver on this machine, or put its library and ${name}.toml into a folder and name that folder in ADBC_DRIVER_PATH (the project's .env file is read).`,
    remedy: { title: "Open Settings", command: "floeDbt.openSettings", arguments: ["floeDbt.envFile"] },
  };
}
