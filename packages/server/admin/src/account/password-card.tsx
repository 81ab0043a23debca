// The form for a new password.

import { useState } from "preact/hooks";
import { ask, isSignedOut } from "../lib/request.ts";
import { Field } from "../parts/field.tsx";

interface PasswordProps {
  /** The user's name, for the password list of the browser. */
  readonly name: string;
  readonly onChanged: () => void;
  readonly onSignedOut: () => void;
}

export function PasswordCard({ name, onChanged, onSignedOut }: PasswordProps) {
  const [error, setError] = useState("");
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const fields = new FormData(form);
    const text = (field: string): string => String(fields.get(field));
    if (text("new") !== text("again")) return setError("The new password is not the same in both fields.");
    setBusy(true);
    setError("");
    try {
      await ask("POST", "/account/api/password", { current_password: text("current"), new_password: text("new") });
      form.reset();
      onChanged();
    } catch (problem) {
      if (isSignedOut(problem)) onSignedOut();
      setError((problem as Error).message);
    }
    setBusy(false);
  };
  return (
    <section class="card password">
      <h2>New password</h2>
      <p class="muted">
        15 characters or more, such as four or five words that have nothing to do with each other. It signs you out
        everywhere else.
      </p>
      <form onSubmit={(event) => void submit(event)}>
        <input type="text" name="username" autocomplete="username" value={name} hidden readOnly />
        <Field label="Current password" name="current" type="password" autocomplete="current-password" />
        <Field label="New password" name="new" type="password" autocomplete="new-password" />
        <Field label="New password, again" name="again" type="password" autocomplete="new-password" />
        <p class="problem" role="alert">
          {error}
        </p>
        <button type="submit" class="primary" disabled={isBusy}>
          {isBusy ? "One moment…" : "Set the new password"}
        </button>
      </form>
    </section>
  );
}
