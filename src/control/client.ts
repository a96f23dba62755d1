/**
 * A client's side of the control socket: requests with their answers, and pushed snapshots. Every
 * connection to the supervisor goes through here. Never starts a supervisor, never retries on its own.
 */
import type { Socket } from "node:net";
import { Refusal } from "../refusal.ts";
import { duration } from "../words/duration.ts";
import type { DashboardClient } from "./dashboard-client.ts";
import { NoSupervisor, openSocket } from "./open-socket.ts";
import type { Answer, Request, Snapshot } from "./protocol.ts";

/**
 * The kernel takes a connection for a process that does nothing any more. One that is well answers within milliseconds,
 * and where it reads its config first, within seconds.
 */
const ANSWERS_WITHIN_MS = 60_000;
const SILENT = `hasn't answered for ${duration(ANSWERS_WITHIN_MS)}`;

/** How often a connected client looks whether the supervisor's process is stopped. */
const LOOK_EVERY_MS = 1000;

const CLOSED = "the connection was closed";

/** It runs, and doesn't answer. */
class Late extends Refusal {
  override name = "Late";
}

/** What `connectControl` resolves with: all that a dashboard needs. */
export type ControlClient = DashboardClient;

interface ConnectOptions {
  /** Snapshots arrive. */
  watch?: boolean;
  /** The pid of the supervisor's process while that is stopped by a signal, which no socket shows; null otherwise. */
  stopped?: () => number | null;
}

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

class Connection implements ControlClient {
  readonly #path: string;
  readonly #watch: boolean;
  #socket: Socket | null = null;
  #closed = false;
  #lastId = 0;
  readonly #waiting = new Map<number, Waiting>();
  #snapshot: Snapshot | null = null;
  #snapshotListener: ((snapshot: Snapshot) => void) | null = null;
  #closeListener: ((reason: string) => void) | null = null;
  readonly #looks: NodeJS.Timeout;
  #stoppedListener: ((pid: number) => void) | null = null;

  constructor(path: string, { watch = false, stopped = () => null }: ConnectOptions) {
    this.#path = path;
    this.#watch = watch;
    let told: number | null = null;
    this.#looks = setInterval(() => {
      const pid = stopped();
      if (pid !== null && pid !== told) this.#stoppedListener?.(pid);
      told = pid;
    }, LOOK_EVERY_MS).unref();
  }

  onSnapshot(listener: (snapshot: Snapshot) => void): void {
    this.#snapshotListener = listener;
    if (this.#snapshot !== null) listener(this.#snapshot);
  }

  onClose(listener: (reason: string) => void): void {
    this.#closeListener = listener;
  }

  onStopped(listener: (pid: number) => void): void {
    this.#stoppedListener = listener;
  }

  async reconnect(): Promise<void> {
    this.#leave();
    const socket = await openSocket(this.#path);
    if (this.#closed) {
      // Meanwhile, or before: nobody would close this one.
      socket.destroy();
      throw new Refusal(CLOSED);
    }
    this.#socket = socket;
    this.#readLines(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.#lost(socket));
    if (!this.#watch) return;
    const first = await this.request({ verb: "watch" });
    if (!first.ok) throw new Refusal(first.error);
    this.#deliver(first.result as Snapshot);
  }

  request(request: Request): Promise<Answer> {
    const socket = this.#socket;
    if (socket === null || !socket.writable) return Promise.reject(new NoSupervisor("not connected"));
    const id = ++this.#lastId;
    const answer = new Promise<Answer>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      socket.write(`${JSON.stringify({ id, ...request })}\n`);
    });
    // A stop takes as long as its jobs need to save.
    return request.verb === "stop" ? answer : this.#inTime(id, answer);
  }

  async #inTime(id: number, answer: Promise<Answer>): Promise<Answer> {
    const late = setTimeout(() => {
      this.#waiting.get(id)?.reject(new Late(`the supervisor ${SILENT}`));
      this.#waiting.delete(id);
    }, ANSWERS_WITHIN_MS);
    try {
      return await answer;
    } finally {
      clearTimeout(late);
    }
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#looks);
    this.#snapshotListener = null;
    this.#closeListener = null;
    this.#leave();
  }

  /** Nobody is told of the end of a connection that we end. */
  #leave(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.destroy();
    this.#fail(CLOSED);
  }

  #readLines(socket: Socket): void {
    let pieces: string[] = [];
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      const lines = chunk.split("\n");
      const rest = lines.pop() ?? "";
      for (const line of lines) {
        pieces.push(line);
        this.#receive(pieces.join(""));
        pieces = [];
      }
      if (rest !== "") pieces.push(rest);
    });
  }

  #receive(line: string): void {
    let message: Answer | { snapshot: Snapshot };
    try {
      message = JSON.parse(line);
    } catch {
      this.#socket?.destroy();
      return;
    }
    if ("snapshot" in message) {
      this.#deliver(message.snapshot);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (waiting !== undefined) waiting.resolve(message);
    // Number 0 answers a line that had no number: every open request has failed with it.
    else if (message.id === 0 && !message.ok) this.#fail(message.error);
  }

  #deliver(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.#snapshotListener?.(snapshot);
  }

  #lost(socket: Socket): void {
    if (this.#socket !== socket) return;
    this.#socket = null;
    this.#fail("the supervisor closed the connection");
    this.#closeListener?.("the supervisor closed the connection");
  }

  #fail(reason: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Refusal(reason));
    this.#waiting.clear();
  }
}

/**
 * Connects to the supervisor at `path`. With `watch`, snapshots arrive from then on; the first is here
 * when this resolves. Rejects with `NoSupervisor` when none listens there, and with another Refusal when
 * it can't be reached or trusted.
 */
export async function connectControl(path: string, options: ConnectOptions = {}): Promise<ControlClient> {
  const connection = new Connection(path, options);
  try {
    await connection.reconnect();
  } catch (error) {
    // An open socket would keep its process alive.
    connection.close();
    throw error;
  }
  return connection;
}

/** What a supervisor says to a request that its version doesn't know; its commands know what this one does. */
const UNKNOWN = /^(?:unknown field '|'verb' must be one of )/;

/** The result of a request; a refusal ends the command with the supervisor's own sentence. */
export async function ask(client: ControlClient, request: Request): Promise<unknown> {
  let answer: Answer;
  try {
    answer = await client.request(request);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error instanceof Late)
      throw new Refusal(`The supervisor ${SILENT}; the request may still be carried out.`);
    throw new Refusal(`No answer: ${error.message}.`, 3);
  }
  if (answer.ok) return answer.result;
  const hint = UNKNOWN.test(answer.error)
    ? ". The running supervisor is of another version than this command. Start it anew, while its jobs run on: supervisor restart"
    : "";
  throw new Refusal(
    `${answer.error}${hint}`,
    answer.code === "bad-request" || answer.code === "unknown-job" ? 2 : 1,
  );
}
