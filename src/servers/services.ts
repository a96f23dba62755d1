/**
 * Looks for services: whether something listens at their address, and which process it is. Apart from the tick, every
 * few seconds; a connection is opened and closed without a word, which wakes no model. Decides nothing.
 */
import { connect } from "node:net";
import { elapsedMs } from "../clock.ts";
import { isLoopback } from "../config/loopback.ts";
import type { Job } from "../model/job.ts";
import type { Run } from "../model/run.ts";
import type { Seen } from "../model/seen.ts";
import type { ServiceSeen } from "../model/server.ts";
import { holderOf, holdsSocket, type Listener, listenerAt } from "../sense/proc/listener.ts";
import { isAlive, readStat } from "../sense/proc/process.ts";
import { userName } from "../sense/proc/user-name.ts";

const EVERY_MS = 2000;
/** One that takes no connection for so long hangs, but is there, if /proc shows that it listens. */
const CONNECT_MS = 5000;
/** A network that fails, or a process without a file descriptor left, says nothing of the service so soon. */
const UNREACHABLE_MS = 60_000;

interface Known {
  url: string;
  seen: ServiceSeen | undefined;
  /** Monotonic. */
  lookedMs: number;
  isLooking: boolean;
  /** Since when nothing is known of it: no connection, and no refusal either. Monotonic. */
  unreachableMs: number | null;
  /** The socket that was searched for last, and who has it. */
  socket?: { inode: string; pid: number | null; startTime: number | null };
}

export class Services {
  readonly #wake: () => void;
  /** By job. */
  readonly #known = new Map<string, Known>();
  #closed = false;

  /** `wake`: called when something else is seen. */
  constructor(wake: () => void) {
    this.#wake = wake;
  }

  /** What was seen last; looks again where that is due. Returns at once. */
  of({ name, spec }: Job): ServiceSeen | undefined {
    const url = spec.pause.calls?.url ?? "";
    let known = this.#known.get(name);
    if (known?.url !== url) {
      const lookedMs = Number.NEGATIVE_INFINITY;
      known = { url, seen: undefined, lookedMs, isLooking: false, unreachableMs: null };
      this.#known.set(name, known);
    }
    if (!known.isLooking && !this.#closed && elapsedMs() - known.lookedMs >= EVERY_MS) void this.#look(known);
    return known.seen;
  }

  /** Of a followed one. It has no exit of ours: `service` tells that it is gone. */
  observe(job: Job, { pid, startTime }: Run): Seen {
    const service = this.of(job);
    return {
      pid,
      startTime,
      alive: true,
      exit: null,
      leftovers: [],
      ranks: [],
      checkpoints: [],
      rejected: [],
      signalCaught: null,
      stopped: false,
      ...(service && { service }),
    };
  }

  close(): void {
    this.#closed = true;
  }

  async #look(known: Known): Promise<void> {
    known.isLooking = true;
    const url = new URL(known.url);
    const answer = await connectCode(url);
    const before = known.seen;
    // One that listens here hangs; of any other nothing is seen.
    const hangs = answer === SILENT && listenerOf(url) !== null;
    const code = hangs ? null : answer;
    known.lookedMs = elapsedMs();
    known.unreachableMs = isUnclear(code) ? (known.unreachableMs ?? known.lookedMs) : null;
    const forMs = known.lookedMs - (known.unreachableMs ?? known.lookedMs);
    if (code === null) known.seen = { here: true, ...whoListens(url, known) };
    else if (isGone(code, { wasHere: before?.here === true, forMs }))
      known.seen = { here: false, why: goneText(code, url) };
    known.isLooking = false;
    if (!this.#closed && JSON.stringify(before) !== JSON.stringify(known.seen)) this.#wake();
  }
}

/** The port that a URL means. */
const portOf = ({ port, protocol }: URL): number => Number(port) || (protocol === "https:" ? 443 : 80);

const REFUSED = "ECONNREFUSED";
const SILENT = "no answer";
const isUnclear = (code: string | null): boolean => code !== null && code !== REFUSED;

/** Whether an error of connecting means that the service isn't there; `forMs`: since the first of such errors. */
export const isGone = (code: string, { wasHere, forMs }: { wasHere: boolean; forMs: number }): boolean =>
  !isUnclear(code) || !wasHere || forMs >= UNREACHABLE_MS;

const goneText = (code: string, { host }: URL): string =>
  isUnclear(code) ? `${host} can't be reached (${code})` : `Nothing listens at ${host}`;

/** The error of connecting; null where the connection is taken. */
function connectCode(url: URL): Promise<string | null> {
  const { hostname } = url;
  return new Promise((resolve) => {
    const socket = connect({
      host: hostname.replace(/^\[|\]$/g, ""),
      port: portOf(url),
      timeout: CONNECT_MS,
    });
    const end = (code: string | null): void => {
      socket.destroy();
      resolve(code);
    };
    socket.on("connect", () => end(null));
    socket.on("timeout", () => end(SILENT));
    socket.on("error", ({ code }: NodeJS.ErrnoException) => end(code ?? "an error without a code"));
  });
}

type Who = Omit<Extract<ServiceSeen, { here: true }>, "here">;
const NOBODY: Who = { pid: null, startTime: null, user: null };

/** Null on another machine. */
const listenerOf = (url: URL): Listener | null => (isLoopback(url.hostname) ? listenerAt(portOf(url)) : null);

/** On another machine nobody; the search through all processes is made once for each socket. */
function whoListens(url: URL, known: Known): Who {
  const listener = listenerOf(url);
  if (listener === null) return NOBODY;
  const { socket } = known;
  if (
    socket?.inode !== listener.inode ||
    (socket.pid !== null && !stillHas(socket.pid, socket.startTime, listener))
  )
    known.socket = search(listener);
  const { pid = null, startTime = null } = known.socket ?? {};
  return { pid, startTime, user: userName(listener.uid) };
}

const stillHas = (pid: number, startTime: number | null, { inode }: Listener): boolean =>
  isAlive(pid, startTime) && holdsSocket(pid, inode);

function search({ inode }: Listener): NonNullable<Known["socket"]> {
  const pid = holderOf(inode);
  return { inode, pid, startTime: pid === null ? null : (readStat(pid)?.startTime ?? null) };
}
