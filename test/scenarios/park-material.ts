/** What the scenarios of parked jobs have in common: one plain program on a GPU of a fake driver, and newcomers. */
import { deepEqual } from "node:assert";
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FakeCuda } from "../fakes/cuda/fake.ts";
import { FakeNvml } from "../fakes/nvml/fake.ts";
import { CHILDREN, RealSupervisor, until } from "./real-supervisor.ts";

/** Little: as much host memory has to be free. */
export const HELD = 2048;
/** Of its GPU. A newcomer of 5000 fits in beside the program, which can't come back beside it: that takes more than it held. */
export const ROOM = HELD + 5100;
const GPU = { total: ROOM + 400, reserved: 400 };

const NEWCOMER = {
  name: "somebody new",
  metric: "gpu.newcomers.memoryMiB",
  above: 300,
  forSeconds: 0,
  clear: { below: 300, forSeconds: 0 },
};

export interface Scene {
  /** Who came later, and what each holds. */
  newcomers: { child: ChildProcess; memory: number }[];
  /** Held by nobody who is listed. */
  unseenMiB: number;
  /** Lines that steer the fakes. */
  also: string[];
}

export class ParkScene {
  readonly driver = new FakeNvml({ gpus: [{ ...GPU, used: 0 }] });
  readonly cuda: FakeCuda;
  readonly supervisor: RealSupervisor;
  pid = 0;
  readonly #heldMiB: number;
  #scene: Scene = { newcomers: [], unseenMiB: 0, also: [] };

  /** `job`: what it has besides being parked when it is paused. */
  constructor(job: object = {}, { lacking = false, heldMiB = HELD } = {}) {
    this.#heldMiB = heldMiB;
    this.cuda = new FakeCuda(this.driver, { lacking });
    const command = ["node", join(CHILDREN, "count-seconds.ts"), "counts"];
    const plain = { name: "plain", command, gpuIds: [0], pause: { method: "park" }, park: { reserveMiB: 0 } };
    const balance = { settleSeconds: 0, backoffSeconds: 0.1 };
    const jobs = [{ ...plain, ...job }];
    this.supervisor = new RealSupervisor(
      { balance, rules: [NEWCOMER], jobs },
      { ...this.cuda.env, XDG_STATE_HOME: this.driver.directory },
    );
  }

  /** Until it is seen to hold its memory. */
  async start(also: string[] = []): Promise<this> {
    await this.supervisor.start();
    const { pid } = await this.supervisor.shows("its first process", ({ jobs: [job] }) =>
      job?.state === "running" && job.pid !== null ? job : null,
    );
    this.pid = pid ?? 0;
    this.set({ also });
    await this.supervisor.shows(
      "its memory",
      ({ gpus }) => gpus[0]?.processes[0]?.gpuMemoryMiB === this.#heldMiB,
    );
    await until("it to count", () => this.counts().length > 0);
    return this;
  }

  /** The program is listed with what it holds, whether that was moved or not: the fakes know. */
  set(change: Partial<Scene>): void {
    this.#scene = { ...this.#scene, ...change };
    const { newcomers, unseenMiB, also } = this.#scene;
    const others = newcomers.map(({ child, memory }) => ({ gpu: 0, pid: child.pid as number, memory }));
    const used = this.#heldMiB + unseenMiB + others.reduce((sum, { memory }) => sum + memory, 0);
    this.driver.set({
      gpus: [{ ...GPU, used }],
      processes: [{ gpu: 0, pid: this.pid, memory: this.#heldMiB }, ...others],
      also: [`cuda note ${this.cuda.notes}`, ...also],
    });
  }

  newcomer(memory: number): Scene["newcomers"][0] {
    const newcomer = { child: this.supervisor.outsider("sleep", "1000"), memory };
    this.set({ newcomers: [newcomer] });
    return newcomer;
  }

  async leaves({ child }: Scene["newcomers"][0]): Promise<void> {
    await this.supervisor.end(child);
    this.set({ newcomers: [] });
  }

  counts(): number[] {
    const text = readFileSync(join(this.supervisor.directory, "counts"), "utf8");
    return text.slice(0, text.lastIndexOf("\n")).split("\n").map(Number);
  }

  /** It counts on, and nothing was skipped or came twice. */
  async expectWhole(): Promise<void> {
    const { length } = this.counts();
    await until("it to count on", () => this.counts().length > length);
    const all = this.counts();
    deepEqual(
      all,
      all.map((_, index) => index + 1),
    );
  }

  async close(): Promise<void> {
    await this.supervisor.close();
    this.driver.close();
  }
}
