/**
 * A real supervisor for a test: its own folder, config, state and database; started as a user would,
 * through the built command line, and ended with everything it started. Waits for conditions, never
 * for a time.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { connectControl } from "../../src/control/client.ts";
import type { JobView, Snapshot } from "../../src/control/protocol.ts";
import { socketPath } from "../../src/files/state-paths.ts";
import type { AuditEvent, EventKind } from "../../src/model/event.ts";
import { readEvents } from "../../src/record/read.ts";
import { NeverComes, type Pace, until } from "../until.ts";

export { until };

const BIN = resolve(import.meta.dirname, "../../dist/bin.js");
/** How often a supervisor is looked at that has jobs to run on the same processors. */
const GENTLE: Pace = { everyMs: 50 };
export const CHILDREN = resolve(import.meta.dirname, "../children");

/** The state letter of a process, or null when it's gone; a zombie counts as gone. */
export function alive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return !["Z", "X"].includes(stat.slice(stat.lastIndexOf(")") + 2)[0] ?? "X");
  } catch {
    return false;
  }
}

export interface Said {
  code: number | null;
  out: string;
  err: string;
}

/** The time of the tick that a snapshot shows, ms on the monotonic clock. */
export function tickOf({ machine }: Snapshot): number {
  const reading = machine["memory.availableMiB"];
  if ("unavailable" in reading) throw new Error(reading.unavailable);
  return reading.atMs;
}

export class RealSupervisor {
  readonly directory = mkdtempSync(join(tmpdir(), "supervisor-test-"));
  readonly configFile = join(this.directory, "supervisor.config.json");
  readonly #env: NodeJS.ProcessEnv;
  readonly #user: { uid?: number; gid?: number };
  readonly #outside: ChildProcess[] = [];
  #database = "";
  /** Node and the program that a start runs. */
  program: [string, string] = [process.execPath, BIN];
  process: ChildProcess | null = null;
  output = "";

  /** `uid`: whose supervisor it is, where that can be chosen (root). */
  constructor(config: Parameters<RealSupervisor["configure"]>[0], env: NodeJS.ProcessEnv = {}, uid?: number) {
    this.#env = { ...process.env, NO_COLOR: "1", ...env };
    this.#user = uid === undefined ? {} : { uid, gid: uid };
    this.configure(config);
    if (uid !== undefined) for (const path of [this.directory, this.configFile]) chownSync(path, uid, uid);
  }

  configure(config: { database?: string; [key: string]: unknown }): void {
    const whole = {
      pollSeconds: 0.25,
      database: "audit.sqlite",
      stateDirectory: "state",
      rules: [],
      ...config,
    };
    this.#database = join(this.directory, whole.database);
    writeFileSync(this.configFile, JSON.stringify(whole, null, 2));
  }

  /** Starts it headless and waits until it answers. */
  async start(): Promise<this> {
    this.output = "";
    const [node, bin] = this.program;
    const child = spawn(node, [bin, "start", "--headless", "--config", this.configFile], {
      env: this.#env,
      ...this.#user,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const collect = (chunk: Buffer): void => {
      this.output += chunk.toString();
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    this.process = child;
    await until("the supervisor to answer", () => {
      if (child.exitCode !== null) throw new NeverComes(`it ended with ${child.exitCode}: ${this.output}`);
      return this.look();
    });
    return this;
  }

  /** Runs one command of the command line to its end. */
  say(...args: string[]): Said {
    const done = spawnSync(process.execPath, [BIN, ...args, "--config", this.configFile], {
      env: this.#env,
      ...this.#user,
      encoding: "utf8",
      cwd: this.directory,
    });
    return { code: done.status, out: done.stdout, err: done.stderr };
  }

  /** The same, while this process goes on: for a test that the supervisor has to reach meanwhile. */
  async sayMeanwhile(...args: string[]): Promise<number | null> {
    const child = spawn(process.execPath, [BIN, ...args, "--config", this.configFile], {
      env: this.#env,
      ...this.#user,
      stdio: "ignore",
      cwd: this.directory,
    });
    return await new Promise((done) => child.once("close", done));
  }

  snapshot(): Snapshot {
    const { code, out, err } = this.say("status", "--json");
    if (code !== 0) throw new Error(`status ended with ${code}: ${err}`);
    return JSON.parse(out);
  }

  job(name: string): JobView {
    const found = this.snapshot().jobs.find((job) => job.name === name);
    if (!found) throw new Error(`no job '${name}'`);
    return found;
  }

  /** The snapshot without a command: cheap enough to wait with. Throws while nobody answers. */
  async look(): Promise<Snapshot> {
    // The socket is its owner's alone.
    if (this.#user.uid !== undefined) return this.snapshot();
    const client = await connectControl(socketPath(join(this.directory, "state")));
    try {
      const answer = await client.request({ verb: "snapshot" });
      if (!answer.ok) throw new Error(answer.error);
      return answer.result as Snapshot;
    } finally {
      client.close();
    }
  }

  /** Waits until the snapshot gives something true. */
  async shows<T>(what: string, find: (seen: Snapshot) => T | null | undefined | false, pace?: Pace) {
    return await until(what, async () => find(await this.look()), { ...GENTLE, ...pace });
  }

  /** Waits until `name` is in one of `states`. */
  async reaches(name: string, states: string[], pace?: Pace): Promise<JobView> {
    const what = `'${name}' to be ${states.join(" or ")}`;
    const find = ({ jobs }: Snapshot): JobView => {
      const found = jobs.find((job) => job.name === name);
      if (!found) throw new Error(`no job '${name}'`);
      if (!states.includes(found.state))
        throw new Error(`it is ${found.state}: ${JSON.stringify(found.why)}`);
      return found;
    };
    return await this.shows(what, find, pace);
  }

  /** Waits until `name` has reported more steps than `past`. */
  async steps(name: string, past: number): Promise<JobView> {
    return await this.shows(`more than ${past} steps of '${name}'`, ({ jobs }) =>
      jobs.find((job) => job.name === name && (job.progress?.step ?? 0) > past),
    );
  }

  /** Everything recorded so far, oldest first. */
  audit(kind?: string): AuditEvent[] {
    const lines = this.say("audit", "--json").out.split("\n").filter(Boolean);
    const events: AuditEvent[] = lines.map((line) => JSON.parse(line));
    return kind ? events.filter((event) => event.kind === kind) : events;
  }

  /** Waits for the first event of this kind. */
  async recorded(kind: EventKind, job?: string, pace?: Pace): Promise<AuditEvent> {
    const first = (): AuditEvent | undefined => {
      for (const event of readEvents(this.#database, { kind })) {
        if (job === undefined || event.job === job) return event;
      }
    };
    return await until(`an event ${kind}`, first, { ...GENTLE, ...pace });
  }

  /** Waits until so many more ticks were seen. */
  async ticks(count: number, pace?: Pace): Promise<void> {
    const seen = new Set<number>();
    await this.shows(`${count} ticks`, (now) => seen.add(tickOf(now)).size > count, pace);
  }

  /**
   * A process of somebody else: not started by the supervisor, ended with the test. In a session of its
   * own, as each job is: the kernel divides the CPU among sessions, and a test's is one.
   */
  outsider(program: string, ...args: string[]): ChildProcess {
    const child = spawn(program, args, { stdio: "ignore", detached: true });
    this.#outside.push(child);
    return child;
  }

  /** Busy loops on `cores` processors. */
  burn(cores: number): ChildProcess[] {
    return Array.from({ length: cores }, () => this.outsider(process.execPath, "-e", "for(;;);"));
  }

  async end(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    await new Promise((gone) => {
      child.once("exit", gone);
      child.kill("SIGKILL");
    });
  }

  /** SIGKILL to the supervisor alone. */
  async crash(): Promise<void> {
    if (this.process) await this.end(this.process);
    this.process = null;
  }

  /** Ends the supervisor, its jobs and the outsiders, and removes the folder. */
  async close(): Promise<void> {
    for (const child of this.#outside) await this.end(child);
    await this.crash();
    this.#endRuns();
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Whatever still has this test's folder in its command line or environment; frozen ones too. */
  #endRuns(): void {
    for (let round = 0; round < 20; round++) {
      const left = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && this.#isOurs(Number(name)));
      if (left.length === 0) return;
      for (const pid of left) {
        try {
          process.kill(Number(pid), "SIGKILL");
        } catch {
          // It ended by itself.
        }
      }
    }
  }

  #isOurs(pid: number): boolean {
    if (pid === process.pid || !alive(pid)) return false;
    try {
      const of = (file: string): string => readFileSync(`/proc/${pid}/${file}`, "utf8");
      return of("cmdline").includes(this.directory) || of("environ").includes(`${this.directory}/state/`);
    } catch {
      return false;
    }
  }
}
