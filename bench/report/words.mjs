// What docs/performance.md says between its tables. No figure stands here: those come from the results.

/** Rows that are Sessile's. */
export const OURS = /^(sessile\b|memory|sqlite|redis$|ioredis$|cached|a good|an |no token)|^Sessile,/i;

export const WORDS = {
  head: (
    date,
  ) => `What a session costs, measured on ${date} beside the same framework with no sessions, beside code without which nothing would
work, and beside the other libraries, all in one run. \`npm run bench\` repeats a part of it in about five minutes, \`npm run bench -- --all\`
all of it in about half an hour, and writes this page. Compare ratios and CPU times, not requests a second, between machines.`,

  goals: `Below, \`none, private\` is \`none\` with the two headers without which a cache may give one user's answer to another (\`Cache-Control\` and
\`Vary\`), and \`by hand\` is code without a library: a SHA-256 of the cookie, a \`Map\`, one deadline, and those headers. It has none of Sessile's other checks,
so a library that keeps a digest and tells caches the truth can hardly come above its ratio. The profile at the end shows where
the rest goes.`,

  reads: `A read is a request whose handler asks who is signed in. \`none\` is the same handler with a constant in its place and the same request
headers. \`5 µs\` is busy for five microseconds and nothing else: how near its own CPU time comes to that shows how true the others are. \`map\` finds
the user in a bare \`Map\` by the cookie as it came; \`get\` asks Redis for one key; \`select\` is hand-written code that selects a row of SQLite by
the SHA-256 of the token. \`memory, data\` also reads a field of the data, which is parsed only then. Peers run as their documentation
advises, set to do the least: they save nothing that did not change, and connect-redis touches nothing. express-session touches its store
at every request, and cannot be told otherwise. iron-session has no store, so it cannot revoke. Redis answers many requests in one burst,
and responses that are written in a burst cost the system less than single ones: so the rows with Redis, \`get\` too, look cheaper than
they would with one client. ioredis writes each command by itself, unless \`enableAutoPipelining\` is set; Sessile's store
gathers what is sent in one turn of the event loop itself, so it may be quicker than a bare \`GET\`.`,

  invalid: `The answer is a 401 of the same length. An ill-formed token differs from a good one in its checksum; an unknown one is good in form,
and of a session of another store.`,

  "sign-in": `\`one transaction each\` is how it is usually written: an \`INSERT\` with \`synchronous=FULL\` on the event loop. Sessile's writes go to a
thread of their own, and all that wait commit together. Both are on the disk before the answer leaves. The delay of the event loop is how late
a timer of one millisecond fires.`,

  update: `\`session.update\` adds one to a number, so that no increment of another request is lost; the peers read, add and write, and lose some.
The touch that moves the idle deadline, once a minute and session unless told otherwise, costs about the same.`,

  fastapi: `Three programs with the contract that this project began with, written anew on FastAPI and uvicorn as Debian packages them: a
dictionary, SQLite with a connection a request, and redis-py. Each is compared with a FastAPI program of the same answer without a session,
and Sessile with Fastify without one. The CPU time of Python's processes is the system's account, in steps of 10 ms.`,

  calls: "By Redis' own account (`INFO commandstats`), averaged over a few hundred requests of the same sessions.",

  space: `Heap and RSS after a collection, less those of the empty process. Only memorystore removes sessions that nobody asks for again, as Sessile
does; express-session's own store and @fastify/session's keep them until the process ends. Sessile's session also has a digest, six instants
and an entry in its user's index, and so can be listed and revoked by user.`,

  expiry: `The clock is moved a day, and the manager's sweeper runs as it does by itself. Before, the question waits two seconds: measuring the heap
forces collections, after which V8 sweeps on threads of its own, and all threads share one core here.`,

  growth: `The load asks for sessions all over, so that no cache of the processor holds them; of a million, for 100,000,
and for each once before it is measured. The SQLite store remembers what it made of as many records; of the others it selects the row, takes it apart and checks it. That is what _each once_ costs, a load that asks for
no session twice. The whole request is compared, and its own part.`,

  profile: `The CPU time of a request, split by samples of the running server's main thread. What a row with sessions has more than \`none\` is its
own cost; it is not only the library's code: an answer with more headers costs Node and the system more, and objects that live for a
request cost the garbage collector. Functions are told with their file, those inlined into others under the name of the outer one.`,

  method: () => `## How it is measured

- Server and load are processes on a core each; a Redis shares the core of the load. The load keeps 64 connections busy, one request at a time
  on each, without pipelining, and does so little itself that the server is the limit.
- The load never sleeps. Waking a process is charged to whoever wakes it, and only a server slower than the load would have to.
- Servers run with V8's \`--no-allocation-site-pretenuring\`. Without it a process that makes many lasting objects at its start, such as 10,000
  sessions, may by chance take twice the CPU time for every request until it ends, with pauses of 20 ms, whatever library it runs and
  without one too: V8 makes some objects of each request old at once, and each keeps its whole request through several collections.
  \`--trace-gc-nvp\` shows it: then megabytes outlive each collection of the young (\`new_space_survived\`). The flag may be worth a try in your
  program too.
- How large V8 lets the young generation grow is chance as well, so it has one size (\`--min-semi-space-size=16 --max-semi-space-size=16\`).
- Servers keep one ticket of \`process.nextTick\` for ever (\`executionAsyncResource()\` inside of it). A collection of the old that meets none, as
  when nobody asks for a while, throws away V8's notion of their shape, and from then on every call of \`nextTick\`, of which a request
  makes several, takes several times as long until the process ends: by chance, and whatever library it runs. The line may be worth a
  try in your program too.
- Every variant is warmed up, then all take turns, window after window, so that whatever else the machine does meets all; and all of it is
  repeated in several processes after each other. Of a process the lowest CPU time and the highest rate count, because what else a machine
  does only ever adds; where servers have work that does not fall into every window, in sign-ins and growth, the median of its
  windows. A ratio or a difference is taken between processes that ran side by side; what is
  told is the median of those, and in brackets the quarters. Times of waiting are the median of all windows.
- CPU time is \`process.cpuUsage()\` of the server around the window, with all its threads, divided by the requests answered. It is steadier than
  requests a second. _Own_ CPU time is what is left after that of the same server without sessions.
- A response with an unexpected status ends the run.`,
};
