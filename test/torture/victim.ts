/**
 * What is tormented: one supervisor with one job, in a folder of its own whose state and database lie
 * on a small disk and whose clock can be set. Starts, kills, asks and looks; judges nothing.
 */
import { type ChildProcess, spawn } from "node:child_process";
import {
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { connectControl } from "../../src/control/client.ts";
import type { Answer, JobView, Request, Snapshot } from "../../src/control/protocol.ts";
import { socketPath } from "../../src/files/state-paths.ts";
import { SmallDisk } from "./small-disk.ts";
import { PRESSED_BELOW_MIB, tormentingConfig } from "./tormenting.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const SHIFT_CLOCK = pathToFileURL(resolve(import.meta.dirname, "shift-clock.ts")).href;
/** Where its clock begins, so that a seed meets the same hours each time. */
const NOON_MS = Date.UTC(2026, 10, 22, 12);
const PATIENCE_MS = 60_000;

type Asked = Request extends infer One ? One : never;

export class Victim {
  readonly directory = mkdtempSync(join(tmpdir(), "supervisor-torture-"));
  readonly #disk = new SmallDisk(join(this.directory, "disk"));
  readonly databaseFolder = join(this.#disk.folder, "db");
  readonly database = join(this.databaseFolder, "audit.sqlite");
  readonly state = join(this.#disk.folder, "state");
  readonly ledger = join(this.directory, "ledger");
  readonly finishFile = join(this.directory, "finish");
  readonly configFile = join(this.directory, "supervisor.config.json");
  /** Why there is no file system of its own; null where there is one. */
  readonly noDisk = this.#disk.missing;
  /** The program and the Node that it runs on: its own, so that they can be taken away. */
  readonly app = join(this.directory, "app");
  readonly locks = join(this.directory, "locks");
  process: ChildProcess | null = null;
  output = "";
  readonly #clockFile = join(this.directory, "clock");
  readonly #rules: boolean;
  #edits = 0;
  #shiftMs = 0;

  /** `rules: false`: without the rules and the window that pause the job. */
  constructor({ rules = true } = {}) {
    this.#rules = rules;
    writeFileSync(this.ledger, "");
    mkdirSync(this.app);
    for (const name of ["dist", "db", "package.json"])
      cpSync(join(ROOT, name), join(this.app, name), { recursive: true });
    symlinkSync(join(ROOT, "node_modules"), join(this.app, "node_modules"));
    linkSync(process.execPath, join(this.app, "node"));
    mkdirSync(this.databaseFolder, { mode: 0o700 });
    this.shiftClock(NOON_MS - Date.now());
    this.configure();
  }

  /** Writes a valid config that differs from the one before. */
  configure(): void {
    const { database, state, ledger, finishFile } = this;
    const places = { database, state, ledger, finishFile };
    const config = tormentingConfig(places, this.#edits++, { rules: this.#rules });
    writeFileSync(this.configFile, JSON.stringify(config, null, 2));
  }

  break(): void {
    writeFileSync(this.configFile, '{ "pollSeconds": "often", "jobs": [ {');
  }

  /** Sets the clock of supervisor and job by so much, forwards or backwards. */
  shiftClock(byMs: number): void {
    this.#shiftMs += byMs;
    writeFileSync(`${this.#clockFile}.new`, String(this.#shiftMs));
    renameSync(`${this.#clockFile}.new`, this.#clockFile);
  }

  /** Starts the supervisor and waits until it answers; false when it ended instead, as on a full disk. */
  async start(): Promise<boolean> {
    const child = this.#spawn();
    this.output = "";
    const collect = (chunk: Buffer): void => {
      this.output = (this.output + chunk.toString()).slice(-4000);
    };
    child.stdout?.on("data", collect);
    child.stderr?.on("data", collect);
    this.process = child;
    const end = Date.now() + PATIENCE_MS;
    while (child.exitCode === null && child.signalCode === null) {
      if ((await this.ask({ verb: "snapshot" })) !== null) return true;
      if (Date.now() > end) throw new Error(`the supervisor doesn't answer; it said: ${this.output}`);
      await sleep(15);
    }
    this.process = null;
    return false;
  }

  /** What a start says while the supervisor runs; throws when it becomes a second one. */
  async startSecond(): Promise<string> {
    const child = this.#spawn();
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (said += chunk));
    const end = Date.now() + PATIENCE_MS;
    while (child.exitCode === null && child.signalCode === null) {
      if (/Supervisor .* started/.test(said) || Date.now() > end) {
        child.kill("SIGKILL");
        throw new Error(`a second supervisor runs beside the first: ${said}`);
      }
      await sleep(15);
    }
    return said;
  }

  #spawn(): ChildProcess {
    const argv = [join(this.app, "dist/bin.js"), "start", "--headless", "--config", this.configFile];
    return spawn(join(this.app, "node"), argv, {
      env: {
        ...process.env,
        NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ""} --import=${SHIFT_CLOCK}`,
        TORTURE_CLOCK: this.#clockFile,
        GPU_JOB_SUPERVISOR_LOCKS: this.locks,
        XDG_STATE_HOME: join(this.directory, "home"),
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  get isUp(): boolean {
    return this.process !== null && this.process.exitCode === null && this.process.signalCode === null;
  }

  /** One request; null when nobody answers. */
  async ask(request: Asked): Promise<Answer | null> {
    try {
      const client = await connectControl(socketPath(this.state));
      try {
        return await client.request(request);
      } finally {
        client.close();
      }
    } catch {
      return null;
    }
  }

  async job(): Promise<JobView | null> {
    const answer = await this.ask({ verb: "snapshot" });
    return answer?.ok ? ((answer.result as Snapshot).jobs[0] ?? null) : null;
  }

  pause = () => this.ask({ verb: "pause", jobs: "all", untilMs: null, by: "torture" });
  resume = () => this.ask({ verb: "resume", jobs: "all", by: "torture" });

  /** SIGKILL, and gone when this resolves; false where it was gone before. */
  async kill(): Promise<boolean> {
    const child = this.process;
    this.process = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return false;
    await new Promise((gone) => {
      child.once("exit", gone);
      child.kill("SIGKILL");
    });
    return true;
  }

  /** Live pids of the job, or of its launchers, as the records name them. */
  pids(record: "pid" | "launcher"): number[] {
    const found: number[] = [];
    for (const run of list(join(this.state, "runs"))) {
      const [pid = "", startTime = ""] = read(join(this.state, "runs", run, record)).split(" ");
      if (Number(pid) > 1 && started(Number(pid)) === startTime) found.push(Number(pid));
    }
    return found;
  }

  /** Whether there was anybody to get it. */
  signal(record: "pid" | "launcher", signal: NodeJS.Signals): boolean {
    const pids = this.pids(record);
    for (const pid of pids) {
      try {
        process.kill(pid, signal);
      } catch {
        // It has just ended by itself.
      }
    }
    return pids.length > 0;
  }

  /** Every process that has this folder in its command line. */
  processes(): { pid: number; command: string }[] {
    return list("/proc")
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid && started(Number(name)) !== null)
      .map((name) => ({ pid: Number(name), command: read(`/proc/${name}/cmdline`).replaceAll("\0", " ") }))
      .filter(({ command }) => command.includes(this.directory));
  }

  fill = (freeMiB: number) => this.#disk.fill(freeMiB);
  unfill = () => this.#disk.unfill();
  press = () => this.fill(PRESSED_BELOW_MIB - 3);

  /** Ends whatever is left and removes the folder. */
  async close(): Promise<void> {
    await this.kill();
    for (const { pid } of this.processes()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has just ended by itself.
      }
    }
    this.#disk.close();
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Field 22 of its stat; null for a process that is gone, a zombie included. */
export function started(pid: number): string | null {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return stat === "" || fields[0] === "Z" || fields[0] === "X" ? null : (fields[19] ?? null);
}
