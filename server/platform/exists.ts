import { access } from "node:fs/promises";

/** Whether there is a file or folder that this process may look at. */
export async function exists(filePath: string): Promise<boolean> {
  return access(filePath).then(
    () => true,
    () => false,
  );
}
