import { describe, expect, test } from "vitest";
import { step } from "../../../../src/decide/lifecycle/step.ts";
import { awaitsCheck, type Job } from "../../../../src/model/job.ts";
import type { Seen } from "../../../../src/model/seen.ts";
import { at, exitCode, makeCheckpoint, makeJob, makeRank, makeSeen, Story } from "../../make.ts";

const saved = makeCheckpoint(500, at(5), { verified: "full" });
const unreadable = makeRank({ state: "failed", unreadable: true, error: "EIO" });

function waiting(spec: object = {}, facts: Partial<Job> = {}): Story {
  const job = makeJob(
    { restart: { maxRetries: 2, backoffSeconds: 1 }, ...spec },
    {
      runs: 4,
      bootId: "b",
      understands: "contract",
      checkpoint: saved,
      older: [makeCheckpoint(400, at(4))],
      firstRunMs: at(0).wallMs,
      ...facts,
    },
  );
  return new Story(job);
}

const found = { checkpoints: [saved, makeCheckpoint(400, at(4))] };

function runs(story: Story, from: number, exit: Seen["exit"], facts: Partial<Seen> = {}): Story {
  return story
    .launch(from, story.job.checkpoint)
    .see(from + 1, { ...found, ranks: [makeRank({ state: "ready" })] })
    .see(from + 2, { ...found, ranks: [makeRank({ state: "failed" })], ...facts, exit });
}

describe("a run that couldn't read its checkpoint", () => {
  test.each([
    ["says so by its exit code", exitCode(74), {}],
    ["says so by a rank behind a launcher", exitCode(1), { ranks: [unreadable] }],
    [
      "says so by one of several ranks",
      exitCode(1),
      { ranks: [makeRank({ rank: 1, worldSize: 2 }), unreadable] },
    ],
    ["says so before its shell goes on", exitCode(0), { ranks: [unreadable] }],
    ["says so, and nothing tells how it ended", { known: false }, { ranks: [unreadable] }],
  ] as [string, Seen["exit"], Partial<Seen>][])(
    "%s: it is tried again later, and nothing is held against it or its checkpoint",
    (_, exit, facts) => {
      const story = runs(waiting(), 1000, exit, facts);
      expect(story.state).toBe("waiting");
      expect(story.job).toMatchObject({ checkpoint: { path: saved.path }, older: [{ step: 400 }] });
      expect(story.job.attempts).toEqual({
        failures: 0,
        fruitless: 0,
        unread: { run: 5, inARow: 1 },
        notBeforeMs: at(1032).monotonicMs,
      });
      expect(story.reasons.at(-1)).toMatch(
        /^Run 5 ended with (exit code (74|1|0)|an unknown exit \([^)]*\)) before its first step\. It couldn't read what it is to go on from, which may still be whole: it is tried again in 30 s at the earliest; this doesn't count as a failure\.$/,
      );
    },
  );

  test("has every byte of its checkpoint read again, though it was checked before", () => {
    const story = waiting().launch(1000, saved);
    story.see(1001, { ...found, ranks: [makeRank({ state: "ready" })] });
    const seen = makeSeen({ ...found, ranks: [unreadable], exit: exitCode(1) });
    const { job, effects } = step(story.job, { kind: "seen", seen, availableMiB: null }, at(1002));
    expect(job.checkpoint?.verified).toBe("quick");
    expect(effects).toContainEqual({ do: "verify", job: "tts", checkpoint: saved, anew: true });
  });

  test("asked to pause in the meantime, it is no failure either, and waits as it was asked to", () => {
    const story = waiting()
      .launch(1000, saved)
      .see(1001, { ...found, ranks: [makeRank({ state: "ready" })] });
    story.pause(1002).see(1003, { ...found, ranks: [unreadable], exit: exitCode(1) });
    expect([story.state, story.job.attempts]).toMatchObject([
      "waiting",
      { failures: 0, unread: { inARow: 1 } },
    ]);
    expect(story.events.slice(-2)).toEqual(["pause.failed", "job.failed"]);
  });

  test("made to end by force, it is as paused as any that was", () => {
    const story = waiting()
      .launch(1000, saved)
      .see(1001, { ...found, ranks: [makeRank({ state: "ready" })] });
    story.pause(1002);
    const { state } = story.job;
    if (state.name !== "pausing") throw new Error(state.name);
    const request = { ...state.request, overdue: "terminated" as const };
    story.job = { ...story.job, state: { ...state, request } };
    story.see(1010, { ...found, ranks: [unreadable], exit: exitCode(1) });
    expect(story.state).toBe("paused");
  });

  test.each([0, 1, 74])("it is left failed where restarts are off, also behind exit code %i", (code) => {
    const spec = { restart: { onFailure: false } };
    const story = runs(waiting(spec), 1000, exitCode(code), { ranks: [unreadable] });
    expect([story.state, story.job.attempts.unread]).toEqual(["failed", undefined]);
    expect(story.reasons.at(-1)).toContain(
      "It couldn't read what it is to go on from. It stays failed because",
    );
  });

  test.each([0, 1])("at its time limit it isn't tried again, also behind exit code %i", (code) => {
    const story = waiting()
      .launch(1000, saved)
      .see(1001, { ...found, ranks: [makeRank({ state: "ready" })] });
    const cause = { actor: "supervisor", reason: "Its time is up.", critical: false, ends: true } as const;
    story.pause(1002, { cause }).see(1003, { ...found, ranks: [unreadable], exit: exitCode(code) });
    expect(story.state).toBe("failed");
  });

  test("ends no row of runs that speak against their checkpoints: after three, the newest counts again", () => {
    const all = [saved, ...[400, 300, 200].map((step) => makeCheckpoint(step, at(step / 100)))];
    const story = waiting({}, { older: all.slice(1) });
    const facts = { checkpoints: all };
    const paths = [1, 74, 1, 74, 1, 74, 1].map((code, index) => {
      runs(story, 1000 + index * 700, exitCode(code), facts);
      return story.job.checkpoint?.step;
    });
    expect(paths).toEqual([400, 400, 300, 300, 500, 500, 500]);
    expect(story.job.attempts.failures).toBe(2);
  });

  test("is followed by none before its checkpoint is read through, which happens ever more rarely", () => {
    const story = runs(waiting(), 1000, exitCode(74));
    expect(awaitsCheck(story.job)).toBe(true);
    expect(story.did().filter((effect) => effect === "verify")).toHaveLength(1);
    // It is asked for at every look, as that of a paused job, and by the next supervisor.
    const quick = { checkpoints: [{ ...saved, verified: "quick" as const }], rejected: [] };
    expect(story.on(1010, { kind: "checked", ...quick }).did()).toEqual(["verify"]);
    expect(story.on(1015, { kind: "recovered", bootId: "b" }).did()).toEqual(["verify"]);
    story.on(1020, { kind: "checked", checkpoints: [saved], rejected: [] });
    expect(awaitsCheck(story.job)).toBe(false);
    const reads = [2, 3, 4, 5].map((inARow) => {
      story.did();
      const isRead = runs(story, 1000 * inARow, exitCode(74))
        .did()
        .includes("verify");
      story.on(1000 * inARow + 5, { kind: "checked", checkpoints: [saved], rejected: [] });
      return isRead;
    });
    expect(reads).toEqual([true, false, true, false]);
  });

  test("is never given up: the waits double up to ten minutes, and a run that begins ends the row", () => {
    const story = waiting();
    const waits: number[] = [];
    for (let second = 1000; second < 8000; second += 1000) {
      runs(story, second, exitCode(74));
      waits.push((story.job.attempts.notBeforeMs - at(second + 2).monotonicMs) / 1000);
    }
    expect(waits).toEqual([30, 60, 120, 240, 480, 600, 600]);
    expect(story.state).toBe("waiting");
    const running = makeRank({ state: "running", step: 501 });
    story.launch(9000, saved).see(9001, { ...found, ranks: [running] });
    story.see(9010, { ...found, ranks: [running], exit: exitCode(1) });
    runs(story, 9500, exitCode(74));
    expect(story.job.attempts.unread).toEqual({ run: 13, inARow: 1 });
  });

  test.each([{ taken: true }, { unready: true }] as const)(
    "is in a row with the next beside launches that began nothing: %j",
    (how) => {
      const story = waiting();
      const waits = [1000, 2000, 3000, 4000].map((second) => {
        runs(story, second, exitCode(74));
        const { notBeforeMs } = story.job.attempts;
        story.launch(second + 700, saved);
        story.on(second + 701, { kind: "launch-failed", reason: "it had no chance", ...how });
        return (notBeforeMs - at(second + 2).monotonicMs) / 1000;
      });
      expect(waits).toEqual([30, 60, 120, 240]);
      expect(story.did().filter((effect) => effect === "verify")).toHaveLength(3);
      expect(story.job.attempts).toMatchObject({ failures: 0, unread: { run: 12, inARow: 4 } });
      expect(awaitsCheck({ ...story.job, checkpoint: { ...saved, verified: "quick" } })).toBe(true);
    },
  );

  test("of a program without the library, for which 74 may mean anything, is a failure", () => {
    const story = waiting({}, { understands: "signal" });
    story.launch(1000, saved).see(1001, { ...found, signalCaught: true });
    story.see(1002, { ...found, exit: exitCode(74) });
    expect(story.job.attempts.unread).toBeUndefined();
    expect(story.reasons.at(-1)).not.toContain("couldn't read");
  });

  test("started again by its launcher within the run, and reporting anew, is judged by its last report", () => {
    const story = waiting()
      .launch(1000, saved)
      .see(1001, { ...found, ranks: [unreadable] });
    story.see(1002, { ...found, ranks: [makeRank({ state: "failed", pid: 4712 })], exit: exitCode(1) });
    expect([story.job.attempts.unread, story.job.checkpoint?.step]).toEqual([undefined, 400]);
  });

  test("after steps of its own, 74 is a failure as any other", () => {
    const running = makeRank({ state: "running", step: 501 });
    const story = waiting()
      .launch(1000, saved)
      .see(1001, { ...found, ranks: [running] });
    story.see(1010, { ...found, ranks: [running], exit: exitCode(74) });
    expect(story.job.attempts).toMatchObject({ failures: 1 });
  });
});
