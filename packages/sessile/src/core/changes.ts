// What the handler of one request did to the data. Can be replayed on a newer record. Knows no store and no clock.

import { checkKey, copyJson, type Json, type JsonObject } from "./json.ts";
import type { DataLimits } from "./options.ts";

interface Change {
  readonly key: string;
  /** The new value from the present one; `undefined` removes the key. */
  readonly apply: (value: Json | undefined) => Json | undefined;
  /** Whether the new value depends on the present one, so that it is only right for the version it was computed from. */
  readonly dependent: boolean;
}

/** The data as the handler sees it: what was loaded, with the handler's changes on top. */
export class Changes {
  #changes: Change[] = [];
  #base: JsonObject;
  #view: JsonObject;
  readonly #limits: DataLimits;

  /** `base` is not copied where it has no prototype, so nobody may change it. */
  constructor(base: JsonObject, limits: DataLimits) {
    this.#base = base;
    this.#view = withoutPrototype(base);
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.#changes.length === 0;
  }

  /** True when a change was computed from the value it replaces. */
  get isDependent(): boolean {
    return this.#changes.some(({ dependent }) => dependent);
  }

  /** The data with the changes applied. */
  get view(): JsonObject {
    return this.#view;
  }

  set(key: string, value: unknown): void {
    const copy = copyJson(value, checkKey(key), this.#limits.depth);
    this.#replace({ key, apply: () => copy, dependent: false });
  }

  remove(key: string): void {
    this.#replace({ key, apply: () => undefined, dependent: false });
  }

  update(key: string, fn: (value: unknown) => unknown): void {
    const depth = this.#limits.depth;
    const apply = (value: Json | undefined): Json | undefined => {
      const next = fn(value === undefined ? undefined : copyJson(value, key, depth));
      return next === undefined ? undefined : copyJson(next, checkKey(key), depth);
    };
    this.#add({ key, apply, dependent: !this.#changes.some((earlier) => earlier.key === key) });
  }

  /** Replays the changes on newer data. When one of them throws, everything is as before. */
  rebase(base: JsonObject): void {
    const before = this.#view;
    this.#view = withoutPrototype(base);
    try {
      for (const change of this.#changes) this.#apply(change);
    } catch (error) {
      this.#view = before;
      throw error;
    }
    this.#base = base;
  }

  /** Takes all changes back. */
  undo(): void {
    this.#changes = [];
    this.#view = withoutPrototype(this.#base);
  }

  /** No changes yet, on top of these: takes what the handler does while these are being written. */
  branch(): Changes {
    return new Changes(this.#view, this.#limits);
  }

  /** Takes a branch back, because these could not be written. */
  join(branch: Changes): void {
    this.#changes.push(...branch.#changes);
    this.#view = branch.#view;
  }

  /** The new values of the changed keys, and the keys that are gone. */
  outcome(): { set: JsonObject; remove: readonly string[] } {
    const set: Record<string, Json> = {};
    const remove: string[] = [];
    for (const key of new Set(this.#changes.map((change) => change.key))) {
      const value = this.#view[key];
      if (value === undefined) remove.push(key);
      else set[key] = value;
    }
    return { set, remove };
  }

  #replace(change: Change): void {
    this.#changes = this.#changes.filter(({ key }) => key !== change.key);
    this.#add(change);
  }

  #add(change: Change): void {
    this.#apply(change);
    this.#changes.push(change);
  }

  #apply({ key, apply }: Change): void {
    const value = apply(this.#view[key]);
    const view = copyShallow(this.#view);
    if (value === undefined) delete view[key];
    else view[key] = value;
    this.#view = view;
  }
}

function withoutPrototype(data: JsonObject): JsonObject {
  return Object.getPrototypeOf(data) === null ? data : copyShallow(data);
}

function copyShallow(data: JsonObject): Record<string, Json> {
  return Object.assign(Object.create(null) as Record<string, Json>, data);
}
