import { readFile, stat } from "node:fs/promises";
import { parseYaml, unreadableYaml, type YamlFile } from "./yamlFile.ts";

/** Reads the YAML files of one answer, and remembers which files that answer depends on. */
export interface ConfigReader {
  /** @returns undefined where there is no such file. Never throws: a file that cannot be read says so in `problems`. */
  read(filePath: string): Promise<YamlFile | undefined>;
  /** Every file that was read or looked for, absolute, in the order of the search. */
  lookedFor(): string[];
}

const megabyte = 1024 * 1024;

/** @param unsavedText text of a file that is open in the editor, which counts instead of the file's */
export function createConfigReader(unsavedText?: (filePath: string) => string | undefined): ConfigReader {
  const files = new Map<string, Promise<YamlFile | undefined>>();
  return {
    read(filePath) {
      const known = files.get(filePath);
      if (known) return known;
      const unsaved = unsavedText?.(filePath);
      const file =
        unsaved === undefined ? readYamlFile(filePath) : Promise.resolve(parseYaml(filePath, unsaved));
      files.set(filePath, file);
      return file;
    },
    lookedFor: () => [...files.keys()],
  };
}

async function readYamlFile(filePath: string): Promise<YamlFile | undefined> {
  try {
    const facts = await stat(filePath);
    // Also keeps a named pipe from being opened, which would wait for ever.
    if (!facts.isFile()) {
      return unreadableYaml(
        filePath,
        "unreadable-file",
        `A file is expected here, and this is none: ${filePath}`,
      );
    }
    if (facts.size > megabyte) {
      return unreadableYaml(
        filePath,
        "unreadable-file",
        `This file is larger than 1 MB, so it is not read: ${filePath}`,
      );
    }
    const bytes = await readFile(filePath);
    if (bytes.includes(0)) {
      return unreadableYaml(
        filePath,
        "unreadable-file",
        "This is not a text file in UTF-8. Save it as UTF-8.",
      );
    }
    return parseYaml(filePath, new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    return unreadableYaml(
      filePath,
      "unreadable-file",
      reasons[String(code)] ?? `This file cannot be read (${String(code)}).`,
    );
  }
}

const reasons: Record<string, string> = {
  EACCES: "This file cannot be read: permission denied.",
  EPERM: "This file cannot be read: permission denied.",
  ELOOP: "This file is a symbolic link that leads back to itself.",
  ERR_ENCODING_INVALID_ENCODED_DATA: "This is not a text file in UTF-8. Save it as UTF-8.",
};
