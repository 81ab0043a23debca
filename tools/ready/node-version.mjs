// The abilities of the running Node. This file must load on every old Node, to be able to refuse it.
import module from "node:module";
import { Problem } from "./problem.mjs";

/** Refuses a Node that is too old for the tools. */
export function requireNode20() {
  if (Number.parseInt(process.versions.node, 10) >= 20) return;
  throw new Problem(`Sessile needs Node 20 or newer (best: 24). This is Node ${process.versions.node}.`);
}

/** Whether this Node has `node:sqlite` without a flag: 22.13 and newer do. */
export const hasSqlite = () => Boolean(module.isBuiltin?.("node:sqlite"));
