/** A program whose VRAM can be moved, and its driver, both played by a test: states, answers, memory, times. */
import type { DriverAnswer, DriverState, Park, ParkSeen } from "../../../../src/model/park.ts";
import type { GpuView } from "../../../../src/model/seen.ts";
import { at, makeRun, makeSeen, runningJob, Story, startDecision } from "../../make.ts";

export const HELD = 8000;

export interface Look {
  /** Listed on its GPU; by default the one process with what it holds, unless that was moved. */
  pids?: number[];
  freeMiB?: number | null;
  availableMiB?: number | null;
  stopped?: boolean;
  readAt?: number;
  more?: Partial<GpuView>;
  /** What the driver was asked last, where that isn't its last call. */
  park?: ParkSeen;
}

export class Program extends Story {
  /** As the driver has it. */
  state_: DriverState = "running";
  stopped = false;

  constructor(spec: object = {}, facts: object = {}) {
    const run = makeRun({ gpus: ["G"] });
    super(
      runningJob(
        { pause: { method: "park" }, park: { reserveMiB: 1000 }, ...spec },
        { understands: "nothing", state: { name: "running", since: at(0), run }, ...facts },
      ),
    );
  }

  get park(): Park | undefined {
    return "run" in this.job.state ? this.job.state.run.park : undefined;
  }

  get doing(): string {
    return `${this.park?.at} ${this.park?.call}`;
  }

  asked(second: number): this {
    return this.pause(second, { method: "park" });
  }

  resumed(second: number): this {
    const identity = { id: "r2", bootId: "b" };
    return this.on(second, {
      kind: "launch",
      decision: startDecision("tts", "resume"),
      identity,
      resumeFrom: null,
      gpus: ["G"],
    });
  }

  /** What is seen of it; `answer`: to its last call, null while that is under way, undefined where nobody knows it. */
  shows(second: number, answer?: DriverAnswer | null, look: Look = {}): this {
    const { pids = this.state_ === "checkpointed" ? [] : [4711], freeMiB = 20_000, readAt = second } = look;
    const { availableMiB = 64_000, stopped = this.stopped, more } = look;
    const gpus: GpuView = {
      atMs: at(readAt).monotonicMs,
      unavailable: null,
      name: "GPU 0",
      freeMiB,
      entries: pids.map((pid) => ({ pid, startTime: 1, command: "p", user: "u", gpuMemoryMiB: HELD })),
      othersMiB: 0,
      others: [],
      ...more,
    };
    const asked = answer === undefined ? look.park : { number: this.park?.number ?? 0, answer };
    const park = asked === undefined ? {} : { park: asked };
    const before = this.effects.length;
    this.on(second, { kind: "seen", seen: makeSeen({ stopped, ...park }), availableMiB, gpus });
    for (const effect of this.effects.slice(before)) {
      if (effect === "freeze") this.stopped = true;
      if (effect === "thaw") this.stopped = false;
    }
    return this;
  }

  /** The driver did what it was asked. */
  did_(second: number, state: DriverState, look: Look = {}): this {
    this.state_ = state;
    return this.shows(second, { state, ms: 2000 }, look);
  }

  /** From running at `second` to parked 8 s later. */
  parkedAt(second: number): this {
    return this.asked(second)
      .shows(second + 1)
      .did_(second + 2, "locked")
      .shows(second + 4)
      .did_(second + 6, "checkpointed")
      .shows(second + 7)
      .shows(second + 8);
  }
}
