import { memoryStore } from "sessile";
import { lifetimes } from "./lifetimes.ts";

lifetimes("memory", async () => {
  const store = memoryStore();
  return { stores: [store, store], close: () => store.close() };
});
