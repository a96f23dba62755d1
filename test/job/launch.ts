/**
 * Starts a real program the way the supervisor would, and plays the supervisor's part by hand:
 * control.json, SIGUSR2, status. Nothing here knows the library under test except by the contract.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Control } from "../../src/contract/control.ts";
import { CONTROL_FILE, ENV, rankFile } from "../../src/contract/names.ts";
import { parseStatus, type StatusFile } from "../../src/contract/status.ts";
import { Rejected } from "../../src/contract/values.ts";
import { NeverComes, until } from "../until.ts";

/** argv to put before the arguments; a lone path is a TypeScript program for this Node. */
export type Program = string | readonly string[];

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  output: string;
}

export interface Launched {
  child: ChildProcess;
  statusDir: string;
  ended: Promise<Ended>;
  /** The status file as the supervisor reads it now; null before the first one. */
  status(): StatusFile | null;
  /** Waits until the status satisfies the condition; fails when the program ends before. */
  until(what: string, condition: (report: StatusFile) => boolean): Promise<StatusFile>;
  /** Writes control.json atomically, then rings. */
  ask(control: Control): void;
  write(control: string): void;
  ring(): void;
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "job-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** This process's environment without any supervisor's. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("SUPERVISOR_")));
}

let runs = 0;

/**
 * @param job a folder that outlives the run: its checkpoints are in `checkpoints/`
 * @param word what it is told before it begins
 */
export function launch(
  program: Program,
  args: string[],
  job: string,
  env: NodeJS.ProcessEnv = {},
  word?: Control,
): Launched {
  const run = ++runs;
  const statusDir = join(job, `status-${run}`);
  mkdirSync(statusDir, { recursive: true });
  if (word) writeFileSync(join(statusDir, CONTROL_FILE), JSON.stringify(word));
  const own = {
    [ENV.job]: "test",
    [ENV.runNumber]: String(run),
    [ENV.runId]: `run-${process.pid}-${run}`,
    [ENV.checkpointDir]: join(job, "checkpoints"),
    [ENV.resumeFrom]: "",
    [ENV.statusDir]: statusDir,
    [ENV.pauseSignal]: "SIGUSR2",
    [ENV.graceSeconds]: "120",
  };
  return attach(start(program, args, { ...plainEnvironment(), ...own, ...env }), statusDir);
}

export function start(program: Program, args: string[], env: NodeJS.ProcessEnv): ChildProcess {
  const [command, ...before] = typeof program === "string" ? [process.execPath, program] : program;
  const child = spawn(command as string, [...before, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

export function endOf(child: ChildProcess): Promise<Ended> {
  let output = "";
  child.stdout?.on("data", (text) => (output += text));
  child.stderr?.on("data", (text) => (output += text));
  return new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal, output })));
}

function attach(child: ChildProcess, statusDir: string): Launched {
  let over: Ended | null = null;
  const ended = endOf(child).then((end) => {
    // A ring that comes while a program is being torn down ends it: it has said its last word.
    const lastWords: Record<string, number> = { finished: 0, paused: 75 };
    const code = end.signal === "SIGUSR2" ? lastWords[status()?.state ?? ""] : undefined;
    over = code === undefined ? end : { ...end, code, signal: null };
    return over;
  });
  const status = (): StatusFile | null => {
    let bytes: Buffer;
    try {
      bytes = readFileSync(join(statusDir, rankFile(0)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
      throw error;
    }
    const report = parseStatus(bytes);
    if (report instanceof Rejected) throw new Error(`${rankFile(0)} ${report.reason}: ${bytes}`);
    return report;
  };
  const ring = (): void => void child.kill("SIGUSR2");
  const write = (text: string): void => {
    writeFileSync(join(statusDir, ".control"), text);
    renameSync(join(statusDir, ".control"), join(statusDir, CONTROL_FILE));
  };
  return {
    child,
    statusDir,
    ended,
    status,
    write,
    ring,
    ask: (control) => {
      write(JSON.stringify(control));
      ring();
    },
    until: (what, condition) =>
      until(what, () => {
        const report = status();
        if (report && condition(report)) return report;
        if (over) throw new NeverComes(`ended before "${what}": ${JSON.stringify({ ...over, report })}`);
        return null;
      }),
  };
}
