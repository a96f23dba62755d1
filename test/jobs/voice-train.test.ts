/**
 * The promise of the whole project on a real model: pausing and resuming at any step, in new
 * processes, ends with bit-identical weights.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { logMel, SAMPLES } from "../../jobs/voice-train/log-mel.ts";
import { Random } from "../../jobs/voice-train/random.ts";
import { Batches, loadRecordings } from "../../jobs/voice-train/recordings.ts";
import { verifyCheckpoint } from "../../src/job/checkpoint/find-checkpoint.ts";
import { endOf, launch, plainEnvironment, start, temporaryFolder } from "../job/launch.ts";
import { until } from "../until.ts";

const STEPS = 40;
const PAUSES = 3;
const main = resolve("jobs/voice-train/main.ts");
const args = ["--steps", String(STEPS), "--eval-every", "1000", "--seed", "5", "--quiet"];
const hashIn = (output: string): string | undefined => /weights sha256 ([0-9a-f]{64})/.exec(output)?.[1];

// The job imports the built package by its name, as a user's job does.
beforeAll(() => {
  if (!existsSync("dist/job/tfjs.js")) execFileSync("npm", ["run", "--silent", "build"]);
});

test("paused at random steps and resumed in new processes: bit-identical weights", async () => {
  const seed = Date.now() % 1_000_000;
  console.log(`moments of the pauses: seed ${seed}`);
  const random = new Random(seed);
  const whole = endOf(start(main, args, plainEnvironment()));

  const job = temporaryFolder();
  let from = { step: 0, path: "" };
  let last = "";
  let pauses = 0;
  while (last === "") {
    const run = launch(main, args, job, { SUPERVISOR_RESUME_FROM: from.path });
    if (pauses < PAUSES) {
      await run.until("a first step", ({ state }) => state !== "ready");
      const moment = performance.now() + random.between(0, 500);
      await until("the moment", () => performance.now() >= moment);
      run.ask({ sequence: 1, want: "pause" });
    }
    const { code, output } = await run.ended;
    expect(output).toContain(from.step === 0 ? "from the start" : `resumed at step ${from.step}`);
    // On a busy machine a run may end before it is asked; one that fewer than two pauses preceded proves nothing.
    if (code === 0 && pauses < 2) continue;
    if (code === 0) last = output;
    else {
      expect(code, output).toBe(75);
      pauses += 1;
      const path = join(job, "checkpoints", String(run.status()?.checkpoint));
      from = { path, step: Number(run.status()?.step) };
      expect(await verifyCheckpoint(path)).toMatchObject({ step: from.step });
    }
  }
  expect(pauses).toBeGreaterThanOrEqual(2);
  expect(hashIn(last)).toMatch(/./);
  expect(hashIn(last)).toBe(hashIn((await whole).output));
});

describe("the parts", () => {
  test("a tone lands in its band, silence on the floor", () => {
    const tone = Float32Array.from({ length: SAMPLES }, (_, i) => Math.sin((2 * Math.PI * 1000 * i) / 8000));
    const out = new Float32Array(64 * 32);
    logMel(tone, out, 0);
    const frame = [...out.subarray(0, 32)];
    expect(frame.indexOf(Math.max(...frame))).toBe(14);
    logMel(new Float32Array(SAMPLES), out, 0);
    expect(Math.max(...out)).toBe(-1);
  });

  test("batches go on from a saved place exactly where they were", () => {
    const { words, recordings } = loadRecordings("jobs/voice-train/data");
    expect(words).toHaveLength(10);
    expect(recordings).toHaveLength(640);
    const batches = new Batches(recordings, { seed: 3 });
    for (let i = 0; i < 45; i++) batches.next(16);
    const resumed = new Batches(recordings, JSON.parse(JSON.stringify(batches.place)));
    expect(resumed.next(16)).toEqual(batches.next(16));
    expect(batches.place.epoch).toBe(1);
  });
});
