// The size of a SQLite database, including the part in its log.
import { DatabaseSync } from "node:sqlite";

export function sizeOf(path) {
  const database = new DatabaseSync(path);
  const pragmaOf = (pragma) => Object.values(database.prepare(`PRAGMA ${pragma}`).get())[0];
  const bytes = pragmaOf("page_count") * pragmaOf("page_size");
  database.close();
  return bytes;
}
