/** A real HTTP server that keeps what is posted to it, and answers as a test says. */
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface Posted {
  path: string | undefined;
  headers: IncomingHttpHeaders;
  body: string;
  atMs: number;
}

export class Receiver {
  readonly got: Posted[] = [];
  /** Of the coming answers; 200 when there are no more. */
  readonly answers: [status: number, headers: Record<string, string>][] = [];
  readonly #server: Server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (part) => {
      body += part;
    });
    request.on("end", () => {
      this.got.push({ path: request.url, headers: request.headers, body, atMs: performance.now() });
      const [status, headers] = this.answers.shift() ?? [200, {}];
      response.writeHead(status, headers).end();
    });
  });

  /** Gives its address. */
  async start(): Promise<string> {
    await new Promise<void>((done) => this.#server.listen(0, "127.0.0.1", done));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }
}
