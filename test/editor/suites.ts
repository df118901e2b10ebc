import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { copySample } from "../../scripts/sample.mjs";
import { testPython } from "../harness/environment.ts";
import type { Suite } from "./suite.ts";

const samplePython = { "floeDbt.python.path": testPython("dbt111") };

/** A suite is a workspace, its settings, and tests of the same name in suites/ (probe/suiteTests.ts). */
export const suites: Suite[] = [
  {
    name: "lint",
    makeWorkspace: copySample,
    machineSettings: samplePython,
    trusted: true,
    seconds: 180,
  },
  {
    name: "formatting",
    makeWorkspace: copySample,
    settings: { "[sql]": { "editor.defaultFormatter": "floe.floe-dbt" } },
    machineSettings: samplePython,
    trusted: true,
    seconds: 120,
  },
  {
    name: "project",
    makeWorkspace: copySample,
    machineSettings: samplePython,
    trusted: true,
    seconds: 180,
  },
  {
    name: "twoWindows",
    makeWorkspace: copySample,
    machineSettings: samplePython,
    trusted: true,
    seconds: 120,
  },
  {
    name: "untrusted",
    makeWorkspace: copySample,
    machineSettings: samplePython,
    trusted: false,
    seconds: 90,
  },
  {
    name: "noProject",
    makeWorkspace(dir) {
      mkdirSync(path.join(dir, "queries"));
      writeFileSync(path.join(dir, "queries/report.sql"), "SELECT a  from b\n");
    },
    machineSettings: samplePython,
    trusted: true,
    seconds: 60,
  },
];
