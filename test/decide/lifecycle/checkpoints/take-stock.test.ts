import { describe, expect, test } from "vitest";
import type { Job } from "../../../../src/model/job.ts";
import { at, exitCode, makeCheckpoint, makeRank, runningJob, Story } from "../../make.ts";

const [one, two, three] = [makeCheckpoint(1, at(10)), makeCheckpoint(2, at(20)), makeCheckpoint(3, at(30))];

describe("while it runs", () => {
  test("a new checkpoint is told of once, and all but the newest ones may go", () => {
    const story = new Story(runningJob({ checkpoint: { keep: 1 } }))
      .see(11, { checkpoints: [one] })
      .see(12, { checkpoints: [one] });
    expect([story.told(), story.did()]).toEqual([["checkpoint.verified"], ["prune"]]);
    expect(story.see(21, { checkpoints: [two, one] }).job).toMatchObject({ checkpoint: two, older: [one] });
  });

  test("the one before stays until the newest is known whole, though only one is to be kept", () => {
    const job = runningJob({ checkpoint: { keep: 1 } });
    const keeps = (verified: "quick" | "full") => {
      const story = new Story(job).see(21, { checkpoints: [two, one] });
      if (verified === "full") story.see(22, { checkpoints: [{ ...two, verified }, one] });
      return story.kept;
    };
    expect([keeps("quick"), keeps("full")]).toEqual([[2], [2, 1]]);
  });

  test("a broken one is told of once and never used", () => {
    const rejected = [{ path: "/x/step-00000009", reason: "model.pt is missing" }];
    const story = new Story(runningJob())
      .see(11, { checkpoints: [one], rejected })
      .see(12, { checkpoints: [one], rejected });
    expect(story.told()).toEqual(["checkpoint.rejected", "checkpoint.verified"]);
    expect(story.job.checkpoint).toEqual(one);
  });

  test("what can't be read now goes on counting, and nothing is said to be gone", () => {
    const job = runningJob({}, { checkpoint: two, older: [one] });
    for (const unread of ["/x", two.path]) {
      const story = new Story(job).see(31, { checkpoints: unread === "/x" ? [] : [one], unread: [unread] });
      expect([story.job.checkpoint, story.job.older, story.told()]).toEqual([two, [one], []]);
    }
    const newer = new Story(job).see(31, { checkpoints: [three], unread: [two.path] });
    expect([newer.job.checkpoint, newer.job.older, newer.told()]).toEqual([
      three,
      [two],
      ["checkpoint.verified"],
    ]);
  });

  test("the one that it resumed from isn't news", () => {
    const job = runningJob({}, { checkpoint: one });
    expect(new Story(job).see(11, { checkpoints: [one] }).told()).toEqual([]);
  });

  test("the newest is the one of the highest step, whatever its clock said", () => {
    const late = makeCheckpoint(4, at(-90_000));
    expect(
      new Story(runningJob({}, { checkpoint: three })).see(31, { checkpoints: [late, three] }).job,
    ).toMatchObject({ checkpoint: late, older: [three] });
  });

  test("the same step saved again under another clock is another one", () => {
    const again = makeCheckpoint(3, at(-90_000));
    const job = runningJob({}, { checkpoint: { ...three, verified: "full" } });
    expect(new Story(job).see(31, { checkpoints: [again, two] }).job.checkpoint).toEqual(again);
  });

  test("the newest removed behind our back: the one before counts, and the steps are said", () => {
    const story = new Story(runningJob({}, { checkpoint: three })).see(31, { checkpoints: [one] });
    expect([story.job.checkpoint, story.told()]).toEqual([one, ["checkpoint.rejected"]]);
    expect(story.reasons[0]).toBe(
      "Checkpoint /x/step-00000003 is gone: it goes on from the one before of step 1; 2 steps to be redone.",
    );
  });

  test("a list that can't be read for a moment takes nothing away", () => {
    expect(
      new Story(runningJob({}, { checkpoint: one })).see(11, { checkpoints: [] }).job.checkpoint,
    ).toEqual(one);
  });
});

describe("while it is paused", () => {
  const paused = () =>
    new Story(runningJob()).pause(29).see(31, {
      exit: exitCode(75),
      checkpoints: [three, two, one],
      ranks: [makeRank({ step: 3, state: "paused" })],
    });

  test("the newest is checked in full; until the verdict the check is asked for again", () => {
    const story = paused();
    expect(story.did()).toContain("verify");
    story.on(32, { kind: "checked", checkpoints: [three, two, one], rejected: [] });
    expect(story.did()).toEqual(["verify"]);
  });

  test("whole: told, and known to its state as well", () => {
    const story = paused();
    story.told();
    story.did();
    const full = { ...three, verified: "full" as const };
    story.on(33, { kind: "checked", checkpoints: [full, two, one], rejected: [] });
    expect([story.told(), story.did(), story.job.checkpoint]).toEqual([
      ["checkpoint.verified"],
      ["prune"],
      full,
    ]);
    expect(story.job.state).toMatchObject({ checkpoint: full });
  });

  test("corrupt: told with the steps to be redone, and back to the one before, which is checked", () => {
    const story = paused();
    story.told();
    story.did();
    const rejected = [{ path: three.path, reason: "model.pt has another SHA-256" }];
    story.on(33, { kind: "checked", checkpoints: [two, one], rejected });
    expect([story.told(), story.did(), story.job.checkpoint]).toEqual([
      ["checkpoint.rejected"],
      ["verify"],
      two,
    ]);
    expect(story.reasons.at(-1)).toMatch(/one before of step 2; 1 step to be redone/);
  });

  test("all corrupt: from the beginning", () => {
    const rejected = [one, two, three].map(({ path }) => ({ path, reason: "broken" }));
    const story = paused().on(33, { kind: "checked", checkpoints: [], rejected });
    expect([story.job.checkpoint, story.job.state]).toMatchObject([
      null,
      { name: "paused", checkpoint: null },
    ]);
  });

  test("a step that was broken and is saved again counts again", () => {
    const rejected = [{ path: three.path, reason: "broken" }];
    const story = paused().on(33, { kind: "checked", checkpoints: [two, one], rejected });
    const again = makeCheckpoint(3, at(90));
    story.launch(40, two).see(91, { checkpoints: [again, two, one] });
    expect(story.job.checkpoint).toEqual(again);
  });
});

describe("a third party's", () => {
  const glob = { checkpoint: { glob: "out/*" } };
  const file = (name: string, step: number | null, second: number) =>
    makeCheckpoint(0, at(second), { path: `/x/out/${name}`, step, verified: "size and age only" });
  const [old, newer] = [file("step_70.pt", 70, 90), file("step_80.pt", 80, 20)];

  test("higher step is newer, whatever its time; one that is being rewritten stays the newest", () => {
    const story = new Story(runningJob(glob, { checkpoint: old })).see(91, { checkpoints: [newer, old] });
    expect(story.job.checkpoint).toEqual(newer);
    expect(story.see(92, { checkpoints: [old] }).job.checkpoint).toEqual(newer);
  });

  test("of unknown step is placed by its time", () => {
    const last = file("last.pt", null, 95);
    const story = new Story(runningJob(glob, { checkpoint: newer })).see(96, { checkpoints: [last, newer] });
    expect(story.job.checkpoint).toEqual(last);
    expect(story.see(97, { checkpoints: [newer] }).job.checkpoint).toEqual(last);
  });

  test("removed while nothing runs: the one before it is gone on from; what can't be read takes nothing away", () => {
    const waiting = { ...runningJob(glob, { checkpoint: newer }), state: { name: "waiting", since: at(0) } };
    const story = new Story(waiting as Job).on(91, { kind: "checked", checkpoints: [], rejected: [] });
    expect(story.job.checkpoint).toEqual(newer);
    story.on(92, { kind: "checked", checkpoints: [old], rejected: [] });
    expect([story.job.checkpoint, story.reasons]).toEqual([
      old,
      [
        "Checkpoint /x/out/step_80.pt is gone: it goes on from the one before of step 70; 10 steps to be redone.",
      ],
    ]);
  });

  test("whose step an earlier version misread is corrected", () => {
    const misread = { ...file("val_loss=0.25.pt", 25, 90) };
    const story = new Story(runningJob(glob, { checkpoint: misread }));
    const seen = { checkpoints: [{ ...misread, step: null }] };
    expect([story.see(91, seen).job.checkpoint?.step, story.told()]).toEqual([null, []]);
  });
});
