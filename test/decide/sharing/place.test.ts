/** Where a job goes, who is before it in line, and what a pause has freed; pure. */
import { describe, expect, it } from "vitest";
import { type Decided, decide } from "../../../src/decide/policy.ts";
import { askForTurn } from "../../../src/decide/sharing/ask-for-turn.ts";
import { ownClaims } from "../../../src/decide/sharing/line.ts";
import { newWorld, type World } from "../../../src/decide/world.ts";
import type { Job } from "../../../src/model/job.ts";
import type { Claim, GpuSample, Sample } from "../../../src/model/machine.ts";
import type { GpuView } from "../../../src/model/seen.ts";
import { whyText } from "../../../src/words/why.ts";
import {
  at,
  exitCode,
  makeConfig,
  makeGpu,
  makeJob,
  makeRun,
  makeSample,
  runningJob,
  Story,
} from "../make.ts";

const gpus = (second: number, count: number, more: Partial<GpuSample> = {}): GpuSample[] =>
  Array.from({ length: count }, (_, index) => ({ ...makeGpu(at(second), `GPU-${index}`, index), ...more }));

const claim = (more: Partial<Claim> = {}): Claim => ({
  id: "1001-abc-asr-ft",
  uid: 1001,
  user: "bob",
  job: "asr-ft",
  gpus: ["GPU-0"],
  holds: true,
  sinceMs: at(-3600).wallMs,
  readyMs: null,
  pids: [{ pid: 1, startTime: 1 }],
  ...more,
});

class Desk {
  world: World;
  last: Decided | null = null;
  #wallMs = 0;
  readonly config;

  constructor(jobs: Job[], config: object = {}) {
    this.world = newWorld(Object.fromEntries(jobs.map((job) => [job.name, job])));
    this.config = makeConfig(config);
  }

  tick(second: number, more: Partial<Sample>): Decided {
    const sample = makeSample(at(second), {}, { claimant: "1002-me", gpusUnavailable: null, ...more });
    const mode = { stopping: false, journalHealthy: true };
    this.last = decide(this.world, { sample, windows: [], config: this.config, now: at(second), mode });
    this.world = this.last.world;
    this.#wallMs = at(second).wallMs;
    return this.last;
  }

  get why(): string {
    const why = this.last?.why.tts;
    return why === undefined ? "" : whyText(why, this.#wallMs);
  }
}

const started = ({ decisions }: Decided): string[] =>
  decisions.flatMap((one) => (one.verb === "start" || one.verb === "resume" ? one.gpus : []));

describe("placement", () => {
  it("takes one GPU where there are any, the freest, and none where there is none or none is wanted", () => {
    const [first, second] = gpus(0, 2) as [GpuSample, GpuSample];
    const full = { ...first, memoryUsedMiB: { value: 20_000, atMs: at(0).monotonicMs } };
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
    expect(started(desk.tick(1, { gpusExpected: true, gpus: gpus(1, 1) }))).toEqual(["GPU-0"]);
  });

  it("takes GPUs by index or UUID, and says which is missing", () => {
    expect(started(new Desk([makeJob({ gpuIds: [1] })]).tick(0, { gpus: gpus(0, 2) }))).toEqual(["GPU-1"]);
    const named = new Desk([makeJob({ gpuIds: ["GPU-0", 1] })]);
    expect(started(named.tick(0, { gpus: gpus(0, 2) }))).toEqual(["GPU-0", "GPU-1"]);
    const desk = new Desk([makeJob({ gpuIds: [3] })]);
    desk.tick(0, { gpus: gpus(0, 2) });
    expect(desk.why).toBe("waits: needs GPU 3: 2 of them can be seen");
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
    const desk = new Desk([{ ...job, learned: { ...job.learned, gpuMemoryMiB: 18_637 } }]);
    const notebook = { pid: 4412, startTime: 1, user: "ana", command: "python -m jupyter", ours: null };
    const held = { processes: [{ ...notebook, gpuMemoryMiB: 9216 }] };
    const used = { memoryUsedMiB: { value: 9562, atMs: at(0).monotonicMs } };
    desk.tick(0, { gpus: gpus(0, 1, { ...held, ...used }) });
    expect(desk.why).toBe(
      "waits: needs 18.2 GiB on GPU 0, 14.1 GiB free; 'python' (pid 4412, ana) holds 9.0 GiB",
    );
    expect(
      started(desk.tick(1, { gpus: [...gpus(1, 1, { ...held, ...used }), gpus(1, 2)[1] as GpuSample] })),
    ).toEqual(["GPU-1"]);
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
    expect(desk.last?.why.tts?.waitingFor).toMatchObject([
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

describe("turns", () => {
  const asker = claim({
    holds: false,
    user: "ana",
    job: "tts",
    readyMs: 0,
    turn: { gpu: "GPU-0", forMs: 7_200_000 },
  });
  const holder = (spec: object = {}): Job =>
    runningJob(spec, { state: { name: "running", since: at(0), run: makeRun({ gpus: ["GPU-0"] }) } });

  it.each([
    ["yield", {}, ["peer"], "'tts' makes room"],
    ["tell", {}, [], "it's yours to decide: supervisor pause tts"],
    ["ignore", {}, [], "'tts' goes on, as the config says"],
    ["ignore", { yieldTo: ["ana"] }, ["peer"], "'tts' makes room"],
  ])("a request meets %s %o", (requests, spec, actors, answer) => {
    const desk = new Desk([holder(spec)], { turns: { requests } });
    const { decisions, events, why } = desk.tick(1, { gpus: gpus(1, 1), claims: [asker] });
    expect(why.tts?.turn).toEqual(requests === "tell" ? { user: "ana", forMs: 7_200_000 } : undefined);
    expect(decisions.map((one) => "cause" in one && one.cause.actor)).toEqual(actors);
    expect(events.map(({ kind, reason }) => [kind, reason])).toEqual([
      ["turn.requested", `ana asks for a turn of 2 h on GPU 0 for 'tts'; ${answer}.`],
    ]);
    expect(desk.tick(2, { gpus: gpus(2, 1), claims: [asker] }).events).toEqual([]);
  });

  it("nobody makes room for who isn't next, or couldn't start", () => {
    const desk = new Desk([holder()], { turns: { requests: "yield" } });
    const first = claim({
      holds: false,
      readyMs: 0,
      sinceMs: asker.sinceMs - 1,
      user: "eve",
      id: "1003-a-b",
    });
    expect(desk.tick(1, { gpus: gpus(1, 1), claims: [first, asker] }).decisions).toEqual([]);
    expect(desk.tick(2, { gpus: gpus(2, 1), claims: [{ ...asker, readyMs: null }] }).decisions).toEqual([]);
  });

  it("isn't taken by another job of ours that was before it in line", () => {
    const told = (requests: string, spec: object = {}): Desk => {
      const desk = new Desk([makeJob(spec)], { turns: { requests } });
      desk.tick(0, { gpus: gpus(0, 1), claims: [claim()] });
      return desk;
    };
    // The GPU has just been given up: ours has waited for longer, and lets the one that asked pass.
    const sample = { gpus: gpus(1, 1), claims: [{ ...asker, sinceMs: at(1).wallMs }] };
    const yields = told("yield");
    const { lines, world, ...decided } = yields.tick(1, sample);
    expect(decided.decisions).toEqual([]);
    expect(yields.why).toBe("waits: GPU 0 goes to ana's 'tts' first, who has asked for a turn");
    // So that it knows that nobody is before it.
    expect(ownClaims(world, lines, at(1))).toMatchObject([{ holds: false, readyMs: null }]);
    expect(started(told("tell").tick(1, sample))).toEqual(["GPU-0"]);
    expect(started(told("tell", { yieldTo: ["ana"] }).tick(1, sample))).toEqual([]);
    // Once it has its turn, or has gone, the line is as it was.
    expect(started(yields.tick(2, { gpus: gpus(2, 1), claims: [] }))).toEqual(["GPU-0"]);
  });

  it("is asked for by a job in line, begins with its start, and ends when others wait", () => {
    const desk = new Desk([makeJob()]);
    const sample = { gpus: gpus(0, 1), claims: [claim()] };
    desk.tick(0, sample);
    const asked = askForTurn(
      desk.world,
      { gpu: "0", forMs: 60_000, by: "ana" },
      makeSample(at(0), {}, sample),
      at(0),
    );
    if ("error" in asked) throw new Error(asked.error);
    desk.world = asked.world;
    expect(asked.events[0]?.reason).toBe("ana asks bob's 'asr-ft' for a turn of 1 min on GPU 0.");
    const { lines, world } = desk.tick(1, sample);
    expect(ownClaims(world, lines, at(1))).toMatchObject([{ turn: { gpu: "GPU-0", forMs: 60_000 } }]);
    desk.tick(2, { gpus: gpus(2, 1), claims: [] });
    const job = desk.world.jobs.tts as Job;
    expect(job.turn?.untilMs).toBe(at(62).wallMs);
    const held = { ...holder(), turn: job.turn as NonNullable<typeof job.turn> };
    desk.world = { ...desk.world, jobs: { tts: held } };
    const waiting = claim({ holds: false, readyMs: 0 });
    expect(desk.tick(61, { gpus: gpus(61, 1), claims: [waiting] }).decisions).toEqual([]);
    expect(desk.tick(63, { gpus: gpus(63, 1), claims: [] }).decisions).toEqual([]);
    expect(desk.tick(64, { gpus: gpus(64, 1), claims: [waiting] }).decisions).toMatchObject([
      {
        verb: "pause",
        cause: { actor: "peer", reason: "Its turn of 1 min is over, and bob's 'asr-ft' waits." },
      },
    ]);
  });

  it("isn't asked for again when it was cut short", () => {
    const turn = { gpu: "GPU-0", forMs: 60_000, askedAtMs: 0, by: "ana", untilMs: at(60).wallMs };
    const desk = new Desk([makeJob({}, { turn })]);
    const { lines, world } = desk.tick(1, { gpus: gpus(1, 1), claims: [claim()] });
    expect(world.jobs.tts?.turn).toBeUndefined();
    expect(ownClaims(world, lines, at(1))[0]?.turn).toBeUndefined();
  });

  it("can't be asked for where nobody holds, or nobody waits", () => {
    const desk = new Desk([makeJob()]);
    const ask = (sample: Partial<Sample>): unknown =>
      askForTurn(desk.world, { gpu: "0", forMs: 1, by: "ana" }, makeSample(at(0), {}, sample), at(0));
    expect(ask({})).toMatchObject({ error: "There is no GPU 0: no GPU was found." });
    expect(ask({ gpus: gpus(0, 1) })).toMatchObject({ error: expect.stringContaining("nobody to ask") });
    expect(ask({ gpus: gpus(0, 1), claims: [claim()] })).toMatchObject({
      error: expect.stringContaining("No job waits for GPU 0"),
    });
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
