// Express 4 under its second name. What the example uses of it has the same types as Express 5.

declare module "express-4" {
  export { default } from "express";
}
