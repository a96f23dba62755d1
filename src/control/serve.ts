/**
 * The supervisor's side of the control socket: JSON lines in, answers and snapshots out. It only
 * carries requests; the caller interprets them. It must never stall or crash a tick, whatever clients
 * send or fail to read: bad lines are answered, and a client that doesn't read is disconnected.
 */
import type { Socket } from "node:net";
import type { Looked } from "../files/file-identity.ts";
import { Refusal } from "../refusal.ts";
import { ListeningSocket } from "./listening-socket.ts";
import { parseRequest } from "./parse-request.ts";
import { type Answer, MAX_REQUEST_BYTES, type Request, type Snapshot } from "./protocol.ts";

const MAX_CLIENTS = 64;
const MAX_UNANSWERED = 32;
/** Consecutive snapshots that a watcher may miss before it is disconnected. */
const MAX_SKIPPED = 30;
/** Bytes of answers that a client may leave unread before it is disconnected. */
const MAX_UNREAD_BYTES = 4 * 1024 * 1024;

/** A client that neither reads its last answer nor leaves is disconnected after this. */
const LEAVE_WITHIN_MS = 1000;

type Body<T> = T extends unknown ? Omit<T, "id"> : never;
/** An answer without its number, which this file adds. */
export type AnswerBody = Body<Answer>;
/** Requests that the caller answers; `snapshot` and `watch` are answered here. */
export type Command = Exclude<Request, { verb: "snapshot" | "watch" }>;

export interface ControlServer {
  /**
   * Sends a new snapshot to all watchers; made and serialised once, and not at all without watchers. The `last` one
   * goes to those, too, that haven't read the one before: it tells what became of the jobs.
   */
  publish(last?: boolean): void;
  readonly watchers: number;
  /** Makes the socket again where it was removed or replaced; clients that are connected stay so. */
  look(): Promise<Looked>;
  /** Stops listening, lets answers drain briefly, and removes the socket if it is still ours. */
  close(): Promise<void>;
}

interface Client {
  socket: Socket;
  unanswered: number;
  watching: boolean;
  skipped: number;
  /** Nothing more is read; the connection ends after its last answer. */
  leaving: boolean;
}

interface Options {
  onRequest(request: Command): Promise<AnswerBody>;
  snapshot(): Snapshot;
}

/**
 * Listens at `path`. The caller must hold the database's lock, so that a dead socket there may be
 * removed. Rejects with Refusal when the place is unsafe or another supervisor answers there.
 */
export async function serveControl(path: string, options: Options): Promise<ControlServer> {
  const clients = new Set<Client>();
  const listen = () => ListeningSocket.open(path, (socket) => admit(socket, clients, options));
  let socket = await listen();
  /** Sockets without a name that still have clients. */
  const nameless = new Set<Promise<void>>();
  const look = async (): Promise<Looked> => {
    if (socket.isThere) return "as it was";
    try {
      const next = await listen();
      const closed = socket.close().finally(() => nameless.delete(closed));
      nameless.add(closed);
      socket = next;
      return { again: `the control socket ${path}` };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { problem: error.message };
    }
  };
  return {
    look,
    publish: (last = false) => publish(clients, options, last),
    get watchers() {
      return [...clients].filter((client) => client.watching).length;
    },
    close: async () => {
      await Promise.all([close(socket, clients), ...nameless]);
    },
  };
}

function admit(socket: Socket, clients: Set<Client>, options: Options): void {
  socket.on("error", () => socket.destroy());
  if (clients.size >= MAX_CLIENTS) {
    send(socket, { id: 0, ok: false, code: "refused", error: `more than ${MAX_CLIENTS} clients` });
    socket.end();
    return;
  }
  const client: Client = { socket, unanswered: 0, watching: false, skipped: 0, leaving: false };
  clients.add(client);
  socket.on("close", () => clients.delete(client));
  readLines(socket, (line) => void receive(client, line, options));
}

/** Splits input into lines; a line that is too long ends the connection. */
function readLines(socket: Socket, onLine: (line: string) => void): void {
  let pieces: Buffer[] = [];
  let bytes = 0;
  socket.on("data", (chunk: Buffer) => {
    let rest = chunk;
    for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
      if (bytes + end > MAX_REQUEST_BYTES) break;
      const line = Buffer.concat([...pieces, rest.subarray(0, end)]).toString("utf8");
      pieces = [];
      bytes = 0;
      rest = rest.subarray(end + 1);
      if (line.trim() !== "") onLine(line);
      if (socket.destroyed) return;
    }
    bytes += rest.length;
    if (bytes <= MAX_REQUEST_BYTES) {
      if (rest.length > 0) pieces.push(rest);
      return;
    }
    pieces = [];
    socket.removeAllListeners("data").resume();
    send(socket, {
      id: 0,
      ok: false,
      code: "bad-request",
      error: `a line is at most ${MAX_REQUEST_BYTES} bytes`,
    });
    socket.end();
  });
}

async function receive(client: Client, line: string, options: Options): Promise<void> {
  if (client.unanswered >= MAX_UNANSWERED) {
    answer(client, 0, {
      ok: false,
      code: "refused",
      error: `more than ${MAX_UNANSWERED} unanswered requests`,
    });
    client.socket.end();
    return;
  }
  client.unanswered++;
  const parsed = await parseRequest(line);
  if (!parsed.ok) answer(client, parsed.id, { ok: false, code: "bad-request", error: parsed.error });
  else answer(client, parsed.id, await perform(client, parsed.request, options));
  client.unanswered--;
  if (client.leaving && client.unanswered === 0) client.socket.end();
}

async function perform(client: Client, request: Request, options: Options): Promise<AnswerBody> {
  try {
    if (request.verb === "snapshot") return { ok: true, result: options.snapshot() };
    if (request.verb !== "watch") return await options.onRequest(request);
    const result = options.snapshot();
    client.watching = true;
    return { ok: true, result };
  } catch (error) {
    return { ok: false, code: "failed", error: error instanceof Error ? error.message : String(error) };
  }
}

function answer(client: Client, id: number, body: AnswerBody): void {
  if (client.socket.writableLength > MAX_UNREAD_BYTES) client.socket.destroy();
  else send(client.socket, { id, ...body });
}

function send(socket: Socket, message: Answer): void {
  if (!socket.destroyed && socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}

function publish(clients: Set<Client>, options: Options, last: boolean): void {
  let line: string | null = null;
  for (const client of clients) {
    if (!client.watching) continue;
    // Only the newest snapshot matters: a client that hasn't read the last one misses this one.
    if (client.socket.writableLength > 0 && !last) {
      if (++client.skipped > MAX_SKIPPED) client.socket.destroy();
      continue;
    }
    client.skipped = 0;
    line ??= `${JSON.stringify({ snapshot: options.snapshot() })}\n`;
    client.socket.write(line);
  }
}

async function close(socket: ListeningSocket, clients: Set<Client>): Promise<void> {
  const closed = socket.close();
  for (const client of clients) {
    // The client that requested the stop gets its answer, too.
    client.leaving = true;
    if (client.unanswered === 0) client.socket.end();
    client.socket.setTimeout(LEAVE_WITHIN_MS, () => client.socket.destroy());
  }
  await closed;
}
