export declare const repoDir: string;
export declare const projectNode: string;
export declare function toolScript(file: string): string;
export declare function projectEnvironment(): NodeJS.ProcessEnv;
