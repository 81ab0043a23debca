// The sign-in of both pages. What a wrong name or password is told, the server decides.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Person } from "../../../src/identity/sign-in/person.ts";
import { ask } from "../lib/request.ts";
import { duration } from "../lib/time.ts";
import { Field } from "./field.tsx";
import { Mark } from "./mark.tsx";

interface SignInProps {
  readonly title: string;
  readonly text: string;
  /** Where to ask, such as `/admin/api`. */
  readonly api: string;
  /** How long a sign-in lasts that asks to be kept, in milliseconds; `null` where none may ask. */
  readonly keepFor?: number | null;
  readonly onDone: (person: Person) => void;
}

export function SignIn({ title, text, api, keepFor = null, onDone }: SignInProps) {
  const [error, setError] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  // Before it is seen, so that nothing that is typed at once is lost.
  useLayoutEffect(() => form.current?.querySelector("input")?.focus(), []);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    const body = {
      username: String(fields.get("username")),
      password: String(fields.get("password")),
      ...(keepFor !== null && { keep_signed_in: fields.has("keep") }),
    };
    setBusy(true);
    setError(null);
    await ask<Person>("POST", `${api}/sign-in`, body).then(onDone, (problem: Error) => setError(problem.message));
    setBusy(false);
  };
  return (
    <main class="sign-in">
      <form class="card" ref={form} onSubmit={(event) => void submit(event)}>
        <h1>
          <Mark /> {title}
        </h1>
        <p class="muted">{text}</p>
        {!isSecureContext && (
          <p class="notice warn">This page needs HTTPS, or http://localhost: a browser keeps no sign-in otherwise.</p>
        )}
        <Field label="Name" name="username" autocomplete="username" />
        <Field label="Password" name="password" type="password" autocomplete="current-password" />
        {keepFor !== null && (
          <label class="check">
            <input type="checkbox" name="keep" /> Keep me signed in on this device for {duration(keepFor)}
          </label>
        )}
        <p class="problem" role="alert">
          {error}
        </p>
        <button type="submit" class="primary wide" disabled={isBusy}>
          {isBusy ? "Signing in…" : "Sign in"}
        </button>
      </form>
    </main>
  );
}
