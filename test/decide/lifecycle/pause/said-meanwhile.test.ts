/**
 * What is said of a pause that isn't over: no run that is ended early, or can't be asked yet, is called late.
 * Covers: src/decide/why/why.ts, src/model/state.ts
 */
import { expect, test } from "vitest";
import { whyOf } from "../../../../src/decide/why/why.ts";
import type { Job } from "../../../../src/model/job.ts";
import { snapshot } from "../../../../src/supervise/snapshot.ts";
import {
  at,
  makeCheckpoint,
  makeConfig,
  makeRank,
  makeRun,
  makeSample,
  runningJob,
  Story,
} from "../../make.ts";

process.env.TZ = "UTC";

/** As clients get it at `second`. */
function viewAt(second: number, job: Job) {
  const [now, config] = [at(second), makeConfig()];
  const memory = { startedMs: null, last: null, windows: {} };
  const mode = { stopping: false, journalHealthy: true };
  const input = {
    now,
    config,
    sample: makeSample(now),
    windows: [],
    rules: [],
    jobs: { tts: job },
    memory,
    mode,
  };
  const why = whyOf(job, [], { ...input, idle: [] } as unknown as Parameters<typeof whyOf>[2]);
  const world = { jobs: { tts: job }, rules: {}, memory };
  const lists = { warnings: [], windows: [], events: [] };
  const about = { config, version: "1", startedAtMs: 0, stopping: false, ...lists };
  const moment = { now, sample: makeSample(now), world, why: () => ({ tts: why }), stopping: false };
  const [view] = snapshot(moment, { ...about, pace: () => null, copying: () => null }).jobs;
  return { overdue: view?.overdue, summary: view?.why.summary };
}

const saved = {
  checkpoints: [makeCheckpoint(75, at(105), { path: "/o/75", verified: "size and age only" })],
  ranks: [],
};

test("a program that has saved by itself and is ended for that isn't overdue, until it doesn't go", () => {
  const glob = { checkpoint: { glob: "out/*" }, pause: { graceSeconds: 60 } };
  const story = new Story(runningJob(glob, { understands: "nothing", progress: null }));
  story.pause(100).see(109, saved);
  expect(viewAt(110, story.job)).toMatchObject({
    overdue: null,
    summary: expect.stringMatching(
      /Somebody else needs it\. It saved a checkpoint by itself, so it is ended\.$/,
    ),
  });
  const stays = viewAt(300, story.see(300, saved).job);
  expect(stays).toMatchObject({ overdue: "terminated", summary: expect.stringContaining("still running") });
});

test("nor is one that a person ends", () => {
  const end = { end: true, cause: { actor: "user", reason: "Ended by hand.", critical: false } } as const;
  const story = new Story(runningJob({}, { progress: null })).pause(100, end);
  expect(viewAt(101, story.job)).toMatchObject({
    overdue: null,
    summary: expect.stringMatching(/Ended by hand\. It was asked to end by SIGTERM\.$/),
  });
});

test("a program that imports the job library and steps nowhere is told so after a while", () => {
  const state = { name: "running" as const, since: at(90), run: makeRun({ startedAt: at(90) }) };
  const story = new Story(runningJob({}, { state, understands: null, progress: null }));
  const ready = { ranks: [makeRank({ state: "ready" as const })] };
  story.see(99, ready).pause(100).see(101, ready);
  expect(viewAt(102, story.job).summary).not.toContain("job.step()");
  expect(viewAt(106, story.job).summary).toContain("It hasn't called job.step() yet");
  const steps = story.see(107, { ranks: [makeRank({ step: 1, sequence: 1, state: "pausing" })] });
  expect(viewAt(108, steps.job).summary).not.toContain("job.step()");
});

test("what a library reports of a pause that takes a while is told, also when it is overdue, but not of a save", () => {
  const story = new Story(runningJob({ pause: { graceSeconds: 60 } }));
  const error = "checkpoint at step 70 failed: no space left on device";
  const seen = (state: "pausing" | "saving") => ({
    ranks: [makeRank({ step: 70, sequence: 1, state, error })],
  });
  story.pause(100).see(101, seen("pausing"));
  const said = () => [104, 106].map((second) => viewAt(second, story.job).summary?.includes("It reports:"));
  expect(said()).toEqual([false, true]);
  expect(viewAt(106, story.job).summary).toMatch(
    /Somebody else needs it\. It reports: checkpoint .* on device\.$/,
  );
  story.see(107, seen("saving"));
  expect(said()).toEqual([false, false]);
  story.see(108, seen("pausing")).see(161, seen("pausing"));
  expect(viewAt(161, story.job).summary).toMatch(/still running .* needs it\. It reports: .* on device\.$/);
  expect(story.reasons.at(-1)).toContain(`later (${error}); nothing was forced.`);
});

test("a young run is told by when it has to report, and always by the same moment", () => {
  const state = { name: "running" as const, since: at(200), run: makeRun({ startedAt: at(200) }) };
  const job = runningJob({ command: ["python3", "x.py"] }, { state, understands: "nothing" });
  const cause = { actor: "user" as const, reason: "Paused by hand.", critical: false };
  const story = new Story(job).pause(207, { method: "freeze", cause });
  const told = [208, 219.7].map(
    (second) => /hasn't by \S+$/.exec(viewAt(second, story.job).summary ?? "")?.[0],
  );
  expect(told).toEqual(["hasn't by 10:03:50.", "hasn't by 10:03:50."]);
});
