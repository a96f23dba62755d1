/**
 * A turn on a GPU: who asks, who gets it, and when it ends.
 * Covers: src/decide/sharing/ask-for-turn.ts, src/decide/sharing/turn-requests.ts, src/decide/lifecycle/turn-taken.ts
 */
import { describe, expect, it } from "vitest";
import { askForTurn } from "../../../src/decide/sharing/ask-for-turn.ts";
import { ownClaims } from "../../../src/decide/sharing/line.ts";
import type { Job } from "../../../src/model/job.ts";
import type { Sample } from "../../../src/model/machine.ts";
import type { Checkpoint } from "../../../src/model/run.ts";
import {
  at,
  exitCode,
  makeCheckpoint,
  makeJob,
  makeRank,
  makeRun,
  makeSample,
  makeSeen,
  runningJob,
  Story,
} from "../make.ts";
import { claim, Desk, gpus, started } from "./desk.ts";

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
    ["yield", { pause: { method: "park" } }, ["peer"], "'tts' makes room"],
  ])("a request meets %s %o", (requests, spec, actors, answer) => {
    const desk = new Desk([holder(spec)], { turns: { requests } });
    const { decisions, events, why } = desk.tick(1, { gpus: gpus(1, 1), claims: [asker] });
    expect(why().tts?.turn).toEqual(requests === "tell" ? { user: "ana", forMs: 7_200_000 } : undefined);
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
    expect(started(desk.tick(2, { gpus: gpus(2, 1), claims: [] }))).toEqual(["GPU-0"]);
    // It isn't launched yet, which may be put off.
    expect(desk.world.jobs.tts?.turn).toEqual({
      gpu: "GPU-0",
      forMs: 60_000,
      askedAtMs: at(0).wallMs,
      by: "ana",
    });
    const launched = (on: string): Job => new Story(desk.world.jobs.tts as Job).launch(2, null, [on]).job;
    expect(launched("GPU-1").turn).toBeUndefined();
    const job = launched("GPU-0");
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

  describe("taken by a run that got nowhere,", () => {
    const checkpoints = [50, 40].map((step) => makeCheckpoint(step, at(0), { verified: "full" }));
    const [checkpoint, ...older] = checkpoints as [Checkpoint, ...Checkpoint[]];
    const turn = { gpu: "GPU-0", forMs: 60_000, askedAtMs: 0, by: "ana" };
    const begun = { ...turn, untilMs: at(61).wallMs };
    const launched = (): Story => {
      const facts = { turn, checkpoint, older, understands: "contract" } as const;
      return new Story(makeJob({}, facts)).launch(1, checkpoint, ["GPU-0"]);
    };
    const others = { othersMiB: 9000, others: [], name: "GPU 0", atMs: 0, unavailable: null, freeMiB: 0 };
    const outOfMemory = (story: Story, step: number | null): Story =>
      story.see(2, { checkpoints, ranks: [makeRank({ step })] }).on(3, {
        kind: "seen",
        seen: makeSeen({ checkpoints, exit: exitCode(1), outOfGpuMemory: "CUDA out of memory" }),
        availableMiB: null,
        gpus: { ...others, entries: [] },
      });

    it.each<[string, Story]>([
      ["which couldn't read its checkpoint", launched().see(2, { checkpoints, exit: exitCode(74) })],
      ["whose checkpoint is passed over", launched().see(2, { checkpoints, exit: exitCode(1) })],
      ["for which others left no room", outOfMemory(launched(), 50)],
      [
        "which never began: the GPU was taken",
        launched().on(2, { kind: "launch-failed", reason: "it was taken", taken: true }),
      ],
      [
        "which never began: it couldn't",
        launched().on(2, { kind: "launch-failed", reason: "Node is gone", unready: true }),
      ],
    ])("it stays its own: %s", (_, { job, state }) => {
      expect([state, job.attempts.failures, job.turn]).toEqual(["waiting", 0, { ...turn, tries: 1 }]);
    });

    it.each<[string, (story: Story, second: number) => Story]>([
      [
        "can't read its checkpoint",
        (story, second) => story.see(second, { checkpoints, exit: exitCode(74) }),
      ],
      [
        "can't be launched",
        (story, second) => story.on(second, { kind: "launch-failed", reason: "Node is gone", unready: true }),
      ],
    ])("another user's job makes room for it three times at most: where it %s", (_, fail) => {
      const story = fail(launched(), 2);
      for (const second of [100, 300]) {
        expect(story.job.turn).toBeDefined();
        fail(story.launch(second, checkpoint, ["GPU-0"]), second + 1);
      }
      expect([story.state, story.job.turn]).toEqual(["waiting", undefined]);
    });

    it("a start that is put off counts as well", () => {
      const story = new Story(makeJob({}, { turn }));
      for (const second of [1, 2]) story.on(second, { kind: "unread", path: "/x/step-50" });
      expect(story.job.turn).toEqual({ ...turn, tries: 2 });
      expect(story.on(3, { kind: "unread", path: "/x/step-50" }).job.turn).toBeUndefined();
    });

    it("it is over where that counts as a failure, or after steps of its own", () => {
      const story = launched();
      story.job = { ...story.job, older: [] };
      expect(story.see(2, { checkpoints: [checkpoint], exit: exitCode(1) }).job.turn).toEqual(begun);
      const trained = outOfMemory(launched(), 51);
      expect([trained.state, trained.job.turn]).toEqual(["waiting", begun]);
    });
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
