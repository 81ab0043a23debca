// What the sign-in routes take and answer, as JSON Schema.

import { detail, INVALID } from "../http/schemas/answers.ts";
import type { TextsSchema } from "./text-body.ts";

export const LOGIN_BODY: TextsSchema = {
  type: "object",
  required: ["username", "password"],
  properties: {
    username: { type: "string", description: "the user's name, in any case" },
    password: { type: "string", description: "at most 4,096 bytes of UTF-8" },
  },
};

export const PASSWORD_BODY: TextsSchema = {
  type: "object",
  required: ["current_password", "new_password"],
  properties: {
    current_password: { type: "string", description: "the password that holds now" },
    new_password: { type: "string", description: "15 characters or more, at most 4,096 bytes of UTF-8" },
  },
};

const TOKEN = {
  description: "the token of a new session; the one that was presented has ended",
  type: "object",
  required: ["session_token"],
  properties: {
    session_token: { type: ["string", "null"], description: "null where browsers are handed the token in a cookie" },
  },
} as const;

const COMMON = {
  200: TOKEN,
  415: detail("the body is not JSON"),
  422: INVALID,
  429: detail("too many failures by this account or this network; `Retry-After` says when to try again"),
  503: detail("too many sign-ins at once, or a store that cannot answer; `Retry-After` says when to try again"),
};

export const LOGIN_ANSWERS = {
  ...COMMON,
  401: detail("the name or the password is wrong, or the user is disabled"),
};

export const PASSWORD_ANSWERS = {
  ...COMMON,
  401: detail("nobody is signed in"),
  403: detail("the current password is wrong"),
  409: detail("the user was changed at the same moment"),
};
