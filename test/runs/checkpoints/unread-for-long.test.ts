/**
 * A checkpoint that can't be read for ten minutes is passed over where another can be, and waited for where none can.
 * Covers: src/runs/checkpoints/find-checkpoints.ts, src/runs/checkpoints/verify.ts
 */
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, onTestFinished, vi } from "vitest";
import { MANIFEST_FILE } from "../../../src/contract/names.ts";
import { checkpointDirectory } from "../../../src/files/state-paths.ts";
import { writeCheckpoint } from "../../../src/job/checkpoint/write-checkpoint.ts";
import { createRuns } from "../../../src/runs/create-runs.ts";
import { root, testWith } from "../../needs.ts";
import { givenJob, givenRun, givenState, inState, until } from "../given.ts";

const late = vi.hoisted(() => ({ ms: 0 }));
vi.mock("../../../src/clock.ts", async (original) => {
  const real = await original<typeof import("../../../src/clock.ts")>();
  return { ...real, elapsedMs: () => real.elapsedMs() + late.ms };
});

/** A file of no bytes that answers each read with EIO until the test has ended. */
function breakDisk(file: string): void {
  execFileSync("mount", ["--bind", `/proc/${process.pid}/mem`, file]);
  onTestFinished(() => void spawnSync("umount", [file], { stdio: "ignore" }));
}

async function given(...steps: number[]) {
  late.ms = 0;
  const state = givenState();
  const runs = createRuns({ stateDirectory: state, directory: state });
  onTestFinished(() => runs.close());
  const job = givenJob(["node"]);
  const directory = checkpointDirectory(state, job.name);
  const saved: string[] = [];
  for (const step of steps)
    saved.push((await writeCheckpoint(directory, step, (files) => files.file("empty.bin", ""))).path);
  return { runs, job, saved };
}

testWith(root).each([MANIFEST_FILE, "empty.bin"])(
  "its %s: passed over for another after ten minutes",
  async (name) => {
    const { runs, job, saved } = await given(10, 20);
    const [, newest = ""] = saved;
    breakDisk(join(newest, name));
    const steps = () => runs.checkpoints(job).checkpoints.map(({ step }) => step);
    const check = () => {
      for (const checkpoint of runs.checkpoints(job).checkpoints)
        void runs.perform({ do: "verify", job: job.name, checkpoint }, job);
    };
    check();
    await until("the other's verdict", () =>
      runs.checkpoints(job).checkpoints.some(({ verified }) => verified === "full"),
    );
    expect(runs.checkpoints(job).rejected).toEqual([]);
    late.ms = 11 * 60_000;
    await until("it to be passed over", () => runs.checkpoints(job).rejected.length > 0);
    expect(runs.checkpoints(job).rejected).toMatchObject([{ path: newest }]);
    expect(steps()).toEqual([10]);
    spawnSync("umount", [join(newest, name)]);
    await until("it to count again", () => {
      check();
      return steps()[0] === 20 && runs.checkpoints(job).checkpoints[0]?.verified === "full";
    });
  },
);

testWith(root)(
  "the only one is waited for, and no run begins beside it but one that was told to",
  async () => {
    const { runs, job, saved } = await given(20);
    breakDisk(join(saved[0] ?? "", MANIFEST_FILE));
    expect(runs.checkpoints(job)).toEqual({ checkpoints: [], rejected: [], unread: saved });
    late.ms = 24 * 3_600_000;
    expect(runs.checkpoints(job)).toMatchObject({ rejected: [], unread: saved });
    const launch = (run = givenRun()) => ({ do: "launch", job: job.name, run, resumeFrom: null }) as const;
    expect(await runs.perform(launch(), inState(job, givenRun(), "starting"))).toEqual({
      ok: false,
      unready: true,
      reason: `${saved[0]} can't be read now, and may hold what it is to go on from`,
    });
    expect(runs.checkpoints(job).unread).toEqual(saved);
  },
);
