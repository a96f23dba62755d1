/**
 * A job whose newest checkpoint is only in its backup.
 * Covers: src/decide/starts/restore-wait.ts
 */
import { expect, test } from "vitest";
import { lacksRestored, restoreWait } from "../../src/decide/starts/restore-wait.ts";
import type { Job } from "../../src/model/job.ts";
import { at, makeCheckpoint, runningJob, Story } from "./make.ts";

const backup = { to: "s3://lab/voice", pathStyle: false, keep: 3, partMiB: 16 } as const;
const stored = makeCheckpoint(900, at(0));
const failed = { kind: "backup", verb: "restore", of: stored, tookMs: 9, ok: false, final: false } as const;

/** Waits, with `checkpoint` as the newest that is here. */
const waiting = (checkpoint: Job["checkpoint"]): Story =>
  new Story({
    ...runningJob({ backup }, { checkpoint, backedUp: stored }),
    state: { name: "waiting", since: at(0) },
  });
const tried = (story: Story, times: number): Story => {
  for (let time = 1; time <= times; time++) story.on(time, { ...failed, reason: `no answer ${time}` });
  return story;
};

test("an older checkpoint here is gone on from after three tries; without one it waits for its backup", () => {
  const older = makeCheckpoint(300, at(-9));
  const lacks = [0, 2, 3].map((times) => lacksRestored(tried(waiting(older), times).job));
  expect(lacks).toEqual([true, true, false]);
  expect(restoreWait(tried(waiting(null), 9).job)).toMatchObject([
    {
      code: "checkpoint-restore",
      text: expect.stringMatching(/step 900 .+ the last try failed: no answer 9$/),
    },
  ]);
});

test("one that is as new is gone on from at once, and a backup that can't be used is forgotten", () => {
  expect(lacksRestored(waiting(makeCheckpoint(900, at(0))).job)).toBe(false);
  const story = waiting(null).on(1, { ...failed, final: true, reason: "model.bin has other bytes" });
  expect([lacksRestored(story.job), story.events.at(-1)]).toEqual([false, "checkpoint.rejected"]);
  expect(story.outcomes.at(-1)).toMatchObject({ stepsLost: 900 });
  expect(story.reasons.at(-1)).toContain("It goes on from the beginning; 900 steps to be redone.");
});

test("one that is passed over isn't fetched: not after a resume that failed at once, nor against a person's choice", () => {
  const older = makeCheckpoint(300, at(-9));
  for (const run of [4, null]) {
    const doubts = { passedOver: [{ checkpoint: stored, run }] };
    const { job } = waiting(older);
    expect([lacksRestored({ ...job, doubts }), restoreWait({ ...job, doubts })]).toEqual([false, []]);
  }
  // Nor where it is in the backup alone.
  const oldest = makeCheckpoint(100, at(-20));
  const { job } = waiting(older);
  const story = new Story({
    ...job,
    older: [oldest],
    state: { name: "failed", since: at(0), reason: "", exitCode: 1 },
  });
  story.on(1, { kind: "rerun", by: "ana", from: oldest });
  expect([story.state, story.job.checkpoint, lacksRestored(story.job)]).toEqual(["paused", oldest, false]);
  expect(story.reasons.at(-1)).toContain("Later checkpoints (step 900 and 300) aren't used.");
});

test("a later loss is a new one: three tries again", () => {
  const older = makeCheckpoint(300, at(-9));
  const story = tried(waiting(older), 3).launch(10, older);
  expect(lacksRestored({ ...story.job, state: { name: "waiting", since: at(20) } })).toBe(true);
});

test("an upload that ends after a person had the job begin anew brings nothing back", () => {
  const upload = { kind: "backup", verb: "upload", of: stored, tookMs: 9, ok: true, bytes: 9 } as const;
  const { job } = waiting(null);
  const { backedUp: _, ...anew } = { ...job, begunAnew: true as const, firstRunMs: at(5).wallMs };
  const story = new Story(anew).on(6, upload);
  expect([story.job.backedUp, lacksRestored(story.job)]).toEqual([undefined, false]);
  const own = { ...stored, createdAtMs: at(7).wallMs };
  expect(new Story(anew).on(8, { ...upload, of: own }).job.backedUp).toEqual(own);
});
