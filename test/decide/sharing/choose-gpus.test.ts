/**
 * Where a job goes, who is before it in line, and what a pause has freed; pure.
 * Covers: src/decide/sharing/line.ts, src/decide/lifecycle/end/shortage.ts,
 * src/decide/lifecycle/pause/gpu-memory-freed.ts
 */

import { describe, expect, it } from "vitest";
import { ownClaims } from "../../../src/decide/sharing/line.ts";
import type { Job } from "../../../src/model/job.ts";
import type { GpuSample } from "../../../src/model/machine.ts";
import type { GpuView } from "../../../src/model/seen.ts";
import { at, exitCode, figure, makeJob, makeRun, runningJob, Story } from "../make.ts";
import { claim, Desk, gpus, started, withFree } from "./desk.ts";

describe("placement", () => {
  it("takes one GPU where there are any, the freest, and none where there is none or none is wanted", () => {
    const [first, second] = gpus(0, 2) as [GpuSample, GpuSample];
    const full = withFree(first, 3000);
    expect(started(new Desk([makeJob()]).tick(0, { gpus: [full, second] }))).toEqual(["GPU-1"]);
    expect(new Desk([makeJob()]).tick(0, { gpus: [] }).decisions).toMatchObject([
      { verb: "start", gpus: [] },
    ]);
    const none = new Desk([makeJob({ gpus: 0 })]).tick(0, { gpus: [first] });
    expect(none.decisions).toMatchObject([{ verb: "start", gpus: [] }]);
  });

  it("waits for a driver that is there and doesn't tell yet", () => {
    const desk = new Desk([makeJob()]);
    desk.tick(0, { gpusExpected: true, gpusUnavailable: "the GPUs haven't been read yet" });
    expect(desk.why).toBe(`waits: needs 1 GPU: the GPUs haven't been read yet (if it needs none: "gpus": 0)`);
    expect(started(desk.tick(1, { gpus: gpus(1, 1) }))).toEqual(["GPU-0"]);
  });

  it("takes GPUs by index or UUID, and says which is missing", () => {
    expect(started(new Desk([makeJob({ gpuIds: [1] })]).tick(0, { gpus: gpus(0, 2) }))).toEqual(["GPU-1"]);
    const named = new Desk([makeJob({ gpuIds: ["GPU-0", 1] })]);
    expect(started(named.tick(0, { gpus: gpus(0, 2) }))).toEqual(["GPU-0", "GPU-1"]);
    const desk = new Desk([makeJob({ gpuIds: [3] })]);
    desk.tick(0, { gpus: gpus(0, 2) });
    expect(desk.why).toBe("waits: needs GPU 3: 2 can be seen");
  });

  it("two of our jobs share a GPU only when both may", () => {
    const run = makeRun({ gpus: ["GPU-0"] });
    const other = (spec: object): Job =>
      runningJob({ name: "asr", ...spec }, { state: { name: "running", since: at(0), run } });
    const desk = new Desk([other({}), makeJob({ shareGpu: true })]);
    desk.tick(0, { gpus: gpus(0, 1) });
    expect(desk.why).toBe("waits: GPU 0 is held by 'asr'");
    const shared = new Desk([other({ shareGpu: true }), makeJob({ shareGpu: true })]);
    expect(started(shared.tick(0, { gpus: gpus(0, 1) }))).toEqual(["GPU-0"]);
    expect(started(desk.tick(1, { gpus: gpus(1, 2) }))).toEqual(["GPU-1"]);
  });

  it("waits for memory as it last needed it, saying what is missing and who holds it", () => {
    const job = makeJob();
    const desk = new Desk([{ ...job, learned: { gpuMemoryMiB: { "GPU-0": figure(18_637) } } }]);
    const notebook = { pid: 4412, startTime: 1, user: "ana", command: "python -m jupyter", ours: null };
    const held = { processes: [{ ...notebook, gpuMemoryMiB: 9216 }] };
    const full = (second: number): GpuSample[] => {
      const memoryUsedMiB = { value: 9562, atMs: at(second).monotonicMs };
      return gpus(second, 1, { ...held, memoryUsedMiB }).map((gpu) => withFree(gpu, 14_438));
    };
    desk.tick(0, { gpus: full(0) });
    expect(desk.why).toBe(
      "waits: needs 18.2 GiB (measured 3 times) on GPU 0, 14.1 GiB free; 'python' (pid 4412, ana) holds 9.0 GiB",
    );
    expect(started(desk.tick(1, { gpus: [...full(1), gpus(1, 2)[1] as GpuSample] }))).toEqual(["GPU-1"]);
  });

  it("a run that was on one GPU may go on on another", () => {
    const cause = { actor: "rule:busy" as const, reason: "Somebody.", critical: false };
    const paused = makeJob({}, { runs: 1, state: { name: "paused", since: at(0), cause, checkpoint: null } });
    const desk = new Desk([paused]);
    expect(started(desk.tick(0, { gpus: gpus(0, 2), claims: [claim()] }))).toEqual(["GPU-1"]);
  });
});

describe("the line between supervisors", () => {
  it("a held GPU is waited for, in line, and taken when it is free", () => {
    const desk = new Desk([makeJob()]);
    desk.tick(0, { gpus: gpus(0, 1), claims: [claim()] });
    expect(desk.why).toMatch(
      /^waits: GPU 0 held by bob's 'asr-ft' \(supervised, since \S+\); you're 1st in line$/,
    );
    expect(desk.last?.why().tts?.waitingFor).toMatchObject([
      { code: "gpu-claimed", gpu: "GPU-0", by: { user: "bob", job: "asr-ft" }, place: 1 },
    ]);
    expect(started(desk.tick(1, { gpus: gpus(1, 1), claims: [] }))).toEqual(["GPU-0"]);
  });

  it("who came before goes first, unless it couldn't start anyway", () => {
    const waits = claim({ holds: false, sinceMs: at(-60).wallMs, readyMs: 0 });
    const desk = new Desk([makeJob()]);
    desk.tick(0, { gpus: gpus(0, 1), claims: [claim({ id: "1003-x-y", user: "eve" }), waits] });
    expect(desk.why).toContain("you're 2nd in line");
    expect(started(desk.tick(1, { gpus: gpus(1, 1), claims: [waits] }))).toEqual([]);
    expect(desk.why).toContain("GPU 0 goes to bob's 'asr-ft' first");
    const soon = { ...waits, readyMs: at(7).wallMs };
    expect(started(desk.tick(2, { gpus: gpus(2, 1), claims: [soon] }))).toEqual([]);
    expect(started(desk.tick(3, { gpus: gpus(3, 1), claims: [{ ...waits, readyMs: null }] }))).toEqual([
      "GPU-0",
    ]);
  });

  it("tells others what it holds and what it waits for, with its place since it came", () => {
    const held = runningJob(
      { name: "asr" },
      { state: { name: "running", since: at(0), run: makeRun({ gpus: ["GPU-1"] }) } },
    );
    const desk = new Desk([held, makeJob()]);
    desk.tick(10, { gpus: gpus(10, 2), claims: [claim()] });
    const { lines, world } = desk.tick(20, { gpus: gpus(20, 2), claims: [claim()] });
    expect(ownClaims(world, lines, at(20))).toEqual([
      expect.objectContaining({ job: "asr", gpus: ["GPU-1"], holds: true }),
      { job: "tts", gpus: ["GPU-0"], holds: false, sinceMs: at(0).wallMs, readyMs: 0 },
    ]);
  });

  it("a job that a person has paused stands in no line", () => {
    const manual = { want: "pause" as const, sinceMs: 0, untilMs: null, by: "ana" };
    const desk = new Desk([makeJob({}, { manual })]);
    const { lines, world } = desk.tick(0, { gpus: gpus(0, 1) });
    expect(ownClaims(world, lines, at(0))).toEqual([]);
  });
});

describe("the end of a run on a GPU", () => {
  const view = (second: number, more: Partial<GpuView> = {}): GpuView => ({
    atMs: at(second).monotonicMs,
    unavailable: null,
    name: "GPU 0",
    freeMiB: 4000,
    entries: [],
    othersMiB: 0,
    others: [],
    ...more,
  });
  const entry = { pid: 4711, startTime: 1, user: "ana", command: "train", gpuMemoryMiB: 18_637 };
  const seen = (facts: object) => ({ ...new Seen(), ...facts });
  class Seen {
    pid = 4711;
    startTime = 1;
    alive = false;
    exit = exitCode(75);
    leftovers = [];
    ranks = [];
    checkpoints = [];
    rejected = [];
    signalCaught = null;
    stopped = false;
  }
  const begun = (): Story =>
    new Story(
      runningJob({}, { state: { name: "running", since: at(0), run: makeRun({ gpus: ["GPU-0"] }) } }),
    );

  it("isn't a pause while the driver lists it, names what stays, and says what came free", () => {
    const story = begun().pause(10);
    const alive = seen({ alive: true, exit: null });
    story.on(11, { kind: "seen", seen: alive, availableMiB: null, gpus: view(11, { entries: [entry] }) });
    story.on(15, { kind: "seen", seen: seen({}), availableMiB: null, gpus: view(14, { entries: [entry] }) });
    expect(story.state).toBe("pausing");
    story.on(19, { kind: "seen", seen: seen({}), availableMiB: null, gpus: view(18, { entries: [entry] }) });
    expect(story.state).toBe("pausing");
    expect(story.reasons.at(-1)).toContain("the driver still lists pid 4711 with 18.2 GiB of it on GPU 0");
    expect(story.job.state).toMatchObject({ request: { overdue: "waiting" } });
    story.on(21, { kind: "seen", seen: seen({}), availableMiB: null, gpus: view(20, { freeMiB: 22_637 }) });
    expect(story.state).toBe("paused");
    expect(story.outcomes.find((one) => one?.vramVerified)).toMatchObject({
      vramReleasedMiB: 18_637,
      vramFreeRoseMiB: 18_637,
      vramFreeAfterMs: 10_000,
    });
  });

  it("waits for a reading after the exit, but not for ever where there is none", () => {
    const story = begun().pause(10);
    const blind = view(9, { unavailable: "the driver hasn't answered" });
    story.on(15, { kind: "seen", seen: seen({}), availableMiB: null, gpus: blind });
    story.on(24, { kind: "seen", seen: seen({}), availableMiB: null, gpus: blind });
    expect(story.state).toBe("pausing");
    story.on(26, { kind: "seen", seen: seen({}), availableMiB: null, gpus: blind });
    expect(story.state).toBe("paused");
    expect(story.outcomes.find((one) => one?.vramVerified === false)).toMatchObject({
      vramReason: "the driver hasn't answered",
    });
  });

  it("out of memory while others hold some is a wait, without them a failure", () => {
    const said = { exit: exitCode(1), outOfGpuMemory: "torch.OutOfMemoryError: CUDA out of memory." };
    const others = [{ pid: 9, startTime: 1, user: "eve", command: "python x.py", gpuMemoryMiB: 9000 }];
    const crowded = begun();
    crowded.on(5, {
      kind: "seen",
      seen: seen(said),
      availableMiB: null,
      gpus: view(5, { othersMiB: 9000, others }),
    });
    expect(crowded.state).toBe("waiting");
    expect(crowded.job.attempts.failures).toBe(0);
    expect(crowded.reasons.at(-1)).toContain("while 'python' (pid 9, eve) held 8.8 GiB");
    const desk = new Desk([crowded.job]);
    const process = { ...(others[0] as (typeof others)[0]), ours: null };
    desk.tick(60, { gpus: gpus(60, 1, { processes: [process] }) });
    expect(desk.why).toContain("it has run out of memory on a GPU while others held 8.8 GiB");
    expect(started(desk.tick(61, { gpus: gpus(61, 1) }))).toEqual(["GPU-0"]);

    const alone = begun();
    alone.on(5, { kind: "seen", seen: seen(said), availableMiB: null, gpus: view(5) });
    expect(alone.job.attempts.failures).toBe(1);
  });

  it("a launch that met another supervisor's is no failure", () => {
    const run = makeRun({ gpus: ["GPU-0"] });
    const story = new Story(makeJob({}, { runs: 1, state: { name: "starting", since: at(0), run } }));
    story.on(1, { kind: "launch-failed", reason: "its GPU was taken", taken: true });
    expect(story.state).toBe("waiting");
    expect(story.job.attempts.failures).toBe(0);
  });
});
