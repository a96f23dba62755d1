/**
 * Covers: src/runs/checkpoints/prune.ts, src/runs/checkpoints/verify.ts, src/runs/checkpoints/verify-child.ts,
 * src/contract/system-code.ts
 */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Manifest } from "../../../src/contract/manifest.ts";
import { checkpointName, MANIFEST_FILE } from "../../../src/contract/names.ts";
import { checkpointDirectory } from "../../../src/files/state-paths.ts";
import { startTimeOf } from "../../../src/job/report/status.ts";
import type { Job } from "../../../src/model/job.ts";
import type { Checkpoint } from "../../../src/model/run.ts";
import type { Runs } from "../../../src/ports/runs.ts";
import { beginAnew } from "../../../src/runs/checkpoints/owner.ts";
import { createRuns } from "../../../src/runs/create-runs.ts";
import { root, testWith } from "../../needs.ts";
import { givenJob, givenRun, givenState, inState, start, until } from "../given.ts";

/** A complete checkpoint of one file, written as a job library would. */
function save(directory: string, step: number, text = `weights of ${step}`): string {
  const path = join(directory, checkpointName(step));
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "model.bin"), text);
  const manifest: Manifest = {
    step,
    epoch: null,
    worldSize: 1,
    createdAt: new Date().toISOString(),
    files: [
      {
        path: "model.bin",
        bytes: Buffer.byteLength(text),
        sha256: createHash("sha256").update(text).digest("hex"),
      },
    ],
  };
  writeFileSync(join(path, MANIFEST_FILE), JSON.stringify(manifest));
  return path;
}

function flipOneBit(path: string): void {
  const bytes = readFileSync(path);
  bytes[3] = (bytes[3] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

function given(): { state: string; runs: Runs; job: Job; directory: string } {
  const state = givenState();
  const runs = createRuns({ stateDirectory: state, directory: state });
  onTestFinished(() => runs.close());
  const job = givenJob(["node"]);
  return { state, runs, job, directory: checkpointDirectory(state, job.name) };
}

const verify = (runs: Runs, job: Job, checkpoint: Checkpoint | undefined) => {
  if (!checkpoint) throw new Error("no checkpoint to verify");
  return runs.perform({ do: "verify", job: job.name, checkpoint }, job);
};

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

test("what an earlier supervisor has checked in full stays so", () => {
  const { runs, job, directory } = given();
  save(directory, 20);
  const [found] = runs.checkpoints(job).checkpoints;
  if (!found) throw new Error("not found");
  const before = { ...job, checkpoint: { ...found, verified: "full" as const } };
  expect(runs.checkpoints(before).checkpoints[0]?.verified).toBe("full");
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

test("pruning keeps the newest, the one resumed from, and the newest that was checked in full", async () => {
  const { runs, job, directory } = given();
  for (const step of [10, 20, 30, 40, 50, 60]) save(directory, step);
  const all = runs.checkpoints(job).checkpoints;
  await verify(
    runs,
    job,
    all.find(({ step }) => step === 30),
  );
  await until("its verdict", () =>
    runs.checkpoints(job).checkpoints.some(({ verified }) => verified === "full"),
  );
  const run = givenRun({ resumedFrom: join(directory, checkpointName(10)) });
  expect(await runs.perform({ do: "prune", job: "job", keep: 2 }, inState(job, run, "running"))).toEqual({
    ok: true,
  });
  expect(readdirSync(directory).sort()).toEqual([10, 30, 50, 60].map(checkpointName));
  expect(runs.checkpoints(job).checkpoints.map(({ step }) => step)).toEqual([60, 50, 30, 10]);
});

test("pruning goes by the step, also where another digit begins", async () => {
  const { runs, job, directory } = given();
  writeFileSync(join(save(directory, 99_999_999), "model.bin"), "cut");
  save(directory, 100_000_000);
  await runs.perform({ do: "prune", job: "job", keep: 1 }, job);
  expect(readdirSync(directory)).toEqual([checkpointName(100_000_000)]);
});

test("half-written checkpoints go once their writer is gone", async () => {
  const { runs, job, directory } = given();
  save(directory, 10);
  const strange = join(directory, ".tmp-by-another-writer");
  mkdirSync(strange);
  const running = inState(job, givenRun(), "running");
  await runs.perform({ do: "prune", job: "job", keep: 2 }, running);
  expect(existsSync(strange)).toBe(true);
  await runs.perform({ do: "prune", job: "job", keep: 2 }, job);
  expect(readdirSync(directory)).toEqual([checkpointName(10)]);
});

test("a restore under way is left alone, also without a live run; one that was killed isn't", async () => {
  const { runs, job, directory } = given();
  save(directory, 10);
  const named = (startTime: number) => `.tmp-${checkpointName(20)}.${process.pid}.${startTime}.${hostname()}`;
  const [alive, killed] = [named(startTimeOf(process.pid) ?? 0), named(1)];
  for (const name of [alive, killed]) mkdirSync(join(directory, name));
  await runs.perform({ do: "prune", job: "job", keep: 2 }, job);
  expect(readdirSync(directory).sort()).toEqual([alive, checkpointName(10)]);
});

test("beside a live run in a container, where pids are others, nothing half-written goes", async () => {
  const { runs, job, directory } = given();
  save(directory, 10);
  const inside = `.tmp-${checkpointName(20)}.7.4711.${hostname()}`;
  mkdirSync(join(directory, inside));
  const contained = { ...job, spec: { ...job.spec, container: { engine: "podman", image: "x" } } } as Job;
  const running = inState(contained, givenRun(), "running");
  await runs.perform({ do: "prune", job: "job", keep: 2 }, running);
  expect(existsSync(join(directory, inside))).toBe(true);
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
