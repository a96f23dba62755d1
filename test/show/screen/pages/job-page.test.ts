/** Covers: src/show/screen/pages/ruled.ts */
import { expect, test } from "vitest";
import type { Snapshot } from "../../../../src/control/protocol.ts";
import { type JobPast, PARTS } from "../../../../src/report/job-past.ts";
import { jobPage, watchedIn } from "../../../../src/show/screen/pages/job-page.ts";
import { newScreen, type Screen } from "../../../../src/show/screen/screen.ts";
import { AT, busy, event } from "../../snapshots.ts";

const MINUTE = 60_000;

function past(snapshot: Snapshot): JobPast {
  const sinceMs = AT - 60 * MINUTE;
  const pause = { job: "voice-train", run: 2, actor: "rule:cpu", method: "checkpoint", saved: true } as const;
  const run = { job: "voice-train", bootId: "b", resumedFrom: null, gpus: [], code: 75, signal: null };
  const [first] = snapshot.jobs;
  return {
    runs: [
      {
        ...run,
        id: "r1",
        number: 1,
        startedMs: AT - 190 * MINUTE,
        endedMs: AT - 40 * MINUTE,
        how: "paused",
        step: 3100,
        resumedAtStep: null,
      },
      {
        ...run,
        id: "r2",
        number: 2,
        startedMs: AT - 20 * MINUTE,
        endedMs: null,
        how: null,
        step: null,
        resumedAtStep: 3100,
      },
    ],
    pauses: [
      {
        ...pause,
        askedMs: AT - 41 * MINUTE,
        doneMs: AT - 40 * MINUTE,
        resumedMs: AT - 20 * MINUTE,
        overMs: AT - 20 * MINUTE,
        tookMs: MINUTE,
        goesOnMs: AT - 19 * MINUTE,
        reason: `${first?.name}: Bob compiles.`,
        stepsLost: 12,
        bytes: 9,
        events: [1],
      },
      {
        ...pause,
        askedMs: AT - MINUTE,
        doneMs: null,
        resumedMs: null,
        overMs: null,
        tookMs: null,
        goesOnMs: null,
        reason: "Ana plays.",
        stepsLost: null,
        bytes: null,
        events: [2],
      },
    ],
    checkpoints: [
      event("13:22:19", "checkpoint.verified", "voice-train", "Checkpoint of step 3,100 is there."),
    ],
    sinceMs,
    untilMs: AT,
    courses: watchedIn(snapshot).map((_, at) =>
      Array.from({ length: PARTS }, (_, part) => (part < 5 ? null : (part * 7 + at * 13) % 90)),
    ),
  };
}

const screenOf = (more: Partial<Screen>): Screen => ({
  ...newScreen(),
  view: "job",
  snapshot: busy(),
  ...more,
});

const text = (screen: Screen, width: number): string => {
  const [job] = screen.snapshot?.jobs ?? [];
  if (job === undefined) throw new Error("no job");
  return jobPage(screen, job, width)
    .map((line) =>
      line
        .map((part) => part.text)
        .join("")
        .trimEnd(),
    )
    .join("\n");
};

const LOSSES = Array.from({ length: 30 }, (_, at) => ({ atMs: AT - (30 - at) * 1000, value: 4 / (at + 1) }));

test.each([60, 100])("all of it at %i columns", async (width) => {
  const log = { lines: Array.from({ length: 30 }, (_, at) => `epoch ${at}`) };
  const screen = screenOf({ past: past(busy()), losses: LOSSES, log });
  const page = text(screen, width);
  expect(page.split("\n").filter((line) => line.length > width)).toEqual([]);
  await expect(page).toMatchFileSnapshot(`../../frames/job-${width}.txt`);
});

test("what isn't known yet, or can't be read, is said; no section is empty", () => {
  expect(text(screenOf({}), 80)).toContain("reading its past…");
  const page = text(screenOf({ past: { unreadable: "there is no database" } }), 80);
  expect(page).toContain("its past can't be read: there is no database");
  expect(page).not.toMatch(/── (runs|pauses|loss|last hour)/);
  const narrow = text(screenOf({ past: { unreadable: `there is no database ${"/folder".repeat(20)}` } }), 40);
  expect(narrow.replaceAll("\n", "")).toContain("/folder".repeat(20));
  const empty = { ...past(busy()), runs: [], pauses: [], checkpoints: [] };
  expect(text(screenOf({ past: empty }), 80)).not.toMatch(/── (runs|pauses|checkpoints)/);
});

test.each([
  [0.00412, 0.00431, "0.0041 to 0.0043, as seen here since"],
  [0.31241, 0.31244, "0.31241 to 0.31244, as seen here since"],
  [0.133, 4, "0.133 to 4.00, as seen here since"],
  [0.0042, 0.0042, "0.004, as seen here since"],
])("losses from %d to %d are told in digits that tell them apart", (least, most, words) => {
  const losses = [least, most].map((value, at) => ({ atMs: AT - 9000 + at, value }));
  expect(text(screenOf({ losses }), 100)).toContain(`\n${words}`);
});

test("a pause that ended otherwise than by a resume isn't told as one that lasts", () => {
  const known = past(busy());
  const [pause] = known.pauses;
  if (pause === undefined) throw new Error("no pause");
  const cancelled = { ...pause, resumedMs: null, goesOnMs: null, overMs: AT - 30 * MINUTE };
  const page = text(screenOf({ past: { ...known, pauses: [cancelled] } }), 100);
  const lasts = text(screenOf({ past: { ...known, pauses: [{ ...cancelled, overMs: null }] } }), 100);
  expect(page).not.toContain("still paused");
  expect(page).toMatch(/10 min +.*Bob compiles/);
  const shaded = (of: string): number => of.split("░").length;
  expect(shaded(page)).toBeLessThan(shaded(lasts));
});

test("each metric on each GPU is watched once, at the end of its scale at which the first rule acts", () => {
  const [rule] = busy().rules;
  if (rule === undefined) throw new Error("no rule");
  const low = {
    ...rule,
    rule: { ...rule.rule, metric: "memory.availableMiB", above: undefined, below: 900 },
  } as const;
  const snapshot = { ...busy(), rules: [rule, rule, { ...rule, gpu: "GPU-9" }, low] };
  expect(watchedIn(snapshot)).toEqual([
    { metric: rule.rule.metric, gpu: null, worst: "highest" },
    { metric: rule.rule.metric, gpu: "GPU-9", worst: "highest" },
    { metric: "memory.availableMiB", gpu: null, worst: "lowest" },
  ]);
});
