/**
 * What is tormented: one supervisor with one job, in a folder of its own whose state and database lie
 * on a small file system where we may mount one. Starts, kills, asks and looks; judges nothing.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connectControl } from "../../src/control/client.ts";
import { socketPath } from "../../src/paths.ts";
import type { Answer, JobView, Request, Snapshot } from "../../src/protocol.ts";

const BIN = resolve(import.meta.dirname, "../../dist/bin.js");
const JOB = resolve(import.meta.dirname, "../children/torture-job.ts");
const DISK_MIB = 24;
/** The rule's threshold: `press` leaves less than this, an undisturbed disk much more. */
const PRESSURE_BELOW_MIB = 10;
const PATIENCE_MS = 60_000;

type Asked = Request extends infer One ? One : never;

export class Victim {
  readonly directory = mkdtempSync(join(tmpdir(), "supervisor-torture-"));
  readonly disk = join(this.directory, "disk");
  readonly databaseFolder = join(this.disk, "db");
  readonly database = join(this.databaseFolder, "audit.sqlite");
  readonly state = join(this.disk, "state");
  readonly ledger = join(this.directory, "ledger");
  readonly finishFile = join(this.directory, "finish");
  readonly configFile = join(this.directory, "supervisor.config.json");
  /** Why there is no file system of its own; null where there is one. */
  readonly noDisk: string | null;
  process: ChildProcess | null = null;
  output = "";
  readonly #pressure: boolean;
  #edits = 0;

  /** `pressure: false`: without the rule that pauses the job while its disk is nearly full. */
  constructor({ pressure = true } = {}) {
    this.#pressure = pressure;
    mkdirSync(this.disk);
    writeFileSync(this.ledger, "");
    this.noDisk = mount(this.disk);
    mkdirSync(this.databaseFolder, { mode: 0o700 });
    this.configure();
  }

  /** Writes a valid config that differs from the one before. */
  configure(): void {
    const edit = this.#edits++;
    const rule = {
      name: "the disk is nearly full",
      metric: "disk.freeMiB",
      below: PRESSURE_BELOW_MIB,
      clear: { above: PRESSURE_BELOW_MIB + 2 },
    };
    const config = {
      pollSeconds: edit % 2 === 0 ? 0.1 : 0.15,
      database: this.database,
      stateDirectory: this.state,
      rules: this.#pressure && this.noDisk === null ? [rule] : [],
      balance: { backoffSeconds: 0.01, maxBackoffSeconds: 0.05, settleSeconds: 0, maxPauseOverhead: 0.99 },
      jobs: [
        {
          name: "tormented",
          command: ["node", JOB, "--ledger", this.ledger, "--finish", this.finishFile],
          priority: edit,
          checkpoint: { everyMinutes: 0.003, keep: 2 },
          restart: { backoffSeconds: 0.01, maxRetries: 1_000_000 },
        },
      ],
    };
    writeFileSync(this.configFile, JSON.stringify(config, null, 2));
  }

  break(): void {
    writeFileSync(this.configFile, '{ "pollSeconds": "often", "jobs": [ {');
  }

  /** Starts the supervisor and waits until it answers; false when it ended instead, as on a full disk. */
  async start(): Promise<boolean> {
    const child = spawn(process.execPath, [BIN, "start", "--headless", "--config", this.configFile], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.output = "";
    const collect = (chunk: Buffer): void => {
      this.output = (this.output + chunk.toString()).slice(-4000);
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
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

  /** SIGKILL, and gone when this resolves. */
  async kill(): Promise<void> {
    const child = this.process;
    this.process = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise((gone) => {
      child.once("exit", gone);
      child.kill("SIGKILL");
    });
  }

  /** Live pids of the job, or of its launchers, as the records name them. */
  pids(record: "pid" | "claim"): number[] {
    const found: number[] = [];
    for (const run of list(join(this.state, "runs"))) {
      const [pid = "", startTime = ""] = read(join(this.state, "runs", run, record)).split(" ");
      if (Number(pid) > 1 && started(Number(pid)) === startTime) found.push(Number(pid));
    }
    return found;
  }

  signal(record: "pid" | "claim", signal: NodeJS.Signals): void {
    for (const pid of this.pids(record)) {
      try {
        process.kill(pid, signal);
      } catch {
        // It has just ended by itself.
      }
    }
  }

  /** Every process that has this folder in its command line. */
  processes(): { pid: number; command: string }[] {
    return list("/proc")
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid && started(Number(name)) !== null)
      .map((name) => ({ pid: Number(name), command: read(`/proc/${name}/cmdline`).replaceAll("\0", " ") }))
      .filter(({ command }) => command.includes(this.directory));
  }

  /** Leaves `freeMiB` of the small file system. */
  fill(freeMiB: number): void {
    const { bavail, bsize } = statfsSync(this.disk);
    const bytes = bavail * bsize - freeMiB * 2 ** 20;
    try {
      if (bytes > 0) writeFileSync(join(this.disk, "fill"), Buffer.alloc(bytes + 4096));
    } catch {
      // Full before we were done: just that was wanted.
    }
  }

  unfill(): void {
    rmSync(join(this.disk, "fill"), { force: true });
  }

  press(): void {
    this.fill(PRESSURE_BELOW_MIB - 3);
  }

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
    if (this.noDisk === null) execFileSync("umount", ["-l", this.disk]);
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

function mount(folder: string): string | null {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_MIB}m`, "tmpfs", folder], { stdio: "ignore" });
    return null;
  } catch {
    return "mounting a small file system isn't allowed";
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
