export declare function isReady(part: string): boolean;
export declare function markReady(part: string): Promise<void>;
export declare function fillFolder(dir: string, fill: (partial: string) => Promise<unknown>): Promise<void>;
export declare function withCacheLock<Result>(
  work: () => Promise<Result>,
  options?: { onWait?: (pid: number) => void },
): Promise<Result>;
export declare function isAlive(pid: number): boolean;
