/** The "others" that vanish with the job's own exit were its own. */
import { describe, expect, test } from "vitest";
import { manualRequest } from "../../../src/decide/manual-request.ts";
import { decide } from "../../../src/decide/policy.ts";
import { newWorld, type World } from "../../../src/decide/world.ts";
import type { NewEvent } from "../../../src/model/event.ts";
import type { GpuProcess, Sample } from "../../../src/model/machine.ts";
import { at, makeCheckpoint, makeConfig, makeGpu, makeRun, makeSample, runningJob } from "../make.ts";

const RULE = { name: "gpu", metric: "gpu.others.utilization", above: 25, clear: { below: 10 } };
const config = makeConfig({ rules: [RULE] });
const run = makeRun({ startTime: 1000, gpus: ["A"] });
const process = (more: Partial<GpuProcess> = {}): GpuProcess => ({
  pid: 88,
  startTime: 2000,
  user: "ana",
  command: "worker",
  gpuPercent: 60,
  ours: null,
  ...more,
});

class Days {
  world: World = newWorld({
    train: runningJob({ name: "train" }, { state: { name: "running", since: at(0), run } }),
  });
  events: NewEvent[] = [];

  tick(second: number, processes: GpuProcess[], readings = processes.length > 0 ? 60 : 0): string[] {
    const now = at(second);
    const gpu = { ...makeGpu(now, "A", 0, { "gpu.others.utilization": readings }), processes };
    const sample: Sample = makeSample(now, {}, { gpus: [gpu], gpusUnavailable: null });
    const decided = decide(this.world, {
      sample,
      windows: [],
      config,
      now,
      mode: { stopping: false, journalHealthy: true },
    });
    this.world = decided.world;
    this.events.push(...decided.events);
    return decided.decisions.map(({ verb }) => verb);
  }

  /** The job asked to pause, then gone. */
  pauseAt(second: number, processes: GpuProcess[]): void {
    expect(this.tick(second, processes)).toEqual(["pause"]);
    const job = this.world.jobs.train as NonNullable<World["jobs"][string]>;
    const request = { ...this.#request, askedAt: at(second) };
    this.#set({ ...job, state: { name: "pausing", since: at(second), run, request } });
  }

  goneAt(second: number): void {
    const job = this.world.jobs.train as NonNullable<World["jobs"][string]>;
    const checkpoint = makeCheckpoint(5, at(second), { verified: "full" });
    this.#set({
      ...job,
      checkpoint,
      state: { name: "paused", since: at(second), cause: this.#request.cause, checkpoint },
    });
  }

  get #request() {
    return {
      method: "checkpoint" as const,
      cause: { actor: "rule:gpu" as const, reason: "x", critical: false, rule: "gpu@A" },
      sequence: 1,
      askedAt: at(0),
      acknowledgedAt: null,
      lastRingMs: 0,
      deadlineMs: at(10_000).monotonicMs,
      bytesSaved: 0,
      overdue: null,
      stepAtRequest: null,
      availableMiBAtRequest: null,
    };
  }

  #set(job: NonNullable<World["jobs"][string]>): void {
    this.world = { ...this.world, jobs: { train: job } };
  }

  get misattributed(): NewEvent[] {
    return this.events.filter(({ kind }) => kind === "rule.misattributed");
  }
}

describe("others behind a pause", () => {
  test("that began after the run and vanish with its exit were its own: the rule is off for it until a person looks", () => {
    const days = new Days();
    days.pauseAt(1, [process()]);
    days.tick(2, [process()]);
    days.goneAt(3);
    days.tick(3.5, []);
    expect(days.misattributed).toMatchObject([
      { job: "train", evidence: { gpu: "A", processes: [{ pid: 88 }] } },
    ]);
    expect(days.misattributed[0]?.reason).toContain("'worker' (pid 88, ana)");
    expect(days.world.jobs.train?.misattributed).toEqual(["gpu@A"]);
    // Said once, and lifted by hand.
    days.tick(4.5, []);
    expect(days.misattributed).toHaveLength(1);
    const { world } = manualRequest(days.world, { verb: "resume", jobs: ["train"], by: "you" }, [], at(5));
    expect(world.jobs.train?.misattributed).toEqual([]);
  });

  const nothing = (): void => {};
  test.each<[string, (days: Days) => void, (days: Days) => void, number?]>([
    ["stay", nothing, (days) => days.tick(3.5, [process()])],
    ["go while it still saves", (days) => [days.tick(2.2, []), days.tick(2.5, [])], nothing],
    ["are followed by others at once", nothing, (days) => days.tick(3.5, [process({ pid: 99 })])],
    ["go some time after it", nothing, (days) => [days.tick(3.5, [process()]), days.tick(4.5, [])]],
    ["aren't looked for in time", nothing, (days) => days.tick(30, [])],
  ])("that %s were others", (_, before, after, gone = 3) => {
    const days = new Days();
    days.pauseAt(1, [process()]);
    days.tick(2, [process()]);
    before(days);
    days.goneAt(gone);
    after(days);
    days.tick(40, []);
    expect(days.misattributed).toEqual([]);
  });

  test("that end a tick before its exit is seen were its own, too", () => {
    const before = new Days();
    before.pauseAt(1, [process()]);
    before.tick(2, []);
    before.goneAt(3);
    before.tick(3.5, []);
    expect(before.misattributed).toHaveLength(1);
  });

  test("that were there before the run were others, and so is another user and who is of unknown age", () => {
    for (const odd of [{ startTime: 500 }, { startTime: null }, { otherUser: true as const }]) {
      const days = new Days();
      days.pauseAt(1, [process(odd)]);
      days.tick(2, [process(odd)]);
      days.goneAt(3);
      days.tick(3.5, []);
      expect(days.misattributed).toEqual([]);
    }
  });
});
