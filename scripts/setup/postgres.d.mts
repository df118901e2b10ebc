export interface FoundPostgres {
  initdb: string;
  postgres: string;
  user: { uid: number; gid: number } | null;
}
export declare function findPostgres(): FoundPostgres | { missing: string };
