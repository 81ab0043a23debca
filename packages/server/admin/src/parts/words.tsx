// Foreign texts on a page, in which nothing can hide or reverse the text beside it.

import { printable } from "../../../src/http/printable.ts";

/** The user's name, or the application's id. */
export function userText({ userId, userName }: { readonly userId: string; readonly userName: string | null }): string {
  return userName ?? `User ${printable(userId)}`;
}

export function Words({ of }: { of: string }) {
  return <bdi>{printable(of)}</bdi>;
}
