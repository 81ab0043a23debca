// A labelled field of a form.

import { useId } from "preact/hooks";

interface FieldProps {
  readonly label: string;
  readonly name: string;
  readonly type?: "text" | "password";
  readonly autocomplete?: "username" | "current-password" | "new-password" | "off";
}

export function Field({ label, name, type = "text", autocomplete = "off" }: FieldProps) {
  const id = useId();
  const attributes = { id, name, autocomplete, autocapitalize: "none", spellcheck: false, required: true } as const;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {type === "password" ? <input {...attributes} type="password" /> : <input {...attributes} type="text" />}
    </div>
  );
}
