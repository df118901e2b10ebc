export interface Part {
  title: string;
  /** Title of the part that has to be there first. */
  after?: string;
  isReady(): boolean | Promise<boolean>;
  install(): Promise<void>;
}
export declare function prepareParts(parts: readonly Part[]): Promise<void>;
export declare function prepare(part: Part): Promise<void>;
