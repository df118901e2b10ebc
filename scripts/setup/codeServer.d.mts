export declare const codeServerEntry: string;
