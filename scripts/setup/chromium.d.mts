export declare function chromiumLaunch(): { executablePath: string; env: Record<string, string> };
