import { memoryStore } from "sessile";
import { promises } from "./promises.ts";

promises("memory", async () => {
  const store = memoryStore();
  return { stores: [store, store], close: () => store.close() };
});
