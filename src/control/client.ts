/**
 * A client's side of the control socket: requests with their answers, and pushed snapshots.
 * Every way to reach the supervisor goes through here. Never starts one, never retries by itself.
 */
import { lstatSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { Refusal } from "../refusal.ts";
import type { DashboardClient } from "../show/screen/client-interface.ts";
import type { Answer, Request, Snapshot } from "./protocol.ts";

/** Nobody listens at the socket. */
export class NoSupervisor extends Refusal {
  override name = "NoSupervisor";
}

/** What `connectControl` gives: all that a dashboard needs, and what came with the connection. */
export type ControlClient = DashboardClient;

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

class Connection implements ControlClient {
  private readonly path: string;
  private readonly watch: boolean;
  private socket: Socket | null = null;
  private closed = false;
  private lastId = 0;
  private readonly waiting = new Map<number, Waiting>();
  private snapshot: Snapshot | null = null;
  private snapshotListener: ((snapshot: Snapshot) => void) | null = null;
  private closeListener: ((reason: string) => void) | null = null;

  constructor(path: string, watch: boolean) {
    this.path = path;
    this.watch = watch;
  }

  onSnapshot(listener: (snapshot: Snapshot) => void): void {
    this.snapshotListener = listener;
    if (this.snapshot !== null) listener(this.snapshot);
  }

  onClose(listener: (reason: string) => void): void {
    this.closeListener = listener;
  }

  async reconnect(): Promise<void> {
    this.socket?.destroy();
    mustBeOurs(this.path);
    this.socket = await open(this.path);
    const socket = this.socket;
    let pieces: string[] = [];
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      const lines = chunk.split("\n");
      const rest = lines.pop() ?? "";
      for (const line of lines) {
        pieces.push(line);
        this.receive(pieces.join(""));
        pieces = [];
      }
      if (rest !== "") pieces.push(rest);
    });
    socket.on("error", () => {});
    socket.on("close", () => this.lost(socket));
    if (!this.watch) return;
    const first = await this.request({ verb: "watch" });
    if (!first.ok) throw new Refusal(first.error);
    this.deliver(first.result as Snapshot);
  }

  request(request: Request): Promise<Answer> {
    const socket = this.socket;
    if (socket === null || !socket.writable) return Promise.reject(new NoSupervisor("not connected"));
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      socket.write(`${JSON.stringify({ id, ...request })}\n`);
    });
  }

  close(): void {
    this.closed = true;
    this.snapshotListener = null;
    this.closeListener = null;
    this.socket?.destroy();
    this.fail("the connection was closed");
  }

  private receive(line: string): void {
    let message: Answer | { snapshot: Snapshot };
    try {
      message = JSON.parse(line);
    } catch {
      this.socket?.destroy();
      return;
    }
    if ("snapshot" in message) {
      this.deliver(message.snapshot);
      return;
    }
    const waiting = this.waiting.get(message.id);
    this.waiting.delete(message.id);
    if (waiting !== undefined) waiting.resolve(message);
    // Number 0 answers what couldn't be told apart: all that is open has failed with it.
    else if (!message.ok) this.fail(message.error);
  }

  private deliver(snapshot: Snapshot): void {
    this.snapshot = snapshot;
    this.snapshotListener?.(snapshot);
  }

  private lost(socket: Socket): void {
    if (this.socket !== socket) return;
    this.socket = null;
    this.fail("the supervisor closed the connection");
    if (!this.closed) this.closeListener?.("the supervisor closed the connection");
  }

  private fail(reason: string): void {
    for (const { reject } of this.waiting.values()) reject(new Refusal(reason));
    this.waiting.clear();
  }
}

/** Somebody else could have put a socket where ours would be: what is sent there would be theirs. */
function mustBeOurs(path: string): void {
  const uid = process.getuid?.();
  const owner = lstatSync(path, { throwIfNoEntry: false })?.uid;
  if (uid === undefined || uid === 0 || owner === undefined || owner === uid) return;
  throw new Refusal(`${path} belongs to uid ${owner}, not to you`);
}

function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.removeAllListeners("error");
      resolve(socket);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      const nobody = ["ENOENT", "ECONNREFUSED", "ENOTSOCK", "ENOTDIR"].includes(error.code ?? "");
      reject(nobody ? new NoSupervisor(`nobody answers at ${path}`) : new Refusal(error.message));
    });
  });
}

/**
 * Connects to the supervisor at `path`; with `watch`, snapshots arrive from then on, the first
 * already here when this resolves. Rejects with `NoSupervisor` when nobody listens there, with another
 * Refusal when it can't be reached or trusted.
 */
export async function connectControl(
  path: string,
  options: { watch?: boolean } = {},
): Promise<ControlClient> {
  const connection = new Connection(path, options.watch ?? false);
  await connection.reconnect();
  return connection;
}
