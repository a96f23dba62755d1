/** Covers: src/contract/system-code.ts */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { MANIFEST_FILE } from "../../../src/contract/names.ts";
import type { Job } from "../../../src/model/job.ts";
import { beginAnew } from "../../../src/runs/checkpoints/owner.ts";
import { createRuns } from "../../../src/runs/create-runs.ts";
import { root, testWith } from "../../needs.ts";
import { givenJob, givenState, start } from "../given.ts";
import { given, save } from "./given.ts";

testWith(root)(
  "one whose manifest can't be read is not broken: it counts as it was seen, and a prune forgets nothing",
  async () => {
    const { state, runs, job, directory } = given();
    const path = save(directory, 20);
    save(directory, 10);
    const steps = () => runs.checkpoints(job).checkpoints.map(({ step }) => step);
    expect(steps()).toEqual([20, 10]);
    const manifest = join(path, MANIFEST_FILE);
    execFileSync("mount", ["--bind", `/proc/${process.pid}/mem`, manifest]);
    onTestFinished(() => void spawnSync("umount", [manifest], { stdio: "ignore" }));
    await runs.perform({ do: "prune", job: job.name, keep: 5 }, job);
    expect(steps()).toEqual([20, 10]);
    expect(runs.checkpoints(job)).toMatchObject({ rejected: [], unread: [path] });
    const other = createRuns({ stateDirectory: state, directory: state });
    onTestFinished(() => other.close());
    expect(other.checkpoints(job)).toMatchObject({
      checkpoints: [{ step: 10 }],
      rejected: [],
      unread: [path],
    });
    execFileSync("umount", [manifest]);
    expect(other.checkpoints(job).checkpoints.map(({ step }) => step)).toEqual([20, 10]);
  },
);

testWith(root)(
  "a folder that can't be read may hold some: none is called gone, and a run that would begin anew fails",
  () => {
    const { runs, job, directory } = given();
    save(directory, 20);
    const outer = dirname(directory);
    // Root may read all, an ordinary user may not.
    chmodSync(outer, 0o700);
    const asNobody = <T>(act: () => T): T => {
      process.seteuid?.(65_534);
      try {
        return act();
      } finally {
        process.seteuid?.(0);
      }
    };
    expect(asNobody(() => runs.checkpoints(job))).toEqual({
      checkpoints: [],
      rejected: [],
      unread: [directory],
    });
    expect(() => asNobody(() => beginAnew(directory))).toThrow(/EACCES/);
    expect(readdirSync(outer)).toEqual(["checkpoints"]);
    expect(runs.checkpoints(job).checkpoints).toMatchObject([{ step: 20 }]);
  },
);

test("what an earlier supervisor has checked in full stays so", () => {
  const { runs, job, directory } = given();
  save(directory, 20);
  const [found] = runs.checkpoints(job).checkpoints;
  if (!found) throw new Error("not found");
  const before = { ...job, checkpoint: { ...found, verified: "full" as const } };
  expect(runs.checkpoints(before).checkpoints[0]?.verified).toBe("full");
});

test("a third-party job's checkpoints count when they have stopped changing, and are never removed", async () => {
  const state = givenState();
  const write =
    "mkdir -p out/checkpoint-7 out/checkpoint-9; echo a > out/checkpoint-7/x; echo b > out/checkpoint-9/x";
  const spec = { cwd: state, checkpoint: { glob: "out/checkpoint-*", keep: 1 } };
  const job = { ...givenJob(["sh", "-c", write], spec), firstRunMs: Date.now() - 60_000 };
  const it = await start(state, job);
  const seen = await it.end();
  const old = new Date(Date.now() - 10_000);
  utimesSync(join(state, "out/checkpoint-7"), old, old);
  utimesSync(join(state, "out/checkpoint-7/x"), old, old);
  expect(seen.checkpoints.map(({ verified }) => verified)).toEqual([
    "size and age only",
    "size and age only",
  ]);
  expect(it.see().checkpoints.map(({ step }) => step)).toEqual([9, 7]);
  await it.runs.perform({ do: "prune", job: "job", keep: 1 }, job);
  expect(readdirSync(join(state, "out")).sort()).toEqual(["checkpoint-7", "checkpoint-9"]);
});

test("files that were there before a third-party job's first run count when they are adopted, until a rerun", () => {
  const state = givenState();
  writeFileSync(join(state, "step_5.pt"), "weights");
  const steps = (checkpoint: object, facts: Partial<Job>): (number | null)[] => {
    const runs = createRuns({ stateDirectory: state, directory: state });
    onTestFinished(() => runs.close());
    const job = givenJob(["true"], { cwd: state, checkpoint: { glob: "*.pt", ...checkpoint } });
    return runs.checkpoints({ ...job, ...facts }).checkpoints.map(({ step }) => step);
  };
  const later = Date.now() + 60_000;
  expect(steps({}, {})).toEqual([]);
  expect(steps({}, { firstRunMs: later })).toEqual([]);
  expect(steps({ adoptExisting: true }, {})).toEqual([5]);
  expect(steps({ adoptExisting: true }, { firstRunMs: later })).toEqual([5]);
  expect(steps({}, { earlier: "adopt" })).toEqual([5]);
  expect(steps({ adoptExisting: true }, { firstRunMs: later, begunAnew: true })).toEqual([]);
});
