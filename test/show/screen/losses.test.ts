import { expect, test } from "vitest";
import { Losses } from "../../../src/show/screen/losses.ts";
import { AT, job } from "../snapshots.ts";

const at = (step: number, loss: number) =>
  job("asr", {
    progress: { step, totalSteps: null, epoch: null, metrics: { loss }, reports: "running", advancedAtMs: 0 },
  });

test("a value for each step that was seen, of each job its own", () => {
  const losses = new Losses();
  losses.take([at(1, 9), job("tts")], AT);
  losses.take([at(1, 9), job("tts")], AT + 1000);
  losses.take([at(4, 7)], AT + 2000);
  expect(losses.of("asr")).toEqual([
    { atMs: AT, value: 9 },
    { atMs: AT + 2000, value: 7 },
  ]);
  expect(losses.of("tts")).toHaveLength(1);
  expect(losses.of("nobody")).toEqual([]);
});

test("of many the first and the last stay, and they stay few", () => {
  const losses = new Losses();
  for (let step = 0; step < 5000; step++) losses.take([at(step, 5000 - step)], AT + step);
  const kept = losses.of("asr");
  expect(kept.length).toBeLessThanOrEqual(240);
  expect(kept[0]?.value).toBe(5000);
  expect(kept.at(-1)?.value).toBeLessThan(40);
});

test("a job that tells nothing has none", () => {
  const losses = new Losses();
  losses.take([job("asr", { progress: null })], AT);
  expect(losses.of("asr")).toEqual([]);
});
