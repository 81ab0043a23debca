import assert from "node:assert/strict";
import { test } from "node:test";
import { compile } from "./support/compile.ts";

test("sessions of Next.js are typed by the manager's data, and actions by their arguments", async () => {
  const output = await compile(
    "next",
    `
    import { RequestCookies } from "@edge-runtime/cookies";
    import { cookieTransport, memoryStore, SessionManager } from "sessile";
    import { sessions } from "sessile/next";

    interface Data { cart: string[] }

    /** As next/headers declares them. */
    type ReadonlyRequestCookies = Omit<RequestCookies, "set" | "clear" | "delete"> & {
      set(key: string, value: string, cookie?: object): ReadonlyRequestCookies;
      set(options: { name: string; value: string; maxAge?: number; sameSite?: true | false | "lax" | "strict" | "none" }): ReadonlyRequestCookies;
    };
    declare function cookies(): Promise<ReadonlyRequestCookies>;
    declare function headers(): Promise<Omit<Headers, "set">>;

    const manager = new SessionManager<Data>({ store: memoryStore(), transports: [cookieTransport()] });
    const { readSession, action } = sessions(manager, { cookies, headers });

    const add = action(async (session, form: FormData, count: number) => {
      session.update("cart", (cart) => [...(cart ?? []), String(form.get("item"))]);
      // @ts-expect-error: no such key
      session.set("crat", []);
      return count;
    });
    const added: Promise<number> = add(new FormData(), 1);
    // @ts-expect-error: the arguments are missing
    void add();

    const session = await readSession();
    const cart: readonly string[] | undefined = session.get("cart");
    // @ts-expect-error: the session may be anonymous
    const userId: string = session.userId;
    if (session.isSignedIn()) {
      const user: string = session.userId;
      console.log(user, cart, userId, added);
    }
    // @ts-expect-error: both functions are needed
    sessions(manager, { cookies });
    `,
  );
  assert.equal(output, "");
});
