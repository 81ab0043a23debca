import type { Actions } from "./$types";

export const actions: Actions = {
  default: ({ locals }) => {
    locals.session.update("visits", (visits) => Number(visits ?? 0) + 1);
  },
};
