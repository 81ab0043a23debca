import express from "express-4";
import { expressErrors } from "./express-errors.ts";
import { expressResponses } from "./express-responses.ts";
import { expressSuite } from "./express-suite.ts";

expressSuite("Express 4", express);
expressResponses("Express 4", express);
expressErrors("Express 4", express);
