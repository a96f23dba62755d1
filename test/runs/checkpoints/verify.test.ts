/** Covers: src/runs/checkpoints/verify-child.ts */
import { execFileSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Checkpoint } from "../../../src/model/run.ts";
import { root, testWith } from "../../needs.ts";
import { until } from "../given.ts";
import { flipOneBit, given, save, verify } from "./given.ts";

test("every byte is checked in the background: one flipped bit is found, the others are full", async () => {
  const { runs, job, directory } = given();
  const broken = save(directory, 20);
  save(directory, 10);
  const quick = runs.checkpoints(job).checkpoints;
  expect(quick.map(({ step, verified }) => [step, verified])).toEqual([
    [20, "quick"],
    [10, "quick"],
  ]);
  flipOneBit(join(broken, "model.bin"));
  let woken = 0;
  runs.onChange(() => woken++);
  expect(await verify(runs, job, quick[0])).toEqual({ ok: true });
  expect(await verify(runs, job, quick[1])).toEqual({ ok: true });
  await until("both verdicts", () => woken === 2);
  const { checkpoints, rejected } = runs.checkpoints(job);
  expect(checkpoints.map(({ step, verified }) => [step, verified])).toEqual([[10, "full"]]);
  expect(rejected).toEqual([{ path: broken, reason: expect.stringContaining("model.bin has changed") }]);
  // Nothing has changed, so nothing is read or made anew.
  expect(runs.checkpoints(job)).toBe(runs.checkpoints(job));
});

test("a verdict is of one checkpoint, not of its name", async () => {
  const { runs, job, directory } = given();
  const path = save(directory, 20);
  flipOneBit(join(path, "model.bin"));
  await verify(runs, job, runs.checkpoints(job).checkpoints[0]);
  await until("its rejection", () => runs.checkpoints(job).rejected.length);
  save(directory, 20, "redone, and longer");
  const seen = await until("the new one", () => runs.checkpoints(job).checkpoints[0]);
  expect(seen).toMatchObject({ step: 20, verified: "quick" });
});

test("one that is whole is read again where that is asked for: it may have gone bad since", async () => {
  const { runs, job, directory } = given();
  const path = save(directory, 20);
  const [checkpoint] = runs.checkpoints(job).checkpoints;
  await verify(runs, job, checkpoint);
  await until("its verdict", () => runs.checkpoints(job).checkpoints[0]?.verified === "full");
  flipOneBit(join(path, "model.bin"));
  await verify(runs, job, checkpoint);
  expect(runs.checkpoints(job).checkpoints).toMatchObject([{ verified: "full" }]);
  const anew = { do: "verify", job: job.name, checkpoint: checkpoint as Checkpoint, anew: true } as const;
  await runs.perform(anew, job);
  expect(runs.checkpoints(job).checkpoints).toMatchObject([{ verified: "quick" }]);
  await until("its rejection", () => runs.checkpoints(job).rejected.length);
});

test("one that comes back as it was, from a backup, has no verdict of the one that was lost", async () => {
  const { state, runs, job, directory } = given();
  const path = save(directory, 20);
  const backup = join(state, "backup");
  cpSync(path, backup, { recursive: true });
  flipOneBit(join(path, "model.bin"));
  await verify(runs, job, runs.checkpoints(job).checkpoints[0]);
  await until("its rejection", () => runs.checkpoints(job).rejected.length);
  rmSync(path, { recursive: true });
  cpSync(backup, path, { recursive: true });
  const seen = await until("the restored one", () => runs.checkpoints(job).checkpoints[0]);
  expect(seen).toMatchObject({ step: 20, verified: "quick" });
  await verify(runs, job, seen);
  await until("its own verdict", () => runs.checkpoints(job).checkpoints[0]?.verified === "full");
});

testWith(root)("one that can't be read now is neither broken nor whole, and holds up no other", async () => {
  const { runs, job, directory } = given();
  const unreadable = save(directory, 20, "");
  save(directory, 10);
  // A file of no bytes that answers a read with EIO.
  execFileSync("mount", ["--bind", `/proc/${process.pid}/mem`, join(unreadable, "model.bin")]);
  onTestFinished(() => void execFileSync("umount", ["-l", join(unreadable, "model.bin")]));
  const [first, second] = runs.checkpoints(job).checkpoints;
  await verify(runs, job, first);
  await verify(runs, job, second);
  const seen = () => runs.checkpoints(job).checkpoints.map(({ step, verified }) => [step, verified]);
  await until("the other's verdict", () => seen().some(([, verified]) => verified === "full"));
  expect(seen()).toEqual([
    [20, "quick"],
    [10, "full"],
  ]);
  expect(runs.checkpoints(job).rejected).toEqual([]);
});

test("a checkpoint that is gone when its turn comes is rejected, and the next one is checked", async () => {
  const { runs, job, directory } = given();
  const gone = save(directory, 20);
  save(directory, 10);
  const [first, second] = runs.checkpoints(job).checkpoints;
  rmSync(gone, { recursive: true });
  await verify(runs, job, first);
  await verify(runs, job, second);
  await until("the second", () => runs.checkpoints(job).checkpoints[0]?.verified === "full");
});

test("closing ends a check under way", async () => {
  const { runs, job, directory } = given();
  save(directory, 20);
  await verify(runs, job, runs.checkpoints(job).checkpoints[0]);
  await runs.close();
  expect(runs.checkpoints(job).checkpoints[0]?.verified).toBe("quick");
});
