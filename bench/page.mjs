// Part of `npm run docs`: writes docs/performance.md and its plots anew from bench/results/all.json, without measuring.
import { readFileSync } from "node:fs";
import { inRoot } from "../tools/ready/repository.mjs";
import { writePage } from "./report/page.mjs";

const file = process.argv[2] ?? inRoot("bench/results/all.json");
writePage(JSON.parse(readFileSync(file, "utf8")));
