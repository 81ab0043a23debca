// server/middleware/session.ts
import type { Session } from "sessile";
import { sessions } from "sessile/express";
import { manager } from "../../manager";

declare module "node:http" {
  interface IncomingMessage {
    session: Session;
  }
}

export default fromNodeMiddleware(sessions(manager));
