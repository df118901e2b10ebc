// Speaks as a dbt v2 engine that has `lint` and `format`: plan.json beside the binary says what it says and does.
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";

const [, self, verb, ...args] = process.argv;
const plan = JSON.parse(readFileSync(path.join(path.dirname(self), "plan.json"), "utf8"));
const option = (name) =>
  args.find((each) => each.startsWith(`--${name}=`))?.slice(name.length + 3) ?? process.cwd();
const print = (line) => process.stdout.write(`${line}\n`);
const event = (name, level, msg, data = {}) =>
  print(JSON.stringify({ info: { name, level, msg, invocation_id: "1" }, data }));

if (verb === "--version") {
  print(`dbt-fusion ${plan.version}`);
} else if (verb === "--help" || args.includes("--help")) {
  print("Usage: dbt [OPTIONS] <COMMAND>\n\n  lint           Lint models\n  format         Format models\n");
} else {
  for (const line of plan.lines?.[verb] ?? []) {
    if (typeof line === "string") print(line);
    else event(...line);
  }
  if (plan.vanish) rmSync(self);
  const go = plan.waits?.[verb];
  while (go !== undefined && !existsSync(go)) await new Promise((resolve) => setTimeout(resolve, 10));
  if (verb === "compile") compile();
  if (verb === "lint") lint();
  if (verb === "format") rewrite((text) => text.replace(/ +$/gm, ""));
  process.exitCode = plan.exitCode?.[verb] ?? 0;
}

function compile() {
  const file = option("select").replace(/^path:/, "");
  const compiled = path.join(option("target-path"), "compiled", "shop", file);
  rmSync(compiled, { force: true });
  writeFileSync(path.join(option("target-path"), "seen"), plan.version);
}

function files() {
  const file = args.find((each) => !each.startsWith("--"));
  return file === undefined ? globSync(path.join(option("project-dir"), "models", "*.sql")) : [file];
}

function rewrite(mend) {
  for (const file of files()) writeFileSync(file, mend(readFileSync(file, "utf8")));
}

function lint() {
  if (args.includes("--fix")) rewrite((text) => text.replace(/\bFROM\b/g, "from"));
  for (const file of files()) {
    const name = path.relative(option("project-dir"), file);
    const lines = readFileSync(file, "utf8").split("\n");
    for (const [at, line] of lines.entries()) {
      const column = line.indexOf("FROM") + 1;
      if (column === 0) continue;
      const text = `[warning] [KeywordCaseMismatch (dbt0107)]: Keywords must be lower case. [CP01]`;
      event("Generic", "warn", `${text}\n  --> ${name}:${at + 1}:${column}`);
    }
  }
}
