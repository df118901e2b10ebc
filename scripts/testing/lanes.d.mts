export declare function runInLanes(
  chains: readonly (readonly string[])[],
  others: readonly string[],
  runStage: (name: string) => Promise<void>,
): Promise<void>;
