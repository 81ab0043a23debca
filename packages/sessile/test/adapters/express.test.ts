import express from "express";
import { expressErrors } from "./express-errors.ts";
import { expressResponses } from "./express-responses.ts";
import { expressSuite } from "./express-suite.ts";

expressSuite("Express 5", express);
expressResponses("Express 5", express);
expressErrors("Express 5", express);
