import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { testPython, workerDir } from "../harness/environment.ts";

/** A file that is written while SQLFluff reads: after it looked at it, before it is done. */
const script = `
import os, sys, tempfile
sys.path.insert(0, sys.argv[1])
os.chdir(os.path.realpath(tempfile.mkdtemp()))
from sqlfluff.core.config import FluffConfig, loader
from floe_dbt_worker.configuration import Configuration
from floe_dbt_worker.protocol import RequestFailed

def write(path, text):
    with open(path, "w") as file:
        file.write(text)

def writing_after(owner, name, text):
    read = getattr(owner, name)
    def reads(*args, **options):
        setattr(owner, name, read)
        answer = read(*args, **options)
        write(".sqlfluff", text)
        return answer
    setattr(owner, name, reads)

def read_again():
    try:
        return configuration.refresh(False, "duckdb")
    except RequestFailed as failure:
        return f"{os.path.relpath(failure.file_path)}:{failure.line}"

configuration = Configuration(os.getcwd(), {})
os.mkdir("models")
writing_after(loader, "load_config_up_to_path", "[sqlfluff\\n")
print(configuration.refresh(False, "duckdb"), read_again(), read_again())
write(".sqlfluff", "[sqlfluff]\\ndialect = duckdb\\n")
print(read_again(), read_again())
writing_after(FluffConfig, "make_child_from_path", "[sqlfluff]\\ndialect=duckdb\\n[broken\\n")
configuration.for_file(os.path.abspath("models/a.sql"), "")
print(read_again(), read_again())
`;

test("a file of the configuration that is written while it is read is read again", () => {
  const printed = execFileSync(testPython(), ["-c", script, workerDir], { encoding: "utf8" });
  expect(printed.trim().split("\n")).toEqual([
    "True .sqlfluff:1 .sqlfluff:1",
    "True False",
    ".sqlfluff:3 .sqlfluff:3",
  ]);
});
