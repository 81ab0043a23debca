// An exchange of frameworks that shorten `request.url` for what is mounted below a path. Knows no framework.

import type { DefaultData } from "../core/session.ts";
import { NodeExchange, type NodeRequest } from "./node-exchange.ts";

export class MountedExchange extends NodeExchange<DefaultData> {
  readonly #url: string;

  /** `url` is what the client asked for: paths that are compared, such as `exemptPaths`, must not depend on mounting. */
  constructor(url: string, request: NodeRequest, report: (error: unknown) => void) {
    super(request, report);
    this.#url = url;
  }

  override get path(): string {
    return this.#url.split("?", 1)[0] as string;
  }
}
