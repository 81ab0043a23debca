// Another process' use of a SQLite file: takes the lock for writing again and again. In this process, over a handle of
// its own.

interface Database {
  exec(sql: string): void;
  close(): void;
}

const { DatabaseSync } = process.getBuiltinModule("node:sqlite") as unknown as {
  DatabaseSync: new (path: string) => Database;
};

/** Holds it for up to 600 ms and lets go for 60. Ends when what it gives back is called. */
export function holdLock(path: string): () => void {
  const database = new DatabaseSync(path);
  let timer: NodeJS.Timeout;
  const letGo = (): void => {
    database.exec("COMMIT");
    timer = setTimeout(take, 60);
  };
  const take = (): void => {
    database.exec("PRAGMA busy_timeout = 2000; BEGIN IMMEDIATE");
    timer = setTimeout(letGo, Math.random() * 600);
  };
  take();
  return () => {
    clearTimeout(timer);
    database.close();
  };
}
