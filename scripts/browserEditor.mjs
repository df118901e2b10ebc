// code-server as the demo and the editor tests use it: a profile of its own, our .vsix installed as a user would.
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { run } from "./setup/child.mjs";
import { codeServerEntry } from "./setup/codeServer.mjs";
import { projectNode } from "./setup/nodeModules.mjs";

const startSeconds = 60;

/** What keeps the workbench quiet: no welcome page, no chat, nothing sent anywhere. */
const quietSettings = {
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "chat.disableAIFeatures": true,
  "telemetry.telemetryLevel": "off",
  "extensions.autoCheckUpdates": false,
  "extensions.ignoreRecommendations": true,
  "git.enabled": false,
  "remote.autoForwardPorts": false,
};

/**
 * Writes a profile below `dir`: user settings, and `machineSettings` where a remote window reads those that name programs.
 * Its extensions are in `extensionsDir`, which several profiles may share.
 * @returns the arguments every code-server command needs to use it
 */
export function writeProfile(
  dir,
  { settings = {}, machineSettings = {}, extensionsDir = path.join(dir, "extensions") } = {},
) {
  const userData = path.join(dir, "user-data");
  const write = (folder, value) => {
    mkdirSync(path.join(userData, folder), { recursive: true });
    writeFileSync(path.join(userData, folder, "settings.json"), JSON.stringify(value, null, 2));
  };
  write("User", { ...quietSettings, ...settings });
  write("Machine", machineSettings);
  return [
    ["--user-data-dir", userData],
    ["--extensions-dir", extensionsDir],
    // A configuration file of the user's own must not reach in here.
    ["--config", path.join(dir, "code-server.yaml")],
  ].flat();
}

export async function installExtensions(profile, vsixFiles) {
  await run(projectNode, [
    codeServerEntry,
    ...profile,
    ...vsixFiles.flatMap((file) => ["--install-extension", file]),
  ]);
}

/**
 * Starts code-server on a free port of 127.0.0.1.
 * @returns its URL, its process id, and how to end it with everything it started
 */
export async function startCodeServer(profile, { args = [], env = {}, onLine = () => {} } = {}) {
  const child = spawn(
    projectNode,
    [
      codeServerEntry,
      ...profile,
      ...["--auth", "none", "--bind-addr", "127.0.0.1:0", "--disable-telemetry", "--disable-update-check"],
      ...args,
    ],
    // A process group of its own, so that its extension hosts end with it.
    {
      stdio: ["ignore", "pipe", "pipe"],
      detached: process.platform !== "win32",
      env: { ...process.env, ...env },
    },
  );
  const closed = new Promise((resolve) => child.once("close", resolve));
  // A process that is told to end has no time to wait for it.
  const endWithUs = () => signalGroup(child.pid, "SIGKILL");
  process.once("exit", endWithUs);
  const stop = async () => {
    process.off("exit", endWithUs);
    if (child.exitCode === null && child.signalCode === null) signalGroup(child.pid, "SIGTERM");
    const timer = setTimeout(() => signalGroup(child.pid, "SIGKILL"), 5000);
    await closed;
    clearTimeout(timer);
    signalGroup(child.pid, "SIGKILL");
  };
  const lines = [];
  const url = await new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`code-server did not listen within ${startSeconds} s:\n${lines.join("\n")}`)),
      startSeconds * 1000,
    );
    const read = (line) => {
      lines.push(line);
      onLine(line);
      const listening = /listening on (http:\S+?)\/?$/.exec(line);
      if (listening) {
        clearTimeout(timer);
        resolve(listening[1]);
      }
    };
    createInterface({ input: child.stdout }).on("line", read);
    createInterface({ input: child.stderr }).on("line", read);
    child.once("error", reject);
    child.once("close", () => {
      clearTimeout(timer);
      reject(new Error(`code-server ended:\n${lines.slice(-20).join("\n")}`));
    });
  }).catch(async (error) => {
    await stop();
    throw error;
  });
  return { url, pid: child.pid, stop, closed };
}

/** Address of the workbench with a folder, and a file of it, open. */
export function workbenchUrl(url, folder, file) {
  const address = new URL(url);
  address.searchParams.set("folder", folder);
  if (file) {
    const resource = `vscode-remote://${address.host}${file}`;
    address.searchParams.set("payload", JSON.stringify([["openFile", resource]]));
  }
  return address.href;
}

function signalGroup(pid, signal) {
  try {
    process.kill(process.platform === "win32" ? pid : -pid, signal);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}
