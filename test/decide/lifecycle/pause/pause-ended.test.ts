/**
 * What an exit code 0 proves, which counts of a pause are known, and what a failed one says that it lacks.
 * Covers: src/words/sentences/new-checkpoint.ts
 */
import { describe, expect, test } from "vitest";
import { at, exitCode, makeCheckpoint, makeJob, makeRank, runningJob, Story } from "../../make.ts";

const theirs = (step: number | null, second: number) => ({
  ranks: [],
  checkpoints: [
    makeCheckpoint(step ?? 0, at(second), { path: "/o/last", step, verified: "size and age only" }),
  ],
});
const saves = { pause: { signal: "SIGINT" }, checkpoint: { glob: "o/*" } } as const;
const quits = { exit: exitCode(0) };

describe("exit code 0 after a request", () => {
  const asked = (spec: object = saves, facts: object = {}) =>
    new Story(runningJob(spec, { understands: "signal", progress: null, ...facts })).pause(100);

  test("is a pause where it has saved since, and says so", () => {
    const story = asked().see(130, { ...quits, ...theirs(203, 110) });
    expect([story.state, story.told().at(-1)]).toEqual(["paused", "pause.completed"]);
    expect(story.reasons.at(-1)).toMatch(/step 203 saved .* Its exit code 0 counts as paused/);
  });

  test("with no checkpoint, or an older one, counts as finished, and says what it assumes", () => {
    for (const before of [theirs(203, 60), { ranks: [], checkpoints: [] }]) {
      const story = asked().see(130, { ...quits, ...before });
      expect(story.job.state).toMatchObject({ name: "finished", assumed: story.reasons.at(-1) });
      expect(story.reasons.at(-1)).toMatch(
        /^It ended with exit code 0 after it was asked to pause, without a/,
      );
      expect(story.on(140, { kind: "retry", by: "ana" }).state).toBe("waiting");
    }
  });

  test("without a new checkpoint says where it was looked for, or that nothing says where", () => {
    const told = (spec: object, facts: object = {}): string | undefined =>
      asked(spec, facts).see(130, quits).reasons.at(-1);
    const ended = "It ended with exit code 0 after it was asked to pause, without a new checkpoint";
    const counts = ". That counts as finished, though it didn't report that it has.";
    const name = ' Name its checkpoints: "checkpoint": { "glob": "out/checkpoint-*" }.';
    expect(told(saves)).toBe(`${ended} that matches 'o/*'${counts}`);
    expect(told({ pause: { exitCodes: [0] } })).toBe(`${ended}${counts}${name}`);
    expect(told({ pause: { signal: "SIGTERM" } })).toBe(`${ended}${counts}${name}`);
    expect(told({ pause: { signal: "SIGTERM" } }, { understands: "contract" })).toBe(`${ended}${counts}`);
    const kept = { checkpoint: makeCheckpoint(50, at(60)) };
    expect(told({ pause: { signal: "SIGTERM" } }, kept)).not.toContain(name);
  });

  test("that it never heard is an end of its own", () => {
    const deaf = asked(saves, { understands: "nothing" }).see(101, { ranks: [], signalCaught: false });
    expect(deaf.see(130, { ...quits, ...theirs(203, 110) }).state).toBe("finished");
    const itself = asked({ checkpoint: saves.checkpoint }, { understands: "nothing" });
    expect(itself.see(130, { ...quits, ...theirs(203, 129) }).state).toBe("finished");
  });

  test("with a report that it has finished is its end, whatever it saved last", () => {
    const story = asked({}, { understands: "contract" });
    const ranks = [makeRank({ state: "finished", step: 300, sequence: 1 })];
    story.see(130, { ...quits, ranks, checkpoints: [makeCheckpoint(300, at(129))] });
    expect(story.reasons.at(-1)).toBe("It finished at step 300 with exit code 0.");
    expect(story.job.state).not.toHaveProperty("assumed");
    expect(story.on(140, { kind: "retry", by: "ana" }).state).toBe("finished");
  });
});

describe("a failed pause", () => {
  const reasons = (spec: object, code: number, seen: object = {}): string[] => {
    const story = new Story(runningJob(spec, { understands: "signal", progress: null })).pause(100);
    const signal = code === 143 ? "SIGTERM" : null;
    return story.see(130, { exit: { known: true, code, signal }, ranks: [], ...seen }).reasons.slice(-2);
  };
  const mistyped = { pause: { exitCodes: [143] }, checkpoint: { glob: "out/chekpoint-*" } };
  const without = "without a new checkpoint that matches 'out/chekpoint-*'.";

  test.each([
    [143, "exit code 143 (SIGTERM)"],
    [1, "exit code 1"],
  ])("after %i says that nothing new matches its glob", (code, ended) => {
    const [paused, failed] = reasons(mistyped, code);
    expect(paused).toBe(`It was asked to pause and ended with ${ended} instead, ${without}`);
    expect(failed).toContain(`Run 1 ended with ${ended} when it was asked to pause, ${without} It is tried`);
  });

  test("says so where it asked to be run again, and names the fix where there is no glob", () => {
    expect(reasons(mistyped, 75).at(-1)).toContain(
      "left no valid checkpoint of this pause that matches 'out/chekpoint-*'; it will go on from",
    );
    expect(reasons({ pause: mistyped.pause }, 143).at(-1)).toContain(
      'asked to pause, without a new checkpoint. Name its checkpoints: "checkpoint": { "glob": "out/checkpoint-*" }. It',
    );
  });

  test.each([1, 143])("with a new checkpoint says how its exit code %i would mean paused", (code) => {
    const [paused, failed] = reasons({ ...saves, pause: { signal: "SIGTERM" } }, code, theirs(203, 110));
    expect(paused).toMatch(/^It was asked to pause and ended with exit code \d+( \(SIGTERM\))? instead\.$/);
    expect(failed).toContain(
      `when it was asked to pause. It has saved since it was asked: if this is how it pauses, add ${code} to its pause.exitCodes. It is`,
    );
    expect(`${paused} ${failed}`).not.toContain("without");
  });

  test("of a program that can't be asked says nothing of exit codes: it never pauses by one", () => {
    const story = new Story(runningJob({ checkpoint: saves.checkpoint }, { progress: null })).pause(100);
    story.see(130, { exit: exitCode(143), ...theirs(203, 129) });
    expect(story.reasons.join(" ")).not.toContain("exitCodes");
  });
});

describe("74 among the exit codes that its config says mean paused", () => {
  const spec = { pause: { exitCodes: [74] } };
  const before = makeCheckpoint(50, at(60), { verified: "full" });
  const loading = (understands: "contract" | "signal") =>
    new Story(makeJob(spec, { understands, checkpoint: before })).launch(80, before).see(90).pause(100);
  const end = (story: Story, step: number, second: number) =>
    story.see(130, { exit: exitCode(74), checkpoints: [makeCheckpoint(step, at(second))] });

  test.each(["contract", "signal"] as const)("is a pause, with a checkpoint since: %s", (understands) => {
    const story = end(loading(understands), 51, 110);
    expect([story.state, story.told().at(-1)]).toEqual(["paused", "pause.completed"]);
  });

  test("is the contract's word without one: its checkpoint can't be read", () => {
    const story = end(loading("contract"), 50, 60);
    expect([story.state, story.job.attempts]).toMatchObject(["waiting", { failures: 0, unread: { run: 1 } }]);
  });

  test("is the contract's word where nobody asked for a pause", () => {
    const story = new Story(makeJob(spec, { understands: "contract" })).launch(80).see(90);
    expect(end(story, 51, 110).job.attempts.unread).toEqual({ run: 1, inARow: 1 });
  });
});

test("a job that has reported its end has finished, though our signal ends it on its way out", () => {
  const end = (signal: string, state: "finished" | "running") => {
    const story = new Story(runningJob({ pause: { signal: "SIGINT" } }, { understands: "contract" })).pause(
      100,
    );
    const exit = { known: true, code: 130, signal } as const;
    return story.see(130, { exit, ranks: [makeRank({ state, step: 300, sequence: 1 })] });
  };
  const story = end("SIGINT", "finished");
  expect([story.state, story.reasons.at(-1)]).toEqual([
    "finished",
    "It finished at step 300 with exit code 130 (SIGINT).",
  ]);
  expect(end("SIGINT", "running").state).not.toBe("finished");
  expect(end("SIGKILL", "finished").state).not.toBe("finished");
});

test("exit code 0 far from its last step counts as finished, though that is doubted", () => {
  const story = new Story(runningJob()).see(9, { ranks: [makeRank({ step: 203, totalSteps: 90_000 })] });
  story.see(10, { ...quits, ranks: [makeRank({ step: 203, totalSteps: 90_000 })] });
  expect(story.job.state).toMatchObject({
    name: "finished",
    assumed: expect.stringContaining("203 of 90,000"),
  });
});

describe("steps that nobody counted are unknown, not 0", () => {
  test("lost by a pause of a program that doesn't report", () => {
    for (const step of [3000, null]) {
      const story = new Story(runningJob(saves, { understands: "signal", progress: null })).pause(100);
      story.see(130, { exit: exitCode(75), ...theirs(step, 110) });
      expect(story.outcomes.at(-1)).toMatchObject({ stepsLost: null });
      expect(story.reasons.at(-1)).toMatch(/how many steps are lost isn't known/);
    }
  });

  test("to be redone after a run without a record, and after a checkpoint that broke", () => {
    const story = new Story(runningJob(saves, { understands: "signal", progress: null }));
    story.see(50, { ...theirs(40, 49), exit: { known: false } });
    expect(story.reasons.at(-1)).toMatch(
      /its last checkpoint; how many steps are to be redone isn't known\.$/,
    );
    const lost = makeCheckpoint(70, at(50));
    const broken = new Story(runningJob({}, { checkpoint: lost })).see(60, {
      checkpoints: [makeCheckpoint(0, at(40), { path: "/x/before", step: null })],
      rejected: [{ path: lost.path, reason: "model.bin is missing" }],
    });
    expect(broken.outcomes.at(-1)).toMatchObject({ stepsLost: null });
  });

  test("of a run that ended before it reported, an earlier run's reports aren't counted again", () => {
    const checkpoint = makeCheckpoint(3000, at(10));
    const story = new Story(runningJob({}, { checkpoint }));
    story.see(20, { ranks: [makeRank({ step: 3650 })], checkpoints: [checkpoint], exit: exitCode(1) });
    expect(story.outcomes.at(-1)).toMatchObject({ stepsLost: 650 });
    story.launch(40, checkpoint).see(41, { checkpoints: [checkpoint], exit: exitCode(1) });
    expect(story.outcomes.at(-1)).toMatchObject({ stepsLost: 0 });
    expect(story.job.progress).toMatchObject({ step: 3000 });
  });

  test("resumed from a checkpoint that doesn't tell its step, it begins at an unknown one", () => {
    const checkpoint = makeCheckpoint(0, at(10), { step: null, verified: "size and age only" });
    const story = new Story(runningJob(saves, { checkpoint }));
    story.see(20, { ...theirs(null, 10), exit: exitCode(1) }).launch(40, checkpoint);
    expect(story.job.state).toMatchObject({ run: { resumedAtStep: null } });
    expect(story.outcomes.at(-1)).toMatchObject({ step: null });
  });
});
