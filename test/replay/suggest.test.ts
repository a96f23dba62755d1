/**
 * Advice over a history in which it is clear what would have been better.
 * Covers: src/replay/suggest.ts, src/show/suggest-lines.ts, src/show/table.ts
 */
import { beforeAll, expect, test } from "vitest";
import { type Suggested, suggest } from "../../src/replay/suggest.ts";
import { suggestLines } from "../../src/show/suggest-lines.ts";
import { CPU_RULE, configOf, historyOf, knownJob, START_MS } from "./material.ts";

const HOT = { ...CPU_RULE, name: "too hot", metric: "gpu.temperature", above: 90, clear: { below: 70 } };
const config = configOf({
  rules: [{ ...CPU_RULE, forSeconds: 20, clear: { below: 20, forSeconds: 60 } }, HOT],
  jobs: [{ name: "a", command: ["x"], gpus: 0 }],
});
/** A long spell of use after a while of quiet. */
const history = historyOf({
  seconds: 2400,
  scene: (second) => ({ cpuOthers: second > 1300 && second <= 1700 ? 70 : 3, gpuOthers: 0, temperature: 35 }),
  jobs: [knownJob("a", { saveMs: 2000, reloadMs: 4000 })],
});

let suggested: Suggested;
beforeAll(async () => {
  suggested = await suggest(history, config);
});

test("the frontier holds what nothing beats, and a shorter dwell beats today's pressure", () => {
  const { points, untried } = suggested;
  const today = points.find(({ change }) => change === null);
  expect(points.length).toBeGreaterThan(15);
  expect(today).toMatchObject({ pauses: 1 });
  const frontier = points.filter(({ onFrontier }) => onFrontier);
  for (const one of frontier)
    for (const other of points)
      expect(
        other.pressureMs < one.pressureMs && other.workMs >= one.workMs,
        JSON.stringify([one, other]),
      ).toBe(false);
  const sooner = points.find(
    ({ change }) => change?.text === "above 40 % for 0 s, clear below 20 % for 1 min",
  );
  expect(sooner?.pressureMs).toBe((today?.pressureMs ?? 0) - 20_000);
  expect(points.every(({ change }) => change === null || change.rule === CPU_RULE.name)).toBe(true);
  expect(untried).toEqual(["too hot"]);
});

test("in words: today's place, what to write, and which rules weren't tried", () => {
  const lines = suggestLines(suggested, START_MS).join("\n");
  expect(lines).toMatch(/other configs tried, one rule changed in each/);
  expect(lines).toMatch(/^ +\S.* +1 {2}today$/m);
  expect(lines).toContain("Never near a threshold in this history, so nothing can be said of them: too hot.");
});
