// The facts about the project in project.json.

import { readFileSync } from "node:fs";
import { inRoot } from "../ready/repository.mjs";

export const project = JSON.parse(readFileSync(inRoot("project.json"), "utf8"));

/** The URL that shows a file of the repository. */
export const inRepository = (path) => `${project.repository}/blob/${project.branch}/${path}`;
