import express from "express-4";
import { expressSuite } from "./express-suite.ts";

expressSuite("Express 4", express);
