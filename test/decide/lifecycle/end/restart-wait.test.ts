/** What a failed run waits for: as long as it was told, whatever its length, and across a reboot. */
import { describe, expect, test } from "vitest";
import { decide } from "../../../../src/decide/policy.ts";
import { recoverJobs } from "../../../../src/decide/recover-jobs.ts";
import { newWorld } from "../../../../src/decide/world.ts";
import type { Job } from "../../../../src/model/job.ts";
import type { Now } from "../../../../src/model/time.ts";
import type { Why } from "../../../../src/model/why.ts";
import {
  at,
  exitCode,
  makeConfig,
  makeJob,
  makeRank,
  makeRun,
  makeSample,
  makeSeen,
  runningJob,
  Story,
} from "../../make.ts";

const HOUR = 3600;
const WAITS = [0.5 * HOUR, 2 * HOUR, 30 * HOUR];

/** What `job` waits for at `now`, and until when. */
function why(job: Job, now: Now): Why {
  const config = makeConfig();
  const mode = { stopping: false, journalHealthy: true };
  const decided = decide(newWorld({ tts: job }), { sample: makeSample(now), windows: [], config, now, mode });
  return decided.why().tts as Why;
}

const waits = (job: Job, now: Now): string[] => why(job, now).waitingFor.map(({ code }) => code);

const failed = (backoffSeconds: number): Job =>
  new Story(makeJob({ restart: { backoffSeconds } })).launch(0).see(1, { exit: exitCode(1) }).job;

const outOfMemory = (backoffSeconds: number): Job => {
  const gpus = {
    name: "GPU 0",
    unavailable: null,
    atMs: 0,
    freeMiB: 0,
    entries: [],
    others: [],
    othersMiB: 900,
  };
  const story = new Story(makeJob({ restart: { backoffSeconds } })).launch(0);
  const seen = makeSeen({ exit: exitCode(1), outOfGpuMemory: "CUDA out of memory" });
  return story.on(1, { kind: "seen", seen, availableMiB: null, gpus }).job;
};

const askedAgain = (backoffSeconds: number): Job =>
  new Story(makeJob({ restart: { backoffSeconds } })).launch(0).see(1, { exit: exitCode(75) }).job;

describe.each(WAITS)("a configured wait of %d s", (seconds) => {
  test.each([
    ["a failure", failed],
    ["a want of GPU memory", outOfMemory],
    ["an exit 75 without a checkpoint", askedAgain],
  ])("is waited out after %s", (_, ends) => {
    const job = ends(seconds);
    expect(waits(job, at(2))).toEqual(["restart"]);
    expect(why(job, at(2)).next?.atMs).toBe(at(1 + seconds).wallMs);
    expect(waits(job, at(seconds))).toEqual(["restart"]);
    expect(waits(job, at(1 + seconds))).toEqual([]);
  });
});

test("doubles up to an hour, or stays as long as it was configured where that is longer", () => {
  const inARow = (backoffSeconds: number): number[] => {
    const story = new Story(makeJob({ restart: { maxRetries: 9, backoffSeconds } }));
    return [1, 2, 3].map((run) => {
      story.launch(run * 1e6).see(run * 1e6 + 1, { exit: exitCode(1) });
      return (story.job.attempts.notBeforeMs - at(run * 1e6 + 1).monotonicMs) / 1000;
    });
  };
  expect(inARow(1000)).toEqual([1000, 2000, 3600]);
  expect(inARow(2 * HOUR)).toEqual([2 * HOUR, 2 * HOUR, 2 * HOUR]);
});

test("a job that ran out of GPU memory isn't said to have failed 0 times", () => {
  expect(why(outOfMemory(HOUR), at(2)).waitingFor[0]?.text).toMatch(
    /^it ran out of GPU memory: it will be tried again at /,
  );
});

describe("after a reboot", () => {
  /** The machine was up for so long before `at(0)`, and this many seconds after `second` it is up again. */
  const reboot = (job: Job, second: number, upSeconds: number): { job: Job; now: Now } => {
    const now = { wallMs: at(second).wallMs, monotonicMs: upSeconds * 1000 };
    return { job: recoverJobs({ tts: job }, "another boot", now).jobs.tts as Job, now };
  };

  test.each(WAITS)("a wait of %d s goes on for what is left of it by the wall clock", (seconds) => {
    for (const upSeconds of [5, 100 * HOUR]) {
      const { job, now } = reboot(failed(seconds), 601, upSeconds);
      expect(waits(job, now)).toEqual(["restart"]);
      expect(why(job, now).next?.atMs).toBe(at(1 + seconds).wallMs);
    }
  });

  test("one that has passed meanwhile is over", () => {
    const { job, now } = reboot(failed(2 * HOUR), 3 * HOUR, 5);
    expect(waits(job, now)).toEqual([]);
  });

  test("with a clock that was set back it is never longer than it was", () => {
    const { job, now } = reboot(failed(2 * HOUR), -50 * HOUR, 5);
    expect(why(job, now).next?.atMs).toBe(now.wallMs + 2 * HOUR * 1000);
  });

  test("in the same boot the wall clock doesn't matter", () => {
    const now = { wallMs: at(-50 * HOUR).wallMs, monotonicMs: at(601).monotonicMs };
    const job = recoverJobs({ tts: failed(2 * HOUR) }, "b", now).jobs.tts as Job;
    expect(why(job, now).next?.atMs).toBe(now.wallMs + (2 * HOUR - 600) * 1000);
  });

  test("a second start in the new boot moves nothing again", () => {
    const first = reboot(failed(2 * HOUR), 601, 5);
    const later = { wallMs: first.now.wallMs + 77_000_000, monotonicMs: first.now.monotonicMs + 60_000 };
    const job = recoverJobs({ tts: first.job }, "another boot", later).jobs.tts as Job;
    expect(job.attempts).toEqual(first.job.attempts);
    expect(job.state.since).toEqual(first.job.state.since);
  });

  test("a run that stands still is told of, however long the machine had been up before", () => {
    const progress = { step: 9, stepMs: 1000, reports: "running", advancedAtMs: at(0).monotonicMs } as never;
    const before = runningJob({}, { progress });
    const { job, now } = reboot(before, 60, 5);
    const later = (seconds: number): Now => ({
      wallMs: now.wallMs + seconds * 1000,
      monotonicMs: now.monotonicMs + seconds * 1000,
    });
    const run = makeRun({
      id: "r2",
      number: 2,
      startedAt: later(10),
      firstStepAt: later(10),
      bootId: "another boot",
    });
    const stands = new Story({ ...job, state: { name: "running", since: later(10), run } });
    const seen = makeSeen({ ranks: [makeRank({ step: 9 })] });
    stands.at(later(900), { kind: "seen", seen, availableMiB: null });
    expect(stands.told()).toContain("job.stalled");
  });

  test("a pause that ended with the machine has taken as long as the wall clock says", () => {
    const pausing = new Story(runningJob()).pause(100).job;
    const { job, now } = reboot(pausing, 130, 5);
    const story = new Story(job);
    const ranks = [makeRank({ step: 6, state: "paused", sequence: 1 })];
    story.at(now, { kind: "seen", seen: makeSeen({ exit: exitCode(75), ranks }), availableMiB: null });
    expect(story.outcomes.at(-1)).toMatchObject({ goneAfterMs: 30_000 });
  });
});

test("a wish is granted by one start, though its run fails before it is seen at work", () => {
  const wanted = (second: number): Job => {
    const manual = { want: "run" as const, sinceMs: at(second).wallMs, excused: [], windowUntilMs: null };
    const job = makeJob({ restart: { backoffSeconds: 60 } }, { manual });
    return new Story(job).launch(10).see(11, { exit: exitCode(1) }).job;
  };
  expect(waits(wanted(9), at(12))).toEqual(["restart"]);
  // Asked for while that run went on: it is tried again at once.
  expect(waits(wanted(10.5), at(12))).toEqual([]);
});
