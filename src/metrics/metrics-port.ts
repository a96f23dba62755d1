/**
 * Answers `GET /metrics` on 127.0.0.1, and nothing else. On a bare socket: Node's HTTP server takes 12 MiB
 * of memory. A client can't make a tick wait: what it sends is limited in bytes and time, and each
 * connection gets one answer.
 */
import { createServer, type Server, type Socket } from "node:net";

const MOST_CLIENTS = 16;
const MOST_REQUEST_BYTES = 8 * 1024;
/** Within which a client must have asked, and then have read its answer. */
const PATIENCE_MS = 5000;

export class MetricsPort {
  readonly port: number;
  readonly #server: Server;
  readonly #clients = new Set<Socket>();
  #problem: string | null = null;

  /** `page` gives the text of now. */
  constructor(port: number, page: () => string) {
    this.port = port;
    this.#server = createServer((socket) => this.#admit(socket, page));
    this.#server.maxConnections = MOST_CLIENTS;
    this.#server.on("error", (error: NodeJS.ErrnoException) => {
      const why = error.code === "EADDRINUSE" ? "another program uses it" : (error.code ?? error.message);
      this.#problem = `The metrics can't be read on port ${port}: ${why}.`;
    });
    this.#server.listen(port, "127.0.0.1");
  }

  /** Why it doesn't listen, as a sentence. */
  get problem(): string | null {
    return this.#problem;
  }

  close(): Promise<void> {
    for (const socket of this.#clients) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #admit(socket: Socket, page: () => string): void {
    this.#clients.add(socket);
    const deadline = setTimeout(() => socket.destroy(), PATIENCE_MS);
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(deadline);
      this.#clients.delete(socket);
    });
    let head = "";
    socket.setEncoding("latin1");
    socket.on("data", (part: string) => {
      head += part;
      if (head.length > MOST_REQUEST_BYTES) socket.destroy();
      if (!head.includes("\r\n\r\n")) return;
      socket.removeAllListeners("data");
      // What else it sends is read and dropped: unread bytes would reset the connection.
      socket.resume();
      socket.end(answer(head, page));
    });
  }
}

function answer(head: string, page: () => string): string {
  const [, method, path] = /^(\w+) (\S+) HTTP\/1\.[01]\r\n/.exec(head) ?? [];
  if (method === undefined || path === undefined) return reply("400 Bad Request", "This isn't HTTP.\n");
  const host = /^host:[ \t]*([^\r]*?)(:\d+)?[ \t]*$/im.exec(head)?.[1];
  // A web page that has its own name lead here could read the answer.
  if (host !== undefined && host !== "127.0.0.1" && host.toLowerCase() !== "localhost")
    return reply("403 Forbidden", "Ask 127.0.0.1 or localhost.\n");
  if (method !== "GET" && method !== "HEAD") return reply("405 Method Not Allowed", "Only GET.\n");
  if (path.split("?")[0] !== "/metrics") return reply("404 Not Found", "There is only /metrics.\n");
  return reply("200 OK", page(), method === "HEAD");
}

function reply(status: string, text: string, headOnly = false): string {
  const head = [
    `HTTP/1.1 ${status}`,
    "Content-Type: text/plain; version=0.0.4; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(text)}`,
    "Connection: close",
  ];
  return `${head.join("\r\n")}\r\n\r\n${headOnly ? "" : text}`;
}
