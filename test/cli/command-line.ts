/** The built command line as a user has it: a folder and a home of its own, real processes. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { until } from "../until.ts";

export const BIN = resolve(import.meta.dirname, "../../dist/bin.js");

export interface Said {
  code: number | null;
  out: string;
  err: string;
}

export class CommandLine {
  readonly directory = mkdtempSync(join(tmpdir(), "supervisor-cli-"));
  readonly env: NodeJS.ProcessEnv = {
    ...process.env,
    HOME: this.directory,
    XDG_STATE_HOME: join(this.directory, "state"),
    XDG_CONFIG_HOME: join(this.directory, "config"),
    NO_COLOR: "1",
  };
  readonly stateDirectory = join(this.directory, "state", "gpu-job-supervisor");
  /** Where commands are typed. */
  cwd = this.directory;
  readonly #children: ChildProcess[] = [];

  file(name: string): string {
    return join(this.directory, name);
  }

  write(name: string, text: string): string {
    writeFileSync(this.file(name), text);
    return this.file(name);
  }

  start(...args: string[]): ChildProcess {
    return this.startWithOutput("pipe", ...args);
  }

  /** `output`: a file descriptor for its stdout. */
  startWithOutput(output: "pipe" | number, ...args: string[]): ChildProcess {
    const child = spawn(process.execPath, [BIN, ...args], {
      cwd: this.cwd,
      env: this.env,
      stdio: ["ignore", output, "pipe"],
    });
    this.#children.push(child);
    return child;
  }

  /** Runs one command to its end. */
  async say(...args: string[]): Promise<Said> {
    const child = this.start(...args);
    let [out, err] = ["", ""];
    child.stdout?.setEncoding("utf8").on("data", (chunk) => {
      out += chunk;
    });
    child.stderr?.setEncoding("utf8").on("data", (chunk) => {
      err += chunk;
    });
    const code = await new Promise<number | null>((done) => child.once("close", done));
    return { code, out, err };
  }

  /** Of each job, by its name. */
  async states(): Promise<Record<string, string>> {
    const { jobs } = JSON.parse((await this.say("status", "--json")).out);
    return Object.fromEntries(jobs.map(({ name, state }: { name: string; state: string }) => [name, state]));
  }

  async reaches(job: string, state: string): Promise<void> {
    await until(`'${job}' to be ${state}`, async () => (await this.states())[job] === state);
  }

  /** Ends what was started, supervisors in the background included, and removes the folder. */
  async close(): Promise<void> {
    // No folder with a config: each supervisor is named, or is the user's own.
    this.cwd = "/";
    const { out } = await this.say("status", "--all", "--json");
    for (const { jobs, supervisor } of out === "" ? [] : JSON.parse(out).supervisors) {
      const config = supervisor.configFile === null ? [] : ["--config", supervisor.configFile];
      const names = jobs.map((job: { name: string }) => job.name);
      await this.say("cancel", "--no-wait", ...config, ...names);
      await this.say("stop", "--leave-jobs", ...config);
    }
    for (const child of this.#children) if (child.exitCode === null) child.kill("SIGKILL");
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}
