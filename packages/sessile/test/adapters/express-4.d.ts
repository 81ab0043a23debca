// Express 4 under its second name. What the tests use of it has the same types as Express 5.

declare module "express-4" {
  export { default } from "express";
}
