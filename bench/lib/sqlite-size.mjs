// The size of a SQLite database, with what is in its log but not yet in its file.
import { DatabaseSync } from "node:sqlite";

export function sizeOf(path) {
  const database = new DatabaseSync(path);
  const pragmaOf = (pragma) => Object.values(database.prepare(`PRAGMA ${pragma}`).get())[0];
  const bytes = pragmaOf("page_count") * pragmaOf("page_size");
  database.close();
  return bytes;
}
