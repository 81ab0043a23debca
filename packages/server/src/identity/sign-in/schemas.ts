// Schemas of the sign-in routes.

import { TOKEN } from "../../http/schemas/account.ts";
import { BODY_ANSWERS, CROSS_SITE, challenged, detail, postponed } from "../../http/schemas/answers.ts";
import type { TextsSchema } from "./text-body.ts";

const LOGIN_BODY: TextsSchema = {
  type: "object",
  required: ["username", "password"],
  properties: {
    username: { type: "string", description: "the user's name, in any case" },
    password: { type: "string", description: "at most 4,096 bytes of UTF-8" },
  },
};

const PASSWORD_BODY: TextsSchema = {
  type: "object",
  required: ["current_password", "new_password"],
  properties: {
    current_password: { type: "string", description: "the present password" },
    new_password: {
      type: "string",
      description: "15 characters or more, 4,096 bytes of UTF-8 at most, and not easy to guess",
    },
  },
};

const COMMON = {
  ...BODY_ANSWERS,
  200: TOKEN,
  409: detail("the user's sessions were revoked, or the user was changed, at the same moment"),
  429: postponed("too many failed sign-ins to this account or from this network"),
  503: postponed("too many concurrent sign-ins, or the store cannot answer"),
};

export const LOGIN = {
  operationId: "signIn",
  summary: "Sign in with a password",
  tags: ["account"],
  security: [],
  body: LOGIN_BODY,
  response: {
    ...COMMON,
    401: challenged("the name or the password is wrong, or the user is disabled"),
    403: CROSS_SITE,
  },
};

export const PASSWORD = {
  operationId: "changePassword",
  summary: "Set a new password",
  description: "All sessions of the user end, and a new one begins for this client.",
  tags: ["account"],
  security: [{ sessionToken: [] }, { bearer: [] }],
  body: PASSWORD_BODY,
  response: {
    ...COMMON,
    401: challenged("not signed in"),
    403: detail("the current password is wrong, or the request comes from another site's page"),
  },
};
