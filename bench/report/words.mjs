// The words of docs/performance.md between its tables. Figures come from the results.

/** The rows of Sessile. */
export const OURS = /^(sessile\b|memory|sqlite|redis$|ioredis$|cached|a good|an |no token)|^Sessile,/i;

export const WORDS = {
  head: (
    date,
  ) => `What a session costs: CPU time of a signed-in read beyond the same request without sessions, Sessile beside the
usual library of each framework, measured on ${date} in one run. The first
two columns are of a V8 whose flags leave chance out ([how it is measured](#how-it-is-measured)), the next two of its
default flags.`,

  after: `\`npm run bench\` repeats a part of this page in about five minutes, \`npm run bench -- --all\` all of it in
half an hour. Compare ratios and CPU times between machines, not requests a second.`,

  goals: `Below, \`none, private\` is \`none\` with the two headers without which a cache may give one user's answer to
another (\`Cache-Control\`, \`Vary\`). \`by hand\` is code without a library: a SHA-256 of the cookie, a \`Map\`, one
deadline, and those headers, without Sessile's other checks: no library that keeps a digest and those headers can do
much better.`,

  promises: `Each program is written as its library's documentation shows it; the last rows are express-session's, over other
stores. Two requests read the session, wait for each
other, and write: each its own key, or each one more entry of a list. Then a slow request begins before a sign-out and
writes after it, and every cookie that there was is tried; a copy of the cookie is tried after a plain sign-out. Counted
are the rounds that came out well.`,

  reads: `The handler asks who is signed in. \`none\` has a constant in its place and the same request headers. \`5
µs\` is busy for five microseconds: how near its own CPU time is to that shows how true the others are. \`map\` finds
the user in a bare \`Map\`, \`get\` asks Redis for one key, \`select\` is hand-written code that selects a row of
SQLite by the SHA-256 of the token. \`memory, data\` also reads a field of the data, which is parsed only then. Peers
run as their documentation advises, set to do the least; express-session touches its store at every request, and cannot
be told otherwise. iron-session has no store, so it cannot revoke. Redis' answers come in bursts, which cost less, so
these rows look cheaper than with one client. Sessile's store gathers what is sent in one turn of the event loop, so it
may be quicker than a bare \`GET\`.`,

  invalid: `The answer is a 401 of the same length. An ill-formed token differs from a good one in its checksum; an
unknown one is good in form, and of a session of another store.`,

  "sign-in": `\`one transaction each\` is the usual way: an \`INSERT\` with \`synchronous=FULL\` on the event loop.
Sessile's writes go to a thread, and all that wait commit together. Both are on the disk before the answer leaves. The
loop's delay is how late a timer of one millisecond fires.`,

  update: `\`session.update\` adds one to a number and loses no increment; the peers read, add and write, and lose
some.`,

  "express-session": `One program of Express, with one line exchanged. A sign-in calls \`regenerate\`, as Passport does.
The reads of these stores are above, with those of Express.`,

  touches: `The activity of each session has to be written when its turn comes again, as if a minute had passed. The
writes come behind the answers, once a second. The CPU time is that of all threads, and a window ends when the writes
are done. V8 runs with its default flags.`,

  postgres: `Calls of the stores themselves, without HTTP, one after the other on one connection pool of \`pg\`; the
contenders take turns. SQL by hand is the least a program would do: prepared statements of its own, one column of JSON,
two indexes; it has no cap, no announcements and no check that another request changed the session. Bytes are those of
the table and its indexes, freshly filled. A commit waits for the disk (\`fsync\` and \`synchronous_commit\` are on),
but those of touches and sweeps do not.`,

  fastapi: `Three programs with one contract on FastAPI and uvicorn as Debian packages them: a dictionary, SQLite with
a connection a request, and redis-py. Each is compared with a program of the same framework without sessions. The CPU
time of Python's processes comes from the system, in steps of 10 ms.`,

  calls: "By Redis' own account (`INFO commandstats`), averaged over a few hundred requests of the same sessions.",

  space: `Heap and RSS after a collection, less those of the empty process. Only Sessile and memorystore remove
sessions that no request asks for again. Sessile's session also has a digest, six instants and an entry in its user's
index, so it can be listed and revoked by user.`,

  expiry: `The clock is moved a day, and the manager's sweeper runs by itself. Measuring the heap forces collections,
so the question waits two seconds before: all threads share one core here.`,

  growth: `The load asks for sessions all over, so that no cache of the processor holds them: of a million, for
100,000, each once before it is measured. The SQLite store remembers about that many records; _each once_ asks for no
session twice, so each row is selected, parsed and checked.`,

  profile: `The CPU time of a request, by samples of the running server's main thread. The difference to \`none\` is
not only the library's code: an answer with more headers costs Node and the system more, and objects of a request cost
the garbage collector. Functions that were inlined count as the outer one.`,

  method: () => `## How it is measured

- Server and load have a core each; a Redis shares that of the load. The load keeps 64 connections busy, one request at
  a time on each, never sleeps, and does so little itself that the server is the limit.
- **Flags of V8**, which may be worth a try in your program. Without \`--no-allocation-site-pretenuring\` a process
  that makes many lasting objects at its start, such as 10,000 sessions, may by chance take twice the CPU time for
  every request, with pauses of 20 ms, whatever library it runs: \`--trace-gc-nvp\` then shows megabytes that outlive
  each young collection (\`new_space_survived\`). The size of the young generation is fixed, because it is chance as
  well (\`--min-semi-space-size=16 --max-semi-space-size=16\`). One ticket of \`process.nextTick\` is kept for ever
  (\`executionAsyncResource()\` inside of it): an old collection that meets none makes every later \`nextTick\` several
  times slower.
- Every variant is warmed up, then all take turns, window after window, in several processes after each other. Of a
  process the lowest CPU time and the highest rate count, since other work only adds; in sign-ins and growth the median
  of its windows. Ratios and differences are taken between processes that ran side by side: their median, and in
  brackets the quarters. Waiting times are the median of all windows.
- CPU time is \`process.cpuUsage()\` of the server, all threads, divided by the requests answered. _Own_ CPU time is
  what is left after that of the same server without sessions.
- A response with an unexpected status ends the run.`,
};
