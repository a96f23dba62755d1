/** Covers: src/model/steps-lost.ts */
import { beforeEach, expect, test } from "vitest";
import { EventCounts } from "../../src/metrics/event-counts.ts";
import type { NewEvent } from "../../src/model/event.ts";

let counts: EventCounts;
beforeEach(() => {
  counts = new EventCounts();
});

function happens(kind: NewEvent["kind"], facts: Partial<NewEvent> = {}): void {
  counts.count({ kind, job: "asr", run: 1, actor: "job", reason: "", ...facts, id: 1, at: "", hash: "" });
}

test("a pause is counted for its job and for who asked, with how long it took and what it freed", () => {
  happens("pause.requested", { actor: "rule:heat" });
  happens("pause.completed", {
    actor: "rule:heat",
    outcome: { goneAfterMs: 1700, vramReleasedMiB: 2048, stepsLost: 0 },
  });
  happens("pause.requested", { actor: "rule:heat" });
  happens("pause.completed", { actor: "rule:heat", outcome: { pausedAfterMs: 40 } });
  happens("pause.completed", { outcome: { stepsLost: 12 } });
  expect(counts.of("asr")).toMatchObject({ pauses: 3, stepsLost: 12 });
  expect(counts.of("tts")).toMatchObject({ pauses: 0 });
  expect([...counts.pausesBy]).toEqual([
    ["rule:heat", 2],
    ["job", 1],
  ]);
  expect(counts.releasedMiB).toBe(2048);
  const { buckets, sum } = counts.pauseTimes;
  expect(sum).toBeCloseTo(1.74);
  expect(buckets.filter(({ le }) => [0.1, 1, 2].includes(le)).map(({ count }) => count)).toEqual([1, 1, 2]);
  expect(buckets.at(-1)).toEqual({ le: Number.POSITIVE_INFINITY, count: 2 });
  expect(counts.kinds.get("pause.requested")).toBe(2);
  expect(counts.kinds.get("gpu.claimed")).toBe(0);
});

test("steps are lost once, however many events tell of them", () => {
  // A grace that ran out, a kill, and the pause that it left.
  happens("pause.overdue", { outcome: { stepsAtRisk: 70 } });
  happens("pause.forced", { outcome: { method: "terminate", stepsLost: 70 } });
  happens("pause.failed", { outcome: { method: "checkpoint", goneAfterMs: 9, stepsLost: 70 } });
  expect(counts.of("asr")).toMatchObject({ unsavedPauses: 1, failures: 0, stepsLost: 70 });
  // It ended otherwise than asked, which is a failure.
  happens("pause.failed", { outcome: { code: 1, stepsLost: 5 } });
  happens("job.failed", { outcome: { code: 1, stepsLost: 5, final: false } });
  expect(counts.of("asr")).toMatchObject({ unsavedPauses: 1, failures: 1, stepsLost: 75 });
  happens("checkpoint.rejected", { outcome: { stepsLost: 30 } });
  expect(counts.of("asr")).toMatchObject({ failures: 1, stepsLost: 105, uncountedLosses: 0 });
});

test("a run that a person cancels loses its steps as one that fails does: once", () => {
  happens("job.cancelled", { actor: "user" });
  happens("job.cancelled", { actor: "user", outcome: { stepsLost: 8 } });
  expect(counts.of("asr")).toMatchObject({ failures: 0, stepsLost: 8, uncountedLosses: 0 });
  happens("job.cancelled", { actor: "user", outcome: { stepsLost: null } });
  expect(counts.of("asr")).toMatchObject({ stepsLost: 8, uncountedLosses: 1 });
});

test("what is lost that nobody could count is told by how often that was", () => {
  happens("pause.completed", { outcome: { stepsLost: null } });
  happens("pause.failed", { outcome: { goneAfterMs: 9, stepsLost: null } });
  happens("job.lost", { outcome: { stepsLost: null } });
  // Told again as a failure; and an end that loses nothing.
  happens("pause.failed", { outcome: { code: 1, stepsLost: null } });
  happens("job.failed", { outcome: { code: 1, stepsLost: null, final: true } });
  happens("pause.completed", { outcome: { pausedAfterMs: 9 } });
  expect(counts.of("asr")).toMatchObject({ stepsLost: 0, uncountedLosses: 4 });
});

test("a pause is counted once, however often its server wakes and rests again", () => {
  const rests = { actor: "user", outcome: { method: "http", released: true } } as const;
  const released = { actor: "user", outcome: { method: "http", pausedAfterMs: 9 } } as const;
  happens("pause.requested", { actor: "user" });
  happens("pause.completed", released);
  happens("pause.failed", { outcome: { method: "http", again: 1 } });
  happens("pause.completed", rests);
  happens("resume.failed");
  happens("pause.completed", rests);
  expect([counts.of("asr").pauses, counts.pausesBy.get("user")]).toEqual([1, 1]);
  // One that gave its memory back only after it was given up, and one by itself.
  happens("pause.requested", { actor: "user" });
  happens("pause.failed", { outcome: { method: "http", waitedMs: 9 } });
  happens("pause.completed", rests);
  happens("pause.completed", { outcome: { stepsLost: 0 } });
  expect([counts.of("asr").pauses, counts.pausesBy.get("user")]).toEqual([3, 2]);
});

test("jobs and rules that are gone are forgotten; windows and people are kept", () => {
  happens("resume.completed");
  for (const actor of ["rule:gone", "rule:heat", "user"] as const)
    for (const kind of ["pause.requested", "pause.completed"] as const) happens(kind, { job: "old", actor });
  counts.keepOnly(new Set(["asr"]), new Set(["rule:heat"]));
  expect(counts.of("asr")).toMatchObject({ resumes: 1 });
  expect(counts.of("old")).toMatchObject({ pauses: 0 });
  expect([...counts.pausesBy.keys()]).toEqual(["rule:heat", "user"]);
});

test("what isn't a pause, or no failure, or was told already isn't counted", () => {
  // A server that goes on, one that was found asleep, and a GPU that shows only later that it is free.
  happens("pause.failed", { outcome: { method: "http", waitedMs: 9 } });
  happens("pause.completed", { actor: "recovery", outcome: { method: "http", pausedAfterMs: 0 } });
  happens("pause.completed", { outcome: { method: "park", vramVerified: true, vramReleasedMiB: 512 } });
  // "This doesn't count as a failure."
  happens("job.failed");
  happens("job.failed", { outcome: { code: 74 } });
  expect(counts.of("asr")).toMatchObject({ pauses: 0, unsavedPauses: 0, failures: 0 });
  expect(counts.pauseTimes.sum).toBe(0);
  // What it released is told only then.
  expect(counts.releasedMiB).toBe(512);
  expect(counts.kinds.get("job.failed")).toBe(2);
});
