/** Covers: src/decide/lifecycle/end/row.ts */
import { describe, expect, test } from "vitest";
import type { Job } from "../../../../src/model/job.ts";
import type { Checkpoint } from "../../../../src/model/run.ts";
import type { Seen } from "../../../../src/model/seen.ts";
import { at, exitCode, makeCheckpoint, makeJob, makeRank, makeSeen, Story } from "../../make.ts";

const file = (step: number): Checkpoint =>
  makeCheckpoint(step, at(step), { path: `/x/out/step_${step}.pt`, verified: "size and age only" });
const [two, three, four, five] = [200, 300, 400, 500].map(file) as [
  Checkpoint,
  Checkpoint,
  Checkpoint,
  Checkpoint,
];
const all = [five, four, three, two];

/** A job that waits for its next run, with these checkpoints. */
function waiting(spec: object = {}, facts: Partial<Job> = {}, checkpoints = all): Story {
  const [checkpoint = null, ...older] = checkpoints;
  const job = makeJob(
    { checkpoint: { glob: "out/*" }, restart: { maxRetries: 3, backoffSeconds: 10 }, ...spec },
    { runs: 4, bootId: "b", understands: "signal", checkpoint, older, firstRunMs: at(0).wallMs, ...facts },
  );
  return new Story(job);
}
/** One run from its newest checkpoint to its end, `seconds` later. */
function runs(story: Story, from: number, exit: Seen["exit"], seconds = 3, facts: Partial<Seen> = {}): Story {
  const found = { checkpoints: all, ...facts };
  story.on(from, { kind: "checked", checkpoints: found.checkpoints, rejected: [] });
  return story
    .launch(from, story.job.checkpoint)
    .see(from + 1, { ...found, signalCaught: true })
    .see(from + seconds, { ...found, exit });
}
const resumedFrom = (story: Story): string | undefined => story.job.checkpoint?.path;

describe("a resume that fails at once", () => {
  test("has its checkpoint passed over for the one before, at once, and isn't counted", () => {
    const story = runs(waiting(), 1000, exitCode(1));
    expect(story.state).toBe("waiting");
    expect(story.job.checkpoint).toEqual(four);
    expect(story.job.attempts).toMatchObject({ failures: 0, notBeforeMs: at(1003).monotonicMs });
    expect(story.events.slice(-2)).toEqual(["job.failed", "checkpoint.rejected"]);
    expect(story.reasons.slice(-2)).toEqual([
      "Run 5 ended with exit code 1. It is tried again from the checkpoint before; this doesn't count as a failure.",
      "Checkpoint /x/out/step_500.pt is passed over, since a resume from it failed at once: it goes on from the one before of step 400; 100 steps to be redone.",
    ]);
  });

  test("stays passed over when the one before works, until it is written anew", () => {
    const story = runs(waiting(), 1000, exitCode(1));
    runs(story, 1010, exitCode(1), 300);
    expect([resumedFrom(story), story.job.attempts.failures]).toEqual([four.path, 1]);
    const again = { ...five, createdAtMs: at(1500).wallMs };
    story.launch(1500, four).see(1501, { checkpoints: [again, four, three, two] });
    expect(story.job.checkpoint).toEqual(again);
  });

  test("of one more checkpoint after each: then they aren't the reason, and the newest counts again", () => {
    const story = runs(waiting(), 1000, exitCode(1));
    runs(story, 1010, exitCode(1));
    expect([resumedFrom(story), story.job.attempts.failures]).toEqual([three.path, 0]);
    runs(story, 1020, exitCode(1));
    expect([resumedFrom(story), story.job.attempts.failures]).toEqual([five.path, 1]);
    expect(story.reasons.at(-1)).toBe(
      "Run 7 ended with exit code 1. It fails so from 3 checkpoints, which then aren't the reason: the newest counts again. It is tried again in 10 s (failure 1 of at most 3 in a row).",
    );
    expect(story.job.older).toEqual([four, three, two]);
    // What was told of those passed over, 100 steps each, isn't lost after all.
    expect(story.outcomes.at(-1)).toMatchObject({ code: 1, notLost: [100, 100] });
    for (const second of [1040, 1080]) runs(story, second, exitCode(1));
    expect([resumedFrom(story), story.job.attempts.failures]).toEqual([five.path, 3]);
    expect(runs(story, 1200, exitCode(1)).state).toBe("failed");
  });

  test.each([{ taken: true }, { unready: true }] as const)(
    "is in a row with the next beside launches that began nothing: %j",
    (how) => {
      const story = waiting();
      const steps = [1000, 1100, 1200, 1300].map((second) => {
        runs(story, second, exitCode(1));
        story.launch(second + 50, story.job.checkpoint);
        story.on(second + 51, { kind: "launch-failed", reason: "it had no chance", ...how });
        return story.job.checkpoint?.step;
      });
      expect(steps).toEqual([400, 300, 500, 500]);
      expect(story.job.attempts.failures).toBe(2);
      expect(story.job.doubts).toEqual({ passedOver: [], clearedAt: 12 });
    },
  );

  test("is in a row with the next beside runs that others left no GPU memory", () => {
    const full = { name: "GPU 0", unavailable: null, atMs: 0, freeMiB: 0, entries: [], others: [] };
    const gpus = { ...full, othersMiB: 20_000 };
    const outOfGpuMemory = "CUDA out of memory";
    const story = waiting();
    const steps = [1000, 1100, 1200].map((second) => {
      runs(story, second, exitCode(1));
      story.launch(second + 50, story.job.checkpoint).see(second + 51, { checkpoints: all });
      const seen = makeSeen({ checkpoints: all, exit: exitCode(1), outOfGpuMemory });
      story.on(second + 52, { kind: "seen", seen, availableMiB: null, gpus });
      expect(story.reasons.at(-1)).toContain("waits until there is more room");
      return story.job.checkpoint?.step;
    });
    expect(steps).toEqual([400, 300, 500]);
  });

  test.each<[string, (story: Story, second: number) => Story]>([
    ["killed from outside", (story, second) => runs(story, second, exitCode(137))],
    ["whose end nobody knows", (story, second) => runs(story, second, { known: false })],
    [
      "that were asked to pause",
      (story, second) => {
        story.launch(second, story.job.checkpoint).see(second + 1, { checkpoints: all, signalCaught: true });
        return story.pause(second + 2).see(second + 3, { checkpoints: all, exit: exitCode(75) });
      },
    ],
    [
      "that couldn't be launched",
      (story, second) =>
        story
          .launch(second, story.job.checkpoint)
          .on(second + 1, { kind: "launch-failed", reason: "no such folder" }),
    ],
  ])("is in a row with the next beside runs %s before they got anywhere", (_, between) => {
    const story = waiting({ restart: { maxRetries: 9 } });
    const steps = [1000, 1100, 1200].map((second) => {
      runs(story, second, exitCode(1));
      between(story, second + 50);
      return story.job.checkpoint?.step;
    });
    expect(steps).toEqual([400, 300, 500]);
    expect(story.job.doubts).toEqual({ passedOver: [], clearedAt: 10 });
  });

  test("later, after others left no GPU memory to one that got somewhere, begins a new row", () => {
    const full = { name: "GPU 0", unavailable: null, atMs: 0, freeMiB: 0, entries: [], others: [] };
    const gpus = { ...full, othersMiB: 20_000 };
    const story = runs(waiting(), 1000, exitCode(1));
    story.launch(1100, four).see(1101, { checkpoints: all });
    const seen = makeSeen({ checkpoints: all, exit: exitCode(1), outOfGpuMemory: "CUDA out of memory" });
    story.on(1200, { kind: "seen", seen, availableMiB: null, gpus });
    for (const second of [1300, 1400]) runs(story, second, exitCode(1));
    expect([resumedFrom(story), story.job.attempts.failures]).toEqual([two.path, 0]);
  });

  test("after a person's choice, begins a new row", () => {
    const [six, seven] = [600, 700].map((step) => makeCheckpoint(step, at(step / 100)));
    const passedOver = [
      { checkpoint: seven, run: 2 },
      { checkpoint: six, run: 3 },
      { checkpoint: five, run: null },
    ] as { checkpoint: Checkpoint; run: number | null }[];
    const story = waiting({}, { runs: 3, doubts: { passedOver } }, [four, three, two]);
    runs(story, 1000, exitCode(1), 3, { checkpoints: [four, three, two] });
    expect([resumedFrom(story), story.job.attempts.failures]).toEqual([three.path, 0]);
  });

  test("doesn't take one that a person left for one of its row", () => {
    const passedOver = [
      { checkpoint: makeCheckpoint(600, at(6)), run: 2 },
      { checkpoint: five, run: 3 },
      { checkpoint: four, run: null },
    ];
    const story = waiting({}, { doubts: { passedOver } }, [three, two]);
    runs(story, 1000, exitCode(1), 3, { checkpoints: [three, two] });
    expect(resumedFrom(story)).toBe(two.path);
  });

  test("with no more to try: the newest counts again as well, and the end does", () => {
    const seen = { checkpoints: [five, four] };
    const story = runs(waiting({}, {}, [five, four]), 1000, exitCode(1), 3, seen);
    runs(story, 1010, exitCode(1), 3, seen);
    expect([story.job.checkpoint, story.job.older, story.job.attempts.failures]).toEqual([five, [four], 1]);
    const alone = runs(waiting({}, {}, [five]), 1000, exitCode(1), 3, { checkpoints: [five] });
    expect([resumedFrom(alone), alone.job.attempts.failures]).toEqual([five.path, 1]);
    expect(alone.reasons.at(-1)).not.toContain("checkpoint");
  });

  test("later, after a run that got somewhere, begins a new row", () => {
    const story = runs(waiting(), 1000, exitCode(1));
    runs(story, 1010, exitCode(1), 300);
    runs(story, 1400, exitCode(1));
    expect([resumedFrom(story), story.job.doubts?.passedOver.map(({ run }) => run)]).toEqual([
      three.path,
      [5, 7],
    ]);
  });

  test("from a paused job tells that the resume failed", () => {
    const cause = { actor: "rule:busy", reason: "Busy.", critical: false } as const;
    const state = { name: "paused", since: at(900), cause, checkpoint: five } as const;
    const story = runs(waiting({}, { understands: "contract", state }), 1000, exitCode(1));
    expect(story.events.slice(-2)).toEqual(["resume.failed", "checkpoint.rejected"]);
    expect([story.state, resumedFrom(story)]).toEqual(["waiting", four.path]);
  });

  test("of a job with our library: before its first step, however long that takes", () => {
    const own = [makeCheckpoint(500, at(500)), makeCheckpoint(400, at(400))];
    const begin = () => waiting({ checkpoint: {} }, { understands: "contract" }, own);
    const loading = { checkpoints: own, ranks: [makeRank({ state: "ready" })] };
    expect(resumedFrom(runs(begin(), 1000, exitCode(1), 600, loading))).toBe(own[1]?.path);
    const working = { checkpoints: own, ranks: [makeRank({ step: 501 })] };
    expect(resumedFrom(runs(begin(), 1000, exitCode(1), 3, working))).toBe(own[0]?.path);
  });
});

describe("nothing is held against a checkpoint by", () => {
  const kept = (story: Story): void => {
    expect([resumedFrom(story), story.job.doubts]).toEqual([five.path, undefined]);
  };

  test.each([
    ["a kill from outside", { known: true, code: 137, signal: "SIGKILL" }],
    ["the same as a shell passes it on", exitCode(143)],
    ["a command that isn't found", exitCode(127)],
    ["an unknown end", { known: false }],
  ] as [string, Seen["exit"]][])("%s", (_, exit) => kept(runs(waiting(), 1000, exit)));

  test("a program that has lived for longer", () => kept(runs(waiting(), 1000, exitCode(1), 61)));
  test("too little GPU memory", () =>
    kept(runs(waiting(), 1000, exitCode(1), 3, { outOfGpuMemory: "CUDA out of memory" })));
  test("a job that isn't to be restarted", () =>
    kept(runs(waiting({ restart: { onFailure: false } }), 1000, exitCode(1))));
  test("a run that has saved another", () => {
    const newer = makeCheckpoint(600, at(1002), {
      path: "/x/out/step_600.pt",
      verified: "size and age only",
    });
    const story = waiting().launch(1000, five).see(1001, { signalCaught: true });
    story.see(1003, { checkpoints: [newer, ...all], exit: exitCode(1) });
    expect([resumedFrom(story), story.job.doubts]).toEqual([newer.path, undefined]);
  });

  test("a crash of its own is held against it", () => {
    const crash = { known: true, code: 139, signal: "SIGSEGV" } as const;
    expect(resumedFrom(runs(waiting(), 1000, crash))).toBe(four.path);
  });
});
