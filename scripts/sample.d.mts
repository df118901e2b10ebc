export declare function copySample(dir: string): void;
