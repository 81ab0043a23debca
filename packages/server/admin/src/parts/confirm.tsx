// The question before an action that cannot be undone: what it ends, and the password if it was last asked for long
// ago.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Person } from "../../../src/identity/sign-in/person.ts";
import { ask, isStale } from "../lib/request.ts";
import { now } from "../lib/time.ts";
import { Field } from "./field.tsx";

export interface Question {
  readonly title: string;
  /** The effect, with the number of sessions. */
  readonly text: string;
  /** The label of the button. */
  readonly action: string;
  /** A word to type first, for actions that end very much. */
  readonly typed?: string;
  readonly isDangerous?: boolean;
  readonly run: () => Promise<void>;
}

interface ConfirmProps extends Question {
  readonly api: string;
  readonly person: Person;
  readonly onPerson: (person: Person) => void;
  /** Browsers emit `close` some time after the dialog has gone, when another question may be open already. */
  readonly onClose: () => void;
}

/** Milliseconds before the end of the fresh time, since a click is still to come. */
const MARGIN = 5000;

export function Confirm(props: ConfirmProps) {
  const { title, text, action, typed, isDangerous = true, run, api, person, onPerson, onClose } = props;
  const [needsPassword, setNeedsPassword] = useState(person.freshUntil < now() + MARGIN);
  const [error, setError] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [given, setGiven] = useState("");
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
    dialog.current?.querySelector<HTMLElement>("input, button[type=submit]")?.focus();
  }, []);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const password = String(new FormData(event.currentTarget as HTMLFormElement).get("password"));
    setBusy(true);
    setError("");
    try {
      if (needsPassword) onPerson(await ask<Person>("POST", `${api}/confirm`, { password }));
      await run();
      onClose();
    } catch (problem) {
      if (isStale(problem)) setNeedsPassword(true);
      setError(isStale(problem) ? "Enter your password to go on." : (problem as Error).message);
      setBusy(false);
    }
  };
  return (
    <dialog ref={dialog} aria-labelledby="confirm-title" aria-describedby="confirm-text" onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        <h2 id="confirm-title">{title}</h2>
        <p id="confirm-text">{text}</p>
        {typed !== undefined && (
          <div class="field">
            <label for="confirm-typed">
              Type <strong>{typed}</strong> to go on
            </label>
            <input
              id="confirm-typed"
              autocomplete="off"
              value={given}
              onInput={(event) => setGiven(event.currentTarget.value)}
            />
          </div>
        )}
        {needsPassword && (
          <Field label={`Password of ${person.name}`} name="password" type="password" autocomplete="current-password" />
        )}
        <p class="problem" role="alert">
          {error}
        </p>
        <div class="buttons">
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button
            type="submit"
            class={isDangerous ? "danger" : "primary"}
            disabled={isBusy || (typed !== undefined && given !== typed)}
          >
            {isBusy ? "One moment…" : action}
          </button>
        </div>
      </form>
    </dialog>
  );
}
