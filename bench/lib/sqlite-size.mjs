// The size of a SQLite database, with what is in its log but not yet in its file.
import { DatabaseSync } from "node:sqlite";

export function sizeOf(path) {
  const database = new DatabaseSync(path);
  const valueOf = (pragma) => Object.values(database.prepare(`PRAGMA ${pragma}`).get())[0];
  const bytes = valueOf("page_count") * valueOf("page_size");
  database.close();
  return bytes;
}
