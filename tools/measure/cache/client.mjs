// A client of one server, over one connection that stays open.

import { Agent, request } from "node:http";

export class Client {
  #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  #port;

  constructor(port) {
    this.#port = port;
  }

  async signIn() {
    return JSON.parse((await this.#ask("/login")).body).token;
  }

  async signOut(token) {
    const { status } = await this.#ask("/logout", token);
    if (status !== 200) throw new Error(`The sign-out was answered ${status}.`);
  }

  async status(token) {
    return (await this.#ask("/profile", token)).status;
  }

  async figures() {
    return JSON.parse((await this.#ask("/figures")).body);
  }

  #ask(path, token) {
    const headers = token === undefined ? {} : { "x-session-token": token };
    return new Promise((resolve, reject) => {
      const asked = request({ host: "127.0.0.1", port: this.#port, path, headers, agent: this.#agent }, (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (part) => {
          body += part;
        });
        response.on("end", () => resolve({ status: response.statusCode, body }));
      });
      asked.on("error", reject).end();
    });
  }
}
