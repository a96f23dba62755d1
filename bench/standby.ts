/**
 * How soon a stream of frames of 10 ms is held, goes on, and comes back after it has left the machine. The
 * library alone, rung by hand; then through a real supervisor, asked over its socket. The job logs each frame
 * as it passes. Counts the CPU time of a job that is held.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { CONTROL_FILE, ENV, rankFile } from "../src/contract/names.ts";
import { type ControlClient, connectControl } from "../src/control/client.ts";
import type { Snapshot } from "../src/control/protocol.ts";
import { logPath, socketPath } from "../src/files/state-paths.ts";
import { CHILDREN, RealSupervisor, until } from "../test/scenarios/real-supervisor.ts";
import type { Measured } from "./run.ts";

const HOLDS = Number(process.env.BENCH_TRIES ?? 40);
const RELEASES = Math.ceil(HOLDS / 8);
const HELD_SECONDS = 30;
const PROGRAM = join(CHILDREN, "job-frame-times.ts");
const JOB = "voice";
/** A tick of /proc/PID/stat. */
const TICK_MS = 10;

/** At another moment of the frame and of the supervisor's second each time. */
const moment = (round: number): Promise<void> => wait(300 + ((round * 373) % 1000));

interface Frame {
  number: number;
  /** Since 1970. */
  atMs: number;
}

function framesIn(log: string): Frame[] {
  return readFileSync(log, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("frame "))
    .map((line) => line.split(" ").slice(1).map(Number) as [number, number])
    .map(([number, atMs]) => ({ number, atMs }));
}

/** The one after the `count` frames that are there; throws when it isn't of the very next number. */
async function frameAfter(log: string, count: number): Promise<Frame> {
  const frame = await until("the next frame", () => framesIn(log)[count], { everyMs: 20 });
  if (frame.number !== count) throw new Error(`frame ${frame.number} comes after frame ${count - 1}`);
  return frame;
}

/** Of all its threads so far. */
function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** A job with its library, and no supervisor: its part is played here. */
class ByHand {
  readonly log: string;
  readonly #directory = mkdtempSync(join(tmpdir(), "bench-standby-"));
  readonly #child: ChildProcess;
  #sequence = 0;

  constructor() {
    this.log = join(this.#directory, "log");
    mkdirSync(join(this.#directory, "checkpoints"));
    const env = {
      ...process.env,
      [ENV.job]: JOB,
      [ENV.runId]: "bench",
      [ENV.statusDir]: this.#directory,
      [ENV.checkpointDir]: join(this.#directory, "checkpoints"),
    };
    const log = openSync(this.log, "w");
    this.#child = spawn(process.execPath, [PROGRAM], { env, stdio: ["ignore", log, "inherit"] });
  }

  /** Writes the word, and tells when it has rung: ms since 1970. */
  ring(want: "run" | "standby"): number {
    const path = join(this.#directory, CONTROL_FILE);
    this.#sequence += 1;
    writeFileSync(`${path}.new`, JSON.stringify({ sequence: this.#sequence, want }));
    renameSync(`${path}.new`, path);
    const rungAtMs = Date.now();
    this.#child.kill("SIGUSR2");
    return rungAtMs;
  }

  async standsBy(): Promise<void> {
    const report = join(this.#directory, rankFile(0));
    const state = (): string => JSON.parse(readFileSync(report, "utf8")).state;
    await until("it to stand by", () => state() === "standby");
  }

  /** In a minute, of the job as it is now. */
  async cpuSeconds(): Promise<number> {
    const pid = this.#child.pid as number;
    const before = cpuMs(pid);
    await wait(HELD_SECONDS * 1000);
    return ((cpuMs(pid) - before) / 1000) * (60 / HELD_SECONDS);
  }

  close(): void {
    this.#child.kill("SIGKILL");
    rmSync(this.#directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** `passed`: frames that still passed after each ring; `goOnMs`: from the ring to the next frame. */
async function byHand(): Promise<{ passed: number[]; goOnMs: number[]; cpuSeconds: number }> {
  const job = new ByHand();
  const [passed, goOnMs]: [number[], number[]] = [[], []];
  try {
    await until("some frames", () => framesIn(job.log).length > 20);
    for (let round = 0; ; round++) {
      await moment(round);
      const rungAtMs = job.ring("standby");
      await job.standsBy();
      const frames = framesIn(job.log);
      passed.push(frames.filter(({ atMs }) => atMs > rungAtMs).length);
      if (round === HOLDS) return { passed, goOnMs, cpuSeconds: await job.cpuSeconds() };
      const goneOnMs = job.ring("run");
      goOnMs.push((await frameAfter(job.log, frames.length)).atMs - goneOnMs);
    }
  } finally {
    job.close();
  }
}

class Supervised {
  readonly #supervisor: RealSupervisor;
  readonly #client: ControlClient;
  #seen: Snapshot | null = null;

  private constructor(supervisor: RealSupervisor, client: ControlClient) {
    this.#supervisor = supervisor;
    this.#client = client;
    client.onSnapshot((snapshot) => {
      this.#seen = snapshot;
    });
  }

  static async open(releaseAfterMinutes: number | "never"): Promise<Supervised> {
    const pause = { method: "standby" };
    const job = { name: JOB, command: ["node", PROGRAM], pause, standby: { releaseAfterMinutes } };
    const supervisor = await new RealSupervisor({ pollSeconds: 1, jobs: [job] }).start();
    const socket = socketPath(join(supervisor.directory, "state"));
    return new Supervised(supervisor, await connectControl(socket, { watch: true }));
  }

  get log(): string {
    return logPath(join(this.#supervisor.directory, "state"), JOB);
  }

  async reaches(state: string): Promise<void> {
    await until(`it to be ${state}`, () => this.#seen?.jobs.some((job) => job.state === state));
  }

  /** Tells when it has asked: ms since 1970. */
  async ask(verb: "pause" | "resume"): Promise<number> {
    const askedAtMs = Date.now();
    const asked = { jobs: [JOB], by: "bench" };
    const request = verb === "pause" ? { verb, untilMs: null, ...asked } : { verb, ...asked };
    const answer = await this.#client.request(request);
    if (!answer.ok) throw new Error(answer.error);
    return askedAtMs;
  }

  async close(): Promise<void> {
    this.#client.close();
    await this.#supervisor.close();
  }
}

/** From the request to go on to the next frame, in ms, of a job that has come to `state`. */
async function goOn(state: "standby" | "paused", rounds: number): Promise<number[]> {
  // Where it is released at once, its standby is too short to be seen.
  const job = await Supervised.open(state === "paused" ? 0 : "never");
  const found: number[] = [];
  try {
    await until("some frames", () => framesIn(job.log).length > 20);
    for (let round = 0; round < rounds; round++) {
      await job.reaches("running");
      await moment(round);
      await job.ask("pause");
      await job.reaches(state);
      const { length } = framesIn(job.log);
      const askedAtMs = await job.ask("resume");
      found.push((await frameAfter(job.log, length)).atMs - askedAtMs);
    }
    return found;
  } finally {
    await job.close();
  }
}

const at = (tries: number[], share: number): number =>
  [...tries].sort((a, b) => a - b)[Math.min(tries.length - 1, Math.floor(tries.length * share))] ??
  Number.NaN;

export async function measure(): Promise<Measured[]> {
  const { passed, goOnMs, cpuSeconds } = await byHand();
  const held = await goOn("standby", HOLDS);
  const released = await goOn("paused", RELEASES);
  const asked = "asked over the socket, frames of 10 ms";
  const next = (what: string, tries: number[], target: number | null, detail: string): Measured => ({
    name: `${what} → next frame`,
    unit: "ms",
    value: at(tries, 0.5),
    target,
    detail: `median of ${tries.length}, worst ${at(tries, 1)} ms; ${detail}`,
  });
  return [
    {
      name: "ring → held: frames that still pass",
      unit: "",
      value: at(passed, 1),
      target: 1,
      detail: `the most in ${passed.length} holds, frames of 10 ms`,
    },
    next("held, rung", goOnMs, null, "the library alone"),
    next("held, `resume`", held, 20, asked),
    next("released, `resume`", released, 2000, `${asked}: a new process that reads its context`),
    {
      name: "a held job",
      unit: "s of CPU a minute",
      value: cpuSeconds,
      target: 0.2,
      detail: `all its threads, over ${HELD_SECONDS} s: it reads the word twice a second`,
    },
  ];
}

if (process.argv[1] === import.meta.filename) console.table(await measure());
