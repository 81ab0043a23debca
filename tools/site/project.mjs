// What project.json says about the project.

import { readFileSync } from "node:fs";
import { inRoot } from "../ready/repository.mjs";

export const project = JSON.parse(readFileSync(inRoot("project.json"), "utf8"));

/** Where a file of the repository is shown. */
export const inRepository = (path) => `${project.repository}/blob/${project.branch}/${path}`;
