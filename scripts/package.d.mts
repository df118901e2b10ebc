export declare function packageExtension(): Promise<{ vsix: string; bytes: number }>;
