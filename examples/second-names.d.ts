// Modules without types of their own here. The parts of Express 4 that the examples use have the types of Express 5; the
// types of Node are those of release 20, which has no SQLite.

declare module "express-4" {
  export { default } from "express";
}

declare module "node:sqlite" {
  export class DatabaseSync {
    constructor(path: string);
    prepare(sql: string): { get(...values: unknown[]): Record<string, unknown> | undefined };
  }
}
