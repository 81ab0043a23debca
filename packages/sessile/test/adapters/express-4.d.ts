// Express 4 under its second name. The parts that the tests use have the same types as in Express 5.

declare module "express-4" {
  export { default } from "express";
}
