import express from "express";
import { expressSuite } from "./express-suite.ts";

expressSuite("Express 5", express);
