// The head of every page: the place in the page, and the search for a user or a session.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Found } from "../../../src/console/api.ts";
import { printable } from "../../../src/http/printable.ts";
import { sessionAddress, userAddress } from "../lib/addresses.ts";
import { ask, withQuery } from "../lib/request.ts";
import { go } from "../lib/router.ts";
import { Mark } from "../parts/mark.tsx";
import { useDesk } from "./desk.ts";

const PLACES = [
  ["/admin", "Overview"],
  ["/admin/sessions", "Sessions"],
  ["/admin/audit", "Audit"],
] as const;

export function Header({ name, path, onSignOut }: { name: string; path: string; onSignOut: () => void }) {
  return (
    <header class="head">
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <a class="home" href="/admin" aria-label="Sessile, overview">
        <Mark /> <span>Sessile</span>
      </a>
      <nav aria-label="Pages">
        {PLACES.map(([href, label]) => (
          <a key={href} href={href} aria-current={isIn(path, href) ? "page" : undefined}>
            {label}
          </a>
        ))}
      </nav>
      <Search />
      <div class="who">
        <span class="muted" title="Signed in as an administrator">
          {name}
        </span>
        <button type="button" class="quiet" onClick={onSignOut}>
          Sign out
        </button>
      </div>
    </header>
  );
}

function isIn(path: string, href: string): boolean {
  return path === href || (href === "/admin/sessions" && ["/admin/session", "/admin/user"].includes(path));
}

/** The key `/` moves the focus here. */
function Search() {
  const { onError } = useDesk();
  const [problem, setProblem] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      if (event.key !== "/" || (event.target as Element).matches("input, textarea, select, dialog *")) return;
      event.preventDefault();
      field.current?.select();
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const text = field.current?.value.trim() ?? "";
    if (text === "") return;
    const found = await ask<Found>("GET", withQuery("/admin/api/find", { q: text })).catch((error: unknown) => {
      onError(error);
      setProblem((error as Error).message);
      return null;
    });
    if (found === null) return;
    setProblem(found.kind === "nothing" ? `No user and no session “${printable(text)}”` : "");
    if (found.kind === "user") go(userAddress(found.userId));
    if (found.kind === "session") go(sessionAddress(found.sid));
  };
  return (
    <search>
      <form class="search" onSubmit={(event) => void submit(event)}>
        <label class="hidden" for="search">
          Find a user or a session
        </label>
        <input
          id="search"
          ref={field}
          type="search"
          placeholder="User or session id"
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          aria-describedby="search-problem"
          onInput={() => setProblem("")}
        />
        <span class="key" aria-hidden="true">
          /
        </span>
        <span id="search-problem" class={problem === "" ? "hidden" : "search-problem"} role="alert">
          {problem}
        </span>
      </form>
    </search>
  );
}
