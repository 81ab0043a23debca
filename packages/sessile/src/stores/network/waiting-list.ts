// Things that wait, in no order.

/** A thing that waits, and its place in the list; −1 after its removal. */
export interface Waiting<T> {
  readonly item: T;
  index: number;
}

/**
 * Not a `Set`, because V8 links the tables that a `Set` outgrows: once one of them is old, all later ones stay in memory
 * until a full collection, with the requests that waited in them. That made a read on Redis cost half as much again.
 */
export class WaitingList<T> {
  readonly #list: Waiting<T>[] = [];

  get size(): number {
    return this.#list.length;
  }

  add(item: T): Waiting<T> {
    const waiting = { item, index: this.#list.length };
    this.#list.push(waiting);
    return waiting;
  }

  /** False when it was removed before. */
  remove(waiting: Waiting<T>): boolean {
    const { index } = waiting;
    if (index === -1) return false;
    waiting.index = -1;
    const last = this.#list.pop() as Waiting<T>;
    if (last !== waiting) {
      this.#list[index] = last;
      last.index = index;
    }
    return true;
  }

  /** Removes those that `isOver` holds for, one after the other, and gives each to `end`. */
  removeWhere(isOver: (item: T) => boolean, end: (item: T) => void): void {
    for (const waiting of this.#list.filter(({ item }) => isOver(item))) if (this.remove(waiting)) end(waiting.item);
  }
}
