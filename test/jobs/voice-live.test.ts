/**
 * Streaming inference with real networks: wherever it is held, released or killed, the sound that it
 * cleans and the segments that it finds are, byte for byte, those of an undisturbed run.
 */
import {
  appendFileSync,
  existsSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { beforeEach, expect, test } from "vitest";
import { Random } from "../../jobs/voice-train/random.ts";
import { endOf, type Launched, launch, plainEnvironment, start, temporaryFolder } from "../job/launch.ts";
import { bring } from "../job/standby-contract.ts";
import { rounds } from "../rounds.ts";
import { buildOnce, PROGRAM, record, SECOND } from "./voice-live.ts";

beforeEach(buildOnce);

/** Bytes of cleaned sound so far. */
const written = (out: string): number => {
  const part = join(out, "cleaned.wav.part");
  return existsSync(part) ? statSync(part).size : 0;
};
const results = (out: string): string[] =>
  ["cleaned.wav", "segments.jsonl"].map((name) => readFileSync(join(out, name)).toString("base64"));

async function undisturbed(input: string, out: string): Promise<string[]> {
  const { code, output } = await endOf(start(PROGRAM, [input, "--out", out, "--fast"], plainEnvironment()));
  expect({ code, output }).toEqual({ code: 0, output: expect.stringMatching(/^from the start\ncleaned /) });
  return results(out);
}

/** It leaves with its context. */
async function leave(run: Launched, sequence: number, want: "release" | "pause"): Promise<void> {
  run.ask({ sequence, want });
  const { code, output } = await run.ended;
  expect(code, output).toBe(75);
  expect(run.status()).toMatchObject({ state: "paused", checkpoint: expect.stringMatching(/^step-/) });
}

test("held, released and paused at random moments: the same sound and the same segments", {
  timeout: 900_000,
}, async () => {
  const count = rounds(100);
  const seed = Date.now() % 1_000_000;
  console.log(`moments of the pauses: seed ${seed}`);
  const random = new Random(seed);
  const folder = temporaryFolder();
  const input = record(folder, 30 + count / 2, seed);
  const whole = await undisturbed(input, join(folder, "whole"));
  expect(whole[1]).not.toBe("");

  const out = join(folder, "out");
  // Its recorder hasn't finished, so that it can't end before the last of the rounds.
  const growing = join(folder, "growing.wav");
  const bytes = readFileSync(input);
  const header = Buffer.from(bytes.subarray(0, 44));
  bytes.writeUInt32LE(0xffff_ffff, 40);
  writeFileSync(growing, bytes.subarray(0, -SECOND));
  const following = [growing, "--out", out, "--follow", "--idle-seconds", "1000"];
  const begin = (): Launched => launch(PROGRAM, following, folder);
  let [run, lives] = [begin(), 1];
  const moments = Array.from({ length: count }, () => random.between(0.01, 0.7) * statSync(input).size);
  for (const [round, moment] of moments.sort((a, b) => a - b).entries()) {
    const sequence = 3 * round + 1;
    // One that is asked while it restores leaves at once, which is another test's matter.
    await run.until("its moment", ({ state }) => state !== "ready" && written(out) >= moment);
    const kind = random.next();
    if (kind < 0.9) await bring(run, sequence, "standby");
    const held = written(out);
    if (kind < 0.75) {
      await wait(random.between(0, 30));
      expect(written(out)).toBe(held);
      await bring(run, sequence + 1, "run");
      continue;
    }
    await leave(run, sequence + 2, kind < 0.9 ? "release" : "pause");
    if (kind < 0.9) expect(written(out)).toBe(held);
    [run, lives] = [begin(), lives + 1];
  }
  appendFileSync(growing, bytes.subarray(-SECOND));
  writeSync(openSync(growing, "r+"), header, 0, 44, 0);
  expect(await run.ended).toMatchObject({ code: 0, output: expect.stringMatching(/cleaned/) });
  expect(lives).toBeGreaterThan(1);
  expect(results(out)).toEqual(whole);
});

test("killed, nothing half-written has the name of a whole; it goes on from its context", async () => {
  const folder = temporaryFolder();
  const input = record(folder, 24, 7);
  const whole = await undisturbed(input, join(folder, "whole"));
  const out = join(folder, "out");
  // In real time where it is to be disturbed: it must not have ended before.
  const begin = (...pace: string[]): Launched => launch(PROGRAM, [input, "--out", out, ...pace], folder);
  const first = begin();
  await first.until("some sound", () => written(out) > 2 * SECOND);
  await leave(first, 1, "pause");
  const kept = written(out);
  const second = begin();
  await second.until("more sound", () => written(out) > kept + SECOND);
  second.child.kill("SIGKILL");
  await second.ended;
  expect(existsSync(join(out, "cleaned.wav")) || existsSync(join(out, "segments.jsonl"))).toBe(false);
  expect(await begin("--fast").ended).toMatchObject({
    code: 0,
    output: expect.stringMatching(/^resumed at /),
  });
  expect(results(out)).toEqual(whole);
  // A run that begins anew leaves no whole of an earlier one beside its own parts.
  const anew = start(PROGRAM, [input, "--out", out], plainEnvironment());
  const over = endOf(anew);
  while (written(out) === 0) await wait(20);
  expect(existsSync(join(out, "cleaned.wav")) || existsSync(join(out, "segments.jsonl"))).toBe(false);
  anew.kill("SIGKILL");
  await over;
});

test("in real time a hold isn't lag: the rest takes as long as it would have", async () => {
  const folder = temporaryFolder();
  const out = join(folder, "out");
  // Held before its first frame, so that it has nothing to make up for.
  const word = { sequence: 1, want: "standby" } as const;
  const run = launch(PROGRAM, [record(folder, 4, 3), "--out", out], folder, {}, word);
  await run.until("standby", ({ state, sequence }) => state === "standby" && sequence === 1);
  await wait(3000);
  const from = performance.now();
  await bring(run, 2, "run");
  expect((await run.ended).code).toBe(0);
  // A hold taken for lag would be made up for: 3 s of the 4.
  expect((performance.now() - from) / 1000).toBeGreaterThan(3);
});

test("a checkpoint of another sound is refused", async () => {
  const folder = temporaryFolder();
  const out = join(folder, "out");
  const first = launch(PROGRAM, [record(folder, 40, 1), "--out", out], folder);
  await first.until("some sound", () => written(out) > SECOND);
  await leave(first, 1, "pause");
  const other = launch(PROGRAM, [record(folder, 8, 2), "--out", out, "--fast"], folder);
  expect(await other.ended).toMatchObject({
    code: 2,
    output: expect.stringMatching(/^its checkpoint is of .*1\.wav, not of .*2\.wav/),
  });
});
