import { join } from "node:path";
import { sqliteStore } from "sessile/sqlite";
import { temporaryFolder } from "sessile-test-support/folder";
import { promises } from "./promises.ts";

promises("sqlite, two connections", async () => {
  const path = join(temporaryFolder(), "sessions.db");
  const stores = [sqliteStore({ path }), sqliteStore({ path })] as const;
  return {
    stores,
    close: async () => {
      for (const store of stores) await store.close();
    },
  };
});
