import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pythonIn } from "../../scripts/pins.mjs";

export interface CountingPython {
  /** An interpreter with everything the other has. */
  python: string;
  /** What SQLFluff was made to do since the last call, in order: the stage and the mark of the text. */
  take(): { stage: "render" | "rules"; mark: string }[];
}

/**
 * An environment that shares the packages of `python`, in which SQLFluff writes down each text it renders and each it
 * evaluates the rules on. It counts inside the real worker, whatever the server says it has asked for.
 */
export function countingPython(python: string, dir: string): CountingPython {
  rmSync(dir, { recursive: true, force: true });
  execFileSync(python, ["-m", "venv", "--without-pip", dir]);
  const counting = pythonIn(dir);
  const sitePackages = (of: string): string =>
    execFileSync(of, ["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], {
      encoding: "utf8",
    }).trim();
  const own = sitePackages(counting);
  const counts = path.join(dir, "counts.txt");
  const hook = readFileSync(path.join(import.meta.dirname, "python", "count_lints.py"), "utf8");
  writeFileSync(path.join(own, "count_lints.py"), hook.replace('"COUNTS"', JSON.stringify(counts)));
  writeFileSync(path.join(own, "count_lints.pth"), `${sitePackages(python)}\nimport count_lints\n`);
  writeFileSync(counts, "");
  return {
    python: counting,
    take() {
      const lines = readFileSync(counts, "utf8").trim().split("\n");
      writeFileSync(counts, "");
      return lines
        .filter((line) => line !== "")
        .map((line) => {
          const [stage, mark] = line.split(" ");
          return { stage: stage === "rules" ? "rules" : "render", mark: mark ?? "" };
        });
    },
  };
}
