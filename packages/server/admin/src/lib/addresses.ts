// The addresses of the admin page's parts. Ids are in the query: a browser shortens a path with `..` in it, however it
// is encoded.

import { withQuery } from "./request.ts";

export const userAddress = (userId: string): string => withQuery("/admin/user", { id: userId });
export const sessionAddress = (sid: string): string => withQuery("/admin/session", { sid });
