/**
 * Checkpoints of real processes under full disks, damage and kills: complete, or not there, and never
 * resumed from when broken. The same for every job library.
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { newestVerified, verifyCheckpoint } from "../../../src/job/checkpoint/find-checkpoint.ts";
import { writeCheckpoint } from "../../../src/job/checkpoint/write-checkpoint.ts";
import { listCheckpoints } from "../../../src/runs/checkpoints/quick-check.ts";
import { readRanks } from "../../../src/runs/observe/read-ranks.ts";
import { payload } from "../../children/job-payload.ts";
import { type Need, root, testWith } from "../../needs.ts";
import { until } from "../../until.ts";
import { launch, temporaryFolder } from "../launch.ts";
import type { Library } from "../pause-contract.ts";
import { damages } from "./damages.ts";

const tmpfs: Need = {
  met: (() => {
    const probe = mkdtempSync(join(tmpdir(), "job-test-probe-"));
    const mount = ["-t", "tmpfs", "-o", "size=64k", "tmpfs", probe];
    const mounted = spawnSync("mount", mount, { stdio: "ignore" }).status === 0;
    if (mounted) spawnSync("umount", [probe]);
    rmSync(probe, { recursive: true, force: true });
    return mounted;
  })(),
  reason: "leave to mount a tmpfs",
};

/** @param kills how many times SIGKILL comes in the middle of saves */
export function keepsCheckpointContract(library: Library, kills: number): void {
  test.each(damages)(
    `${library.name}: %s in the newest checkpoint: resumes from the one before`,
    async (_, damage) => {
      const job = temporaryFolder();
      const checkpoints = join(job, "checkpoints");
      for (const step of [1, 2, 3])
        await writeCheckpoint(checkpoints, step, (files) => files.file("a.bin", payload(step, 0, 10)));
      const newest = join(checkpoints, "step-00000003");
      damage(newest);
      const run = launch(library.loop, ["4"], job, { SUPERVISOR_RESUME_FROM: newest });
      const { code, output } = await run.ended;
      expect(code, output).toBe(0);
      expect(output).toContain(`checkpoint ${newest} was passed over: `);
      expect(output).toContain("from 2\ndone at 4\n");
    },
  );

  testWith(root)(
    `${library.name}: one that can't be read isn't passed over for the beginning: the run fails, and the next has it`,
    async () => {
      const job = temporaryFolder();
      const checkpoints = join(job, "checkpoints");
      await writeCheckpoint(checkpoints, 3, (files) => files.file("a.bin", payload(3, 0, 10)));
      const newest = join(checkpoints, "step-00000003");
      const manifest = join(newest, "manifest.json");
      // A file that answers a read with EIO.
      execFileSync("mount", ["--bind", `/proc/${process.pid}/mem`, manifest]);
      onTestFinished(() => void spawnSync("umount", [manifest], { stdio: "ignore" }));
      for (const named of [{}, { SUPERVISOR_RESUME_FROM: newest }]) {
        const run = launch(library.loop, ["4"], job, named);
        const { code, output } = await run.ended;
        expect(code, output).toBe(74);
        expect(output).toMatch(/step-00000003 can't be read now \(.*EIO|Errno 5/);
        expect(output).not.toContain("from 0");
        expect(run.status()).toMatchObject({ state: "failed", unreadable: true });
      }
      expect(readdirSync(checkpoints)).toEqual(["step-00000003"]);
      execFileSync("umount", [manifest]);
      const { code, output } = await launch(library.loop, ["4"], job).ended;
      expect(code, output).toBe(0);
      expect(output).toContain("from 3\ndone at 4\n");
    },
  );

  test(`${library.name}: leftovers of dead writers go, those of living ones stay`, async () => {
    const job = temporaryFolder();
    const checkpoints = join(job, "checkpoints");
    const stat = readFileSync("/proc/self/stat", "utf8");
    const started = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    const mine = `.tmp-step-00000001.${process.pid}.${started}.${hostname()}`;
    const reused = `.tmp-step-00000001.${process.pid}.1.${hostname()}`;
    const elsewhere = ".tmp-step-00000001.1.1.another.host";
    for (const name of [mine, reused, elsewhere]) mkdirSync(join(checkpoints, name), { recursive: true });
    expect((await launch(library.loop, ["1"], job).ended).code).toBe(0);
    expect(readdirSync(checkpoints).sort()).toEqual([elsewhere, mine].sort());
  });

  test(`${library.name}: periodic checkpoints come by themselves, and only the newest stay`, async () => {
    const job = temporaryFolder();
    const run = launch(library.loop, ["0"], job, {
      SUPERVISOR_CHECKPOINT_MINUTES: "0.0005",
      SUPERVISOR_CHECKPOINT_KEEP: "2",
    });
    const first = await run.until("a checkpoint", ({ checkpoint }) => Boolean(checkpoint));
    await run.until(
      "several more",
      ({ checkpoint, step }) => checkpoint !== first.checkpoint && Number(step) > Number(first.step) + 500,
    );
    run.ask({ sequence: 1, want: "pause" });
    await run.ended;
    expect(readdirSync(join(job, "checkpoints"))).toHaveLength(2);
  });

  test.each([
    ["throws", /a mistake of mine/],
    ["throws what isn't an error", /a mere word/],
    ["renames its file", /state\.part was written, but isn't in/],
    ["goes on writing", /state\.bin has 13 bytes, but 5 were written/],
    ["links a folder", /only plain files can be part of a checkpoint: link/],
    ["has a step below 0", /step must be a whole number/],
  ])(`${library.name}: a save function that %s fails the save, not the job`, async (odd, reason) => {
    const job = temporaryFolder();
    const run = launch(library.odd, [odd], job);
    const { code, output } = await run.ended;
    expect(code, output).toBe(0);
    expect(output).toMatch(reason);
    expect(output).toContain("failed: ");
    // Of a mistake in the program it says where it is.
    if (odd === "throws") expect(output).toMatch(/odd\.(ts|py)\D+\d+/);
    expect(run.status()).toMatchObject({ state: "finished", checkpoint: "step-00000001", failedSaves: 1 });
    expect(readdirSync(join(job, "checkpoints"))).toEqual(["step-00000001"]);
    expect((await launch(library.odd, [odd], job).ended).output).toMatch(/^again: /m);
  });

  test(`${library.name}: what it writes counts for the supervisor, however much the program says`, async () => {
    const job = temporaryFolder();
    const run = launch(library.odd, ["says too much"], job);
    const { code, output } = await run.ended;
    expect(code, output).toBe(0);
    const [report] = readRanks(run.statusDir);
    expect(report).toMatchObject({ state: "finished", step: 1, epoch: 0.5, failedSaves: 1 });
    expect(Object.keys(report?.metrics ?? {})).toHaveLength(64);
    expect(report?.error).toHaveLength(500);
    const { checkpoints, rejected } = listCheckpoints(join(job, "checkpoints"));
    expect(rejected).toEqual([]);
    expect(checkpoints).toMatchObject([
      { step: 2, epoch: null },
      { step: 1, epoch: 0.5 },
    ]);
  });

  testWith(tmpfs)(
    `${library.name}: a full disk fails the save, not the job (needs: ${tmpfs.reason})`,
    async () => {
      const job = temporaryFolder();
      const checkpoints = join(job, "checkpoints");
      mkdirSync(checkpoints);
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", checkpoints]);
      onTestFinished(() => void spawnSync("umount", ["-l", checkpoints]));
      const run = launch(library.loop, ["0", "300000"], job, {
        SUPERVISOR_CHECKPOINT_MINUTES: "0.001",
        SUPERVISOR_CHECKPOINT_KEEP: "1",
      });
      await run.until("a good checkpoint", ({ checkpoint }) => Boolean(checkpoint));
      // While it saves there is no room for that either.
      await until("room for a filler", () => {
        writeFileSync(join(checkpoints, "filler"), Buffer.alloc(500_000));
        return true;
      });
      const failed = await run.until("a failed save", ({ failedSaves }) => Number(failedSaves) > 0);
      run.ask({ sequence: 1, want: "pause" });
      const again = await run.until(
        "a failed pause",
        ({ failedSaves, sequence, state }) =>
          Number(failedSaves) > Number(failed.failedSaves) && sequence === 1 && state === "pausing",
      );
      expect(again.error).toMatch(/(ENOSPC|No space left).*stays the newest; training goes on/);
      await run.until("steps after it", ({ step }) => Number(step) > Number(again.step));
      expect(readdirSync(checkpoints)).toEqual(["filler", again.checkpoint]);
      expect(await verifyCheckpoint(join(checkpoints, String(again.checkpoint)))).toMatchObject({
        step: expect.any(Number),
      });
      rmSync(join(checkpoints, "filler"));
      run.ring();
      expect((await run.ended).code).toBe(75);
      expect(run.status()).toMatchObject({ state: "paused", failedSaves: 0, error: null });
    },
  );

  test(`${library.name}: SIGKILL in the middle of saves, ${kills} times, never leaves a checkpoint that verifies but is wrong`, async () => {
    const job = temporaryFolder();
    const checkpoints = join(job, "checkpoints");
    const seed = Date.now() % 100_000;
    console.log(`moments of the kills: seed ${seed}`);
    let newest = 0;
    for (let round = 0; round < kills; round++) {
      const run = launch(library.saveStorm, [], job);
      await run.until(
        "a first save",
        ({ checkpoint, bytesSaved, state }) =>
          Boolean(checkpoint) && state === "saving" && bytesSaved !== undefined,
      );
      const moment = performance.now() + ((seed * (round + 1) * 7919) % 97);
      await until("the moment", () => performance.now() >= moment);
      run.child.kill("SIGKILL");
      const { output } = await run.ended;
      // The program itself has compared what it resumed from, byte by byte.
      expect(output).toBe(`from ${newest}\n`);
      const reported = Number(run.status()?.checkpoint?.slice(5));
      const { found } = await newestVerified(checkpoints, null);
      expect(found?.step, `round ${round}`).toBeGreaterThanOrEqual(Math.max(newest, reported));
      newest = found?.step as number;
      for (const name of readdirSync(checkpoints).filter((name) => name.startsWith("step-"))) {
        const checkpoint = await verifyCheckpoint(join(checkpoints, name));
        if ("rejected" in checkpoint) throw new Error(`round ${round}: ${name}: ${checkpoint.rejected}`);
        for (const part of [0, 1, 2]) {
          const path = join(checkpoint.path, `part-${part}.bin`);
          expect(readFileSync(path).equals(payload(checkpoint.step, part, statSync(path).size))).toBe(true);
        }
      }
    }
    // The next run sweeps what the kills have left.
    const last = launch(library.saveStorm, [], job);
    await until(
      "the sweep",
      () =>
        existsSync(checkpoints) &&
        !readdirSync(checkpoints).some(
          (name) => name.startsWith(".tmp-") && !name.includes(`.${last.child.pid}.`),
        ),
    );
  });
}
