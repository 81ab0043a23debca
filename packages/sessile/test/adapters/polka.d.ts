declare module "polka" {
  import type { IncomingMessage, ServerResponse } from "node:http";

  type Middleware = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => unknown;
  type OnError = (error: unknown, request: IncomingMessage, response: ServerResponse) => unknown;

  export default function polka(options?: { readonly onError?: OnError }): Polka;

  interface Polka {
    use(...middleware: Middleware[]): Polka;
    get(path: string, ...handlers: Middleware[]): Polka;
    handler(request: IncomingMessage, response: ServerResponse): void;
  }
}
