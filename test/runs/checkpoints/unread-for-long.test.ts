/**
 * A checkpoint that can't be read for ten minutes is passed over where another can be, and waited for where none can.
 * Covers: src/runs/checkpoints/find-checkpoints.ts, src/runs/checkpoints/verify.ts, src/tick/earlier-checkpoints.ts
 */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, vi } from "vitest";
import { MANIFEST_FILE } from "../../../src/contract/names.ts";
import { checkpointDirectory } from "../../../src/files/state-paths.ts";
import { writeCheckpoint } from "../../../src/job/checkpoint/write-checkpoint.ts";
import { createRuns } from "../../../src/runs/create-runs.ts";
import { unreadBeside } from "../../../src/tick/earlier-checkpoints.ts";
import { at, makeCheckpoint } from "../../decide/make.ts";
import { root, testWith } from "../../needs.ts";
import { givenJob, givenState, until } from "../given.ts";

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
  "the only one is waited for, however long, and no job begins beside it unless it is told to",
  async () => {
    const { runs, job, saved } = await given(20);
    const [only = ""] = saved;
    breakDisk(join(only, MANIFEST_FILE));
    expect(runs.checkpoints(job)).toEqual({ checkpoints: [], rejected: [], unread: saved });
    late.ms = 24 * 3_600_000;
    expect(runs.checkpoints(job)).toMatchObject({ rejected: [], unread: saved });
    expect(unreadBeside(job, runs)).toBe(only);
    expect(unreadBeside({ ...job, checkpoint: makeCheckpoint(21, at(0)) }, runs)).toBeNull();
    expect(unreadBeside({ ...job, earlier: "set aside" }, runs)).toBeNull();
  },
);

testWith(root)(
  "one that was seen before counts as it was, is noticed in a folder that hasn't changed, and is passed over once",
  async () => {
    const { runs, job, saved } = await given(10, 20);
    const [, newest = ""] = saved;
    // A list that two looks agree on is kept until the folder changes.
    for (const _ of [1, 2, 3]) expect(runs.checkpoints(job).checkpoints).toHaveLength(2);
    breakDisk(join(newest, MANIFEST_FILE));
    const known = { ...job, checkpoint: runs.checkpoints(job).checkpoints[0] ?? null };
    expect(unreadBeside(known, runs)).toBe(newest);
    const seen = () => {
      const { checkpoints, rejected } = runs.checkpoints(known, "anew");
      return [checkpoints.map(({ step }) => step), rejected.map(({ path }) => path)];
    };
    expect(seen()).toEqual([[20, 10], []]);
    late.ms = 11 * 60_000;
    expect(seen()).toEqual([[10], [newest]]);
    spawnSync("umount", [join(newest, MANIFEST_FILE)]);
    expect(seen()).toEqual([[20, 10], []]);
    // Another time is another time.
    breakDisk(join(newest, MANIFEST_FILE));
    expect(seen()).toEqual([[20, 10], []]);
  },
);

testWith(root)("the only one that was seen before is never passed over", async () => {
  const { runs, job, saved } = await given(10);
  expect(runs.checkpoints(job).checkpoints).toHaveLength(1);
  breakDisk(join(saved[0] ?? "", MANIFEST_FILE));
  runs.checkpoints(job, "anew");
  late.ms = 24 * 3_600_000;
  expect(runs.checkpoints(job, "anew")).toMatchObject({
    checkpoints: [{ step: 10 }],
    rejected: [],
    unread: saved,
  });
});

testWith(root)("a folder that can't be read is never passed over for what it was seen to hold", async () => {
  const { runs, job, saved } = await given(10, 20);
  expect(runs.checkpoints(job).checkpoints).toHaveLength(2);
  const folder = dirname(saved[0] ?? "");
  const known = { ...job, checkpoint: runs.checkpoints(job).checkpoints[0] ?? null };
  // Root may read all, an ordinary user may not.
  chmodSync(dirname(folder), 0o700);
  const look = () => {
    process.seteuid?.(65_534);
    try {
      return { unread: unreadBeside(known, runs), rejected: runs.checkpoints(known).rejected };
    } finally {
      process.seteuid?.(0);
    }
  };
  expect(look()).toEqual({ unread: folder, rejected: [] });
  late.ms = 24 * 3_600_000;
  expect(look()).toEqual({ unread: folder, rejected: [] });
  expect(unreadBeside(known, runs)).toBeNull();
});

testWith(root)("one that a person or a failed resume passed over holds nothing up", async () => {
  const { runs, job, saved } = await given(10, 20);
  const [newest, older] = runs.checkpoints(job).checkpoints;
  if (newest === undefined || older === undefined) throw new Error("no checkpoints");
  breakDisk(join(saved[1] ?? "", MANIFEST_FILE));
  const doubts = { passedOver: [{ checkpoint: newest, run: null }] };
  expect(unreadBeside({ ...job, checkpoint: older }, runs)).toBe(newest.path);
  expect(unreadBeside({ ...job, checkpoint: older, doubts }, runs)).toBeNull();
});

testWith(root).each([
  ["has run", { firstRunMs: 0 }, {}, true],
  ["takes what is there", {}, { adoptExisting: true }, true],
  ["has neither run nor takes what is there", {}, {}, false],
])(
  "a third party's folder that can't be listed is waited for by a job that knows no checkpoint and %s",
  (_, had, checkpoint, waits) => {
    const state = givenState();
    const runs = createRuns({ stateDirectory: state, directory: state });
    onTestFinished(() => runs.close());
    const folder = join(state, "out/run");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "step_5.pt"), "weights");
    const job = {
      ...givenJob(["true"], { cwd: state, checkpoint: { glob: "out/*/step_*.pt", ...checkpoint } }),
      ...had,
    };
    for (let above = dirname(folder); above !== tmpdir(); above = dirname(above)) chmodSync(above, 0o755);
    const look = (shut: string, owner: number) => {
      chownSync(shut, owner, 0);
      chmodSync(shut, owner === 0 ? 0o700 : 0o000);
      process.seteuid?.(65_534);
      try {
        return unreadBeside(job, runs);
      } finally {
        process.seteuid?.(0);
        chmodSync(shut, 0o755);
      }
    };
    for (const shut of [folder, dirname(folder)]) {
      expect(look(shut, 65_534)).toBe(waits ? shut : null);
      // Another user's, which no run of ours has written to.
      expect(look(shut, 0)).toBeNull();
    }
    expect(unreadBeside(job, runs)).toBeNull();
    expect(unreadBeside({ ...job, earlier: "set aside" }, runs)).toBeNull();
  },
);

testWith(root).each([
  ["can't be read", 0o700, true],
  ["can't be listed", 0o711, false],
])("a third party's folder that %s hides no checkpoint that the job went by", (_, mode, isUnread) => {
  const state = givenState();
  const runs = createRuns({ stateDirectory: state, directory: state });
  onTestFinished(() => runs.close());
  const run = join(state, "out/run");
  const folder = join(run, "last");
  mkdirSync(folder, { recursive: true });
  mkdirSync(join(state, "out/old/last"), { recursive: true });
  writeFileSync(join(state, "out/old/last/step_4.pt"), "weights");
  const path = join(folder, "step_5.pt");
  writeFileSync(path, "weights");
  const job = givenJob(["true"], {
    cwd: state,
    checkpoint: { glob: "out/*/*/step_*.pt", adoptExisting: true },
  });
  const [checkpoint, older] = runs.checkpoints(job).checkpoints;
  expect(checkpoint).toMatchObject({ path });
  const known = { ...job, checkpoint: checkpoint ?? null, older: older ? [older] : [] };
  for (let above = run; above !== tmpdir(); above = dirname(above)) chmodSync(above, 0o755);
  // The folder itself, and one above it that the pattern lists, too.
  for (const shut of [folder, run]) {
    chmodSync(shut, mode);
    process.seteuid?.(65_534);
    try {
      expect(unreadBeside(known, runs)).toBe(isUnread ? path : null);
      const steps = runs.checkpoints(known).checkpoints.map(({ step }) => step);
      expect(steps).toEqual(isUnread ? [4] : [5, 4]);
      expect(runs.checkpoints(known).rejected).toEqual([]);
    } finally {
      process.seteuid?.(0);
    }
    chmodSync(shut, 0o755);
  }
  expect(unreadBeside(known, runs)).toBeNull();
  rmSync(folder, { recursive: true });
  expect(unreadBeside(known, runs)).toBeNull();
  expect(runs.checkpoints(known).checkpoints.map(({ step }) => step)).toEqual([4]);
});
