/** A real supervisor whose jobs sleep. */
import { readdirSync, readFileSync } from "node:fs";
import type { Snapshot } from "../../src/control/protocol.ts";
import { RealSupervisor } from "../../test/scenarios/real-supervisor.ts";
import type { Idle } from "./side-by-side.ts";

/** Its helper processes: children that run our own code; launchers and jobs are not the supervisor. */
function helpersOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`)
    .flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" "))
    .filter(Boolean)
    .map(Number)
    .filter((child) => readFileSync(`/proc/${child}/cmdline`, "utf8").includes("/dist/"));
}

export class Sleeping implements Idle {
  readonly #supervisor: RealSupervisor;
  readonly #config: Record<string, unknown>;

  private constructor(jobs: number, config: Record<string, unknown>) {
    this.#config = {
      pollSeconds: 1,
      jobs: Array.from({ length: jobs }, (_, i) => ({
        name: `sleep-${i}`,
        command: ["/bin/sleep", "100000"],
        pause: { method: "freeze" },
      })),
    };
    this.#supervisor = new RealSupervisor({ ...this.#config, ...config });
  }

  /** Resolves when all of its jobs run, of which each second begins one. */
  static async begin(jobs: number, config: Record<string, unknown>): Promise<Sleeping> {
    if (jobs > 1) console.error(`idle: ${jobs} jobs begin, one a second`);
    const begun = new Sleeping(jobs, config);
    const running = ({ jobs: all }: Snapshot): boolean =>
      all.filter((job) => job.state === "running").length === jobs;
    try {
      await begun.#supervisor.start();
      await begun.#supervisor.shows(`${jobs} running jobs`, running, { everyMs: 500, limitMs: 600_000 });
      return begun;
    } catch (error) {
      await begun.close();
      throw error;
    }
  }

  /** Puts another config in force. */
  async change(config: Record<string, unknown>): Promise<void> {
    this.#supervisor.configure({ ...this.#config, ...config });
    await this.#supervisor.recorded("config.changed");
  }

  get configFile(): string {
    return this.#supervisor.configFile;
  }

  /** Node and the program that it runs. */
  get program(): [string, string] {
    return this.#supervisor.program;
  }

  pids(): number[] {
    const pid = this.#supervisor.process?.pid ?? 0;
    return [pid, ...helpersOf(pid)];
  }

  close(): Promise<void> {
    return this.#supervisor.close();
  }
}
