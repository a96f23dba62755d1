/** Rows of earlier versions: what they say in other words is kept. */
import { describe, expect, test } from "vitest";
import { jobOf } from "../../src/record/upgrade-job-row.ts";
import { at, job, run } from "./material.ts";

const old = { ...run("r1"), said: ["claimed", "deaf"] };
const now = { ...run("r1"), claimed: true, said: ["deaf"] };
const rowOf = (state: object): string => JSON.stringify({ ...job("voice-train"), state });

test("that a run's GPUs were recorded as held was once among what was said of it", () => {
  const state = { name: "running", since: at(0) };
  expect(jobOf(rowOf({ ...state, run: old })).state).toEqual({ ...state, run: now });
});

test("the state that a lost job had is brought up to date too", () => {
  const was = { name: "running", since: at(0) };
  const lost = { name: "lost", since: at(1), rebooted: false };
  expect(jobOf(rowOf({ ...lost, run: old, was: { ...was, run: old } })).state).toEqual({
    ...lost,
    run: now,
    was: { ...was, run: now },
  });
});

test.each([
  { name: "waiting", since: at(0) },
  { name: "running", since: at(0), run: run("r1") },
  { name: "lost", since: at(0), run: run("r1") },
])("a row of today stays as it is: $name", (state) => {
  expect(jobOf(rowOf(state)).state).toEqual(state);
});

test("of a job that ran under an earlier version, every file may be its checkpoint", () => {
  const state = { name: "waiting", since: at(0) };
  const row = (facts: object): string => JSON.stringify({ ...job("voice-train"), state, ...facts });
  expect(jobOf(row({ runs: 3 })).firstRunMs).toBe(0);
  expect(jobOf(row({ runs: 3, firstRunMs: 17 })).firstRunMs).toBe(17);
  expect(jobOf(row({ runs: 0 }))).not.toHaveProperty("firstRunMs");
});

describe("what an earlier version learned", () => {
  const learned = { saveMs: 4000, slowestSaveMs: 9000, reloadMs: null, memoryMiB: 2150, cpuPercent: 48 };
  const row = (facts: object): string =>
    JSON.stringify({ ...job("voice-train"), state: { name: "waiting", since: at(0) }, ...facts });

  test("is one measurement of each, and of saves the slowest and the last", () => {
    expect(jobOf(row({ learned })).learned).toEqual({
      saveMs: { count: 2, recent: [9000, 4000] },
      memoryMiB: { count: 1, recent: [2150] },
      cpuPercent: { count: 1, recent: [48] },
    });
  });

  test("of a GPU's memory is that of the GPUs that it was on", () => {
    const figure = { count: 1, recent: [7000] };
    const onGpu = { ...learned, gpuMemoryMiB: 7000 };
    const visited = { gpus: ["GPU-a"], startTime: 1, bootId: "b" };
    const running = { name: "running", since: at(0), run: { ...run("r1"), gpus: ["GPU-b"] } };
    expect(jobOf(row({ learned: onGpu, visited })).learned.gpuMemoryMiB).toEqual({ "GPU-a": figure });
    expect(jobOf(row({ learned: onGpu, visited, state: running })).learned.gpuMemoryMiB).toEqual({
      "GPU-b": figure,
    });
  });

  test("is left as it is where it is of today", () => {
    const today = { saveMs: { count: 2, recent: [9000, 4000] } };
    expect(jobOf(row({ learned: today })).learned).toEqual(today);
  });
});
