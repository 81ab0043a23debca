// Other people's words on a page: nothing in them can hide, or turn the text beside them around.

import { printable } from "../../../src/http/printable.ts";

/** The user's name, or the id as the application gave it. */
export function userText({ userId, userName }: { readonly userId: string; readonly userName: string | null }): string {
  return userName ?? `User ${printable(userId)}`;
}

export function Words({ of }: { of: string }) {
  return <bdi>{printable(of)}</bdi>;
}
