// The list of users as a table and as JSON. Without hashes.

import type { User } from "../identity/users/user-store.ts";

export function usersTable(users: readonly User[], json: boolean): string {
  const shown = users.map(({ id, name, isDisabled, isAdmin, createdAt, passwordChangedAt }) => ({
    id,
    name,
    disabled: isDisabled,
    admin: isAdmin,
    created_at: new Date(createdAt).toISOString(),
    valid_since: new Date(passwordChangedAt).toISOString(),
  }));
  if (json) return `${JSON.stringify(shown, null, 2)}\n`;
  if (shown.length === 0) return "There are no users.\n";
  const width = Math.max(4, ...shown.map(({ name }) => name.length));
  const rows = shown.map(({ name, disabled, admin, created_at }) =>
    [name.padEnd(width), disabled ? "disabled" : "enabled ", created_at.slice(0, 10), admin ? "admin" : ""]
      .join("  ")
      .trimEnd(),
  );
  return [`${"NAME".padEnd(width)}  STATE     SINCE`, ...rows, ""].join("\n");
}
