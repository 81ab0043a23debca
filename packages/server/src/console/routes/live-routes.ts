// The overview: the figures of the last hour, and those that follow.

import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { FastifyInstance } from "fastify";
import type { Overview } from "../api.ts";
import { lastActivity } from "../live/activity.ts";
import { INTERVAL } from "../live/recorder.ts";
import { operatorOf } from "../operators.ts";
import { acceptsGzip } from "../page/accepts-gzip.ts";
import type { AdminParts } from "../parts.ts";

/** Number of events on the overview. */
const SHOWN = 50;

const compress = promisify(gzip);

export function liveRoutes(app: FastifyInstance, parts: AdminParts): void {
  const { recorder, feed, names, watchers, store, service } = parts;

  const overview = (): Overview => {
    const { stats, history } = recorder;
    return {
      store,
      isCounted: stats?.sessions !== null,
      isEstimate: stats?.isEstimate === true,
      hasCache: stats?.cache !== undefined,
      interval: INTERVAL,
      history,
      activity: lastActivity(feed, names.of, SHOWN),
    };
  };

  // Compressed: an hour of figures is 150 kB of similar text, without a secret that its compressed size could reveal.
  app.get("/overview", async (request, reply) => {
    request.session.notActivity();
    if (!acceptsGzip(request)) return overview();
    reply.type("application/json; charset=utf-8").header("content-encoding", "gzip");
    return compress(JSON.stringify(overview()));
  });

  // No HEAD: Fastify would read the stream of its answer for as long as the server runs.
  app.get("/events", { exposeHeadRoute: false }, async ({ session }, reply) => {
    session.notActivity();
    const stream = watchers.add(() => operatorOf(service, session) !== null);
    if (stream === null) return reply.code(503).header("retry-after", "30").send({ detail: "Too many pages are open" });
    stream.once(
      "close",
      session.onEnded(() => stream.end()),
    );
    return reply
      .type("text/event-stream")
      .header("cache-control", "no-store")
      .header("x-accel-buffering", "no")
      .send(stream);
  });

  app.addHook("preClose", async () => watchers.close());
}
