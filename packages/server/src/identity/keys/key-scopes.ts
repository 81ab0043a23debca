// The scopes of API keys: the closed list of permissions.

/** Every scope, and the permission that it grants. */
export const KEY_SCOPES = {
  "sessions:create": "begin sessions for users whom the application has signed in",
  "sessions:read": "read the session of a token",
  "sessions:write": "change, rotate and end the session of a token",
  "users:read": "list the sessions of any user",
  "users:revoke": "end the sessions of any user",
  "metrics:read": "read `/metrics`",
} as const;

export type KeyScope = keyof typeof KEY_SCOPES;

export function isKeyScope(text: string): text is KeyScope {
  return Object.hasOwn(KEY_SCOPES, text);
}
