// Foreign texts on a page, in which nothing can hide or reverse the text beside it.

import { printable } from "../../../src/http/printable.ts";

interface User {
  readonly userId: string;
  readonly userName: string | null;
}

/** The user's name, or the application's id. */
export function userText({ userId, userName }: User): string {
  return userName ?? `User ${printable(userId)}`;
}

/** The same on the page, where a long address breaks after a dot or its @. */
export function UserWords(user: User) {
  const parts = userText(user).split(/(?<=[@.])/);
  return <bdi>{parts.flatMap((part, i) => (i === 0 ? part : [<wbr key={i} />, part]))}</bdi>;
}

export function Words({ of }: { of: string }) {
  return <bdi>{printable(of)}</bdi>;
}
