/**
 * A real supervisor for a test: its own folder, config, state and database; started as a user would,
 * through the built command line, and ended with everything it started. Waits for conditions, never
 * for a time.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import Database from "better-sqlite3";
import type { AuditEvent } from "../../src/model.ts";
import type { JobView, Snapshot } from "../../src/protocol.ts";

const BIN = resolve(import.meta.dirname, "../../dist/bin.js");
export const CHILDREN = resolve(import.meta.dirname, "../children");

/** Polls until `probe` gives something; fails with what was last seen. Limits are for broken programs, not slow machines. */
export async function until<T>(
  what: string,
  probe: () => T | null | undefined | false,
  limitMs = 60_000,
): Promise<T> {
  const end = Date.now() + limitMs;
  let last: unknown;
  for (;;) {
    const began = performance.now();
    try {
      const found = probe();
      if (found) return found;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`gave up waiting: ${what}${last ? ` (${last})` : ""}`);
    // Asking is itself somebody else's use of the CPU: at most a fifth of a core goes into it.
    const pause = Math.max(50, 4 * (performance.now() - began));
    await new Promise((wake) => setTimeout(wake, pause));
  }
}

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

export class RealSupervisor {
  readonly directory = mkdtempSync(join(tmpdir(), "supervisor-test-"));
  readonly configFile = join(this.directory, "supervisor.config.json");
  readonly #env: NodeJS.ProcessEnv;
  readonly #user: { uid?: number; gid?: number };
  readonly #outside: ChildProcess[] = [];
  process: ChildProcess | null = null;
  output = "";

  /** `uid`: whose supervisor it is, where that can be chosen (root). */
  constructor(config: Record<string, unknown>, env: NodeJS.ProcessEnv = {}, uid?: number) {
    this.#env = { ...process.env, NO_COLOR: "1", ...env };
    this.#user = uid === undefined ? {} : { uid, gid: uid };
    this.configure(config);
    if (uid !== undefined) for (const path of [this.directory, this.configFile]) chownSync(path, uid, uid);
  }

  configure(config: Record<string, unknown>): void {
    const whole = {
      pollSeconds: 0.25,
      database: "audit.sqlite",
      stateDirectory: "state",
      rules: [],
      ...config,
    };
    writeFileSync(this.configFile, JSON.stringify(whole, null, 2));
  }

  /** Starts it headless and waits until it answers. */
  async start(): Promise<this> {
    this.output = "";
    const child = spawn(process.execPath, [BIN, "start", "--headless", "--config", this.configFile], {
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
    await until(`the supervisor to answer; it said: ${this.output}`, () => {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${this.output}`);
      return this.say("status", "--json").code === 0;
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

  /** Waits until `name` is in one of `states`. */
  async reaches(name: string, states: string[], limitMs = 60_000): Promise<JobView> {
    let last: JobView | null = null;
    return await until(
      `'${name}' to be ${states.join(" or ")}`,
      () => {
        last = this.job(name);
        if (!states.includes(last.state)) throw new Error(`it is ${last.state}: ${JSON.stringify(last.why)}`);
        return last;
      },
      limitMs,
    );
  }

  /** Everything recorded so far, oldest first. */
  audit(kind?: string): AuditEvent[] {
    const lines = this.say("audit", "--json").out.split("\n").filter(Boolean);
    const events: AuditEvent[] = lines.map((line) => JSON.parse(line));
    return kind ? events.filter((event) => event.kind === kind) : events;
  }

  async recorded(kind: string, job?: string, limitMs = 60_000): Promise<AuditEvent> {
    return await until(
      `an event ${kind}`,
      () => this.audit(kind).find((event) => job === undefined || event.job === job),
      limitMs,
    );
  }

  /** Monotonic times of its samples so far: one for each tick. */
  sampleTimes(): number[] {
    const database = new Database(join(this.directory, "audit.sqlite"), { readonly: true });
    try {
      return database
        .prepare("SELECT data FROM samples ORDER BY at_ms")
        .all()
        .map((row) => JSON.parse((row as { data: string }).data).t);
    } finally {
      database.close();
    }
  }

  /** Waits until so many more samples were taken. */
  async ticks(count: number): Promise<void> {
    const from = this.sampleTimes().length;
    await until(`${count} ticks`, () => this.sampleTimes().length >= from + count);
  }

  longestGapMs(): number {
    const times = this.sampleTimes();
    return Math.max(...times.slice(1).map((at, i) => at - (times[i] ?? at)));
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
