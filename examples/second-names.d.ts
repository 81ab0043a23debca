// Modules without types of their own here. What the examples use of Express 4 has the same types as Express 5; the types of Node
// are those of its oldest release, which has no SQLite.

declare module "express-4" {
  export { default } from "express";
}

declare module "node:sqlite" {
  export class DatabaseSync {
    constructor(path: string);
    prepare(sql: string): { get(...values: unknown[]): Record<string, unknown> | undefined };
  }
}
