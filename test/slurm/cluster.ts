/**
 * A real Slurm of two nodes for a test: its own folder, ports and user's daemons (cluster.sh), ended with everything
 * that ran in it.
 */

import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { freePorts } from "../free-port.ts";
import { NeverComes, until } from "../until.ts";

const SCRIPT = resolve(import.meta.dirname, "cluster.sh");
// Debian puts daemons where only root looks for them.
const PATH = [process.env.PATH, "/usr/sbin", "/sbin"].join(delimiter);

/**
 * Slurm's daemons run as root where the tests do, and end processes by numbers that they remember: in a numbering of
 * their own they can reach nobody else, and nothing outlives them.
 */
const APART = process.getuid?.() === 0 ? ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"] : [];

/** Idle nodes, unless the lines say otherwise. */
const ONE_PARTITION = "PartitionName=train Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP";

export class Cluster {
  readonly folder = mkdtempSync(join(tmpdir(), "slurm-test-"));
  readonly env: NodeJS.ProcessEnv = { SLURM_CONF: join(this.folder, "slurm.conf"), PATH };
  #process: ChildProcessWithoutNullStreams | null = null;

  /** Resolves once both nodes are idle. `lines` go into slurm.conf. */
  async start(...lines: string[]): Promise<this> {
    const port = await freePorts(3);
    const all = lines.some((line) => line.startsWith("PartitionName")) ? lines : [ONE_PARTITION, ...lines];
    const [program = "", ...argv] = [...APART, "/bin/sh", SCRIPT, this.folder, `${port}`, ...all];
    const child = spawn(program, argv, { env: { ...process.env, PATH }, stdio: "pipe" });
    this.#process = child;
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => {
        said += chunk.toString();
      });
    await until("two idle nodes", () => {
      if (child.exitCode !== null) throw new NeverComes(`the cluster ended: ${said}`);
      return said.includes("ready");
    });
    return this;
  }

  /** What a client of Slurm prints. */
  ask(program: string, ...args: string[]): string {
    const env = { ...process.env, ...this.env };
    return execFileSync(program, args, { env, encoding: "utf8", maxBuffer: 2 ** 28 });
  }

  /** The state of every job, as "1 RUNNING None". */
  get queue(): string[] {
    const lines = this.ask("squeue", "--noheader", "--states=all", "--format=%A %T %r").trim().split("\n");
    return lines.filter((line) => line !== "");
  }

  /** Ends a daemon at once: "controller", "n1" or "n2". */
  kill(daemon: string): void {
    this.#process?.stdin.write(`kill ${daemon}\n`);
  }

  /** Starts the controller again, after it was ended. */
  revive(): void {
    this.#process?.stdin.write("start controller\n");
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (child !== null && child.exitCode === null) {
      child.stdin.end();
      await until("the cluster to end", () => child.exitCode !== null || child.signalCode !== null);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
