export interface ProfileOptions {
  settings?: Record<string, unknown>;
  machineSettings?: Record<string, unknown>;
  extensionsDir?: string;
}
export declare function writeProfile(dir: string, options?: ProfileOptions): string[];
export declare function installExtensions(profile: string[], vsixFiles: string[]): Promise<void>;
export interface CodeServer {
  url: string;
  pid: number;
  stop(): Promise<void>;
  closed: Promise<unknown>;
}
export declare function startCodeServer(
  profile: string[],
  options?: { args?: string[]; env?: Record<string, string>; onLine?: (line: string) => void },
): Promise<CodeServer>;
export declare function workbenchUrl(url: string, folder: string, file?: string): string;
