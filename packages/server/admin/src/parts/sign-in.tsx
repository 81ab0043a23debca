// The sign-in form of both pages. The server words the answer to a wrong name or password.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Person } from "../../../src/identity/sign-in/person.ts";
import { ask } from "../lib/request.ts";
import { duration } from "../lib/time.ts";
import { Field } from "./field.tsx";
import { Mark } from "./mark.tsx";

interface SignInProps {
  readonly title: string;
  readonly text: string;
  /** The base of the routes, such as `/admin/api`. */
  readonly api: string;
  /** Milliseconds that a sign-in with "Keep me signed in" lasts; `null` where this is not offered. */
  readonly keepFor?: number | null;
  readonly onDone: (person: Person) => void;
}

export function SignIn({ title, text, api, keepFor = null, onDone }: SignInProps) {
  const [error, setError] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  // Before the form is visible, so that the first keys typed are not lost.
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
