// Server-sent events of NestJS 12, `@Sse`, on both of its platforms: the stream opens at once and each event leaves by
// itself.

import "reflect-metadata";
import assert from "node:assert/strict";
import { test } from "node:test";
import { Controller, type INestApplication, type MessageEvent, Sse } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import type { NestExpressApplication } from "@nestjs/platform-express";
import { FastifyAdapter, type NestFastifyApplication } from "@nestjs/platform-fastify";
import { concat, type Observable, of, Subject } from "rxjs";
import { headerTransport, memoryStore, SessionManager } from "sessile";
import { sessions as expressSessions } from "sessile/express";
import { sessions as fastifySessions } from "sessile/fastify";
import { mintSession, pausingStore, testClock } from "sessile/testing";

class Suite {}

/** A controller whose stream has one event at once, and further ones from `later`. */
function controllerOf(later: Observable<MessageEvent>): new () => object {
  class Events {
    events(): Observable<MessageEvent> {
      return concat(of({ data: "first" }), later);
    }
  }
  const { prototype } = Events;
  Sse("events")(prototype, "events", Object.getOwnPropertyDescriptor(prototype, "events") as PropertyDescriptor);
  Controller()(Events);
  return Events;
}

const PLATFORMS = {
  async Express(controller: new () => object, manager: SessionManager): Promise<INestApplication> {
    const module = { module: Suite, controllers: [controller] };
    const app = await NestFactory.create<NestExpressApplication>(module, {
      logger: false,
      forceCloseConnections: true,
    });
    return app.use(expressSessions(manager));
  },
  async Fastify(controller: new () => object, manager: SessionManager): Promise<INestApplication> {
    const module = { module: Suite, controllers: [controller] };
    const adapter = new FastifyAdapter({ forceCloseConnections: true });
    const app = await NestFactory.create<NestFastifyApplication>(module, adapter, { logger: false });
    await app.register(fastifySessions, { manager });
    return app;
  },
};

for (const [platform, create] of Object.entries(PLATFORMS)) {
  test(`NestJS on ${platform}: an @Sse stream with a touch due opens once the touch is stored, and sends each event at once`, async () => {
    const clock = testClock();
    const store = pausingStore(memoryStore());
    const transports = [headerTransport()];
    const manager = new SessionManager({ store, transports, clock: clock.now, sweepInterval: 0, touch: "before" });
    const { headers } = await mintSession(manager, "anna");
    const later = new Subject<MessageEvent>();
    const app = await create(controllerOf(later), manager);
    await app.listen(0, "127.0.0.1");
    clock.advance(60_000);
    const gate = store.pause("commit");
    const opening = fetch(`${await app.getUrl()}/events`, { headers });
    await gate.reached;
    gate.open();
    const response = await opening;
    assert.match(String(response.headers.get("content-type")), /^text\/event-stream/);
    const reader = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
    await readUntil(reader, "data: first\n");
    later.next({ data: "second" });
    await readUntil(reader, "data: second\n");
    later.complete();
    await reader.cancel();
    await app.close();
    await manager.close();
  });
}

async function readUntil(reader: ReadableStreamDefaultReader<string>, wanted: string): Promise<void> {
  for (let text = ""; !text.includes(wanted); ) {
    const { value, done } = await reader.read();
    assert.equal(done, false, `the stream ended before ${JSON.stringify(wanted)}`);
    text += value;
  }
}
