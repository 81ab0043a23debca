// The overview: what the server did within the last hour, and what it does now.

import type { FastifyInstance } from "fastify";
import type { Overview } from "../api.ts";
import { lastActivity } from "../live/activity.ts";
import { INTERVAL } from "../live/recorder.ts";
import { operatorOf } from "../operators.ts";
import type { AdminParts } from "../parts.ts";

/** Happenings shown on the overview. */
const SHOWN = 50;

export function liveRoutes(app: FastifyInstance, parts: AdminParts): void {
  const { recorder, feed, names, watchers, store, service } = parts;

  app.get("/overview", async ({ session }): Promise<Overview> => {
    session.notActivity();
    const { stats, history } = recorder;
    return {
      store,
      isCounted: stats?.sessions !== null,
      hasCache: stats?.cache !== undefined,
      interval: INTERVAL,
      history,
      activity: lastActivity(feed, names.of, SHOWN),
    };
  });

  app.get("/events", async ({ session }, reply) => {
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
