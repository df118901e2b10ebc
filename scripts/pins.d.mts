export declare const codeServerVersion: string;
export declare const pythonEnvironments: Record<"dbt111" | "dbt18" | "fusion", string[]>;
export declare const duckdbDriver: { version: string };
export declare const benchEnvironments: Record<"dbtCoreInterface", string[]>;
export declare function cacheDir(): string;
export declare function pythonEnvironmentDir(name: string): string;
export declare function pythonIn(environmentDir: string): string;
export declare function fusionEngine(): string;
export declare function duckdbDriverDir(): string;
