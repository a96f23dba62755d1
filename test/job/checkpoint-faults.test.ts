/** Checkpoints of real processes under full disks and kills: complete, or not there. */
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
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { newestVerified, verifyCheckpoint } from "../../src/job/find-checkpoint.ts";
import { payload } from "../children/job-payload.ts";
import { type Need, testWith } from "../needs.ts";
import { launch, temporaryFolder, waitFor } from "./launch.ts";

const child = (name: string): string => resolve("test/children", name);

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

describe("periodic checkpoints", () => {
  test("come by themselves, and only the newest stay", async () => {
    const job = temporaryFolder();
    const run = launch(child("job-await-loop.ts"), ["0"], job, {
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
});

testWith(tmpfs)(`a full disk fails the save, not the job (needs: ${tmpfs.reason})`, async () => {
  const job = temporaryFolder();
  const checkpoints = join(job, "checkpoints");
  mkdirSync(checkpoints);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", checkpoints]);
  onTestFinished(() => void spawnSync("umount", ["-l", checkpoints]));
  const run = launch(child("job-await-loop.ts"), ["0", "300000"], job, {
    SUPERVISOR_CHECKPOINT_MINUTES: "0.001",
    SUPERVISOR_CHECKPOINT_KEEP: "1",
  });
  await run.until("a good checkpoint", ({ checkpoint }) => Boolean(checkpoint));
  writeFileSync(join(checkpoints, "filler"), Buffer.alloc(500_000));
  const failed = await run.until("a failed save", ({ failedSaves }) => Number(failedSaves) > 0);
  run.ask({ sequence: 1, want: "pause" });
  const again = await run.until(
    "a failed pause",
    ({ failedSaves, sequence, state }) =>
      Number(failedSaves) > Number(failed.failedSaves) && sequence === 1 && state === "pausing",
  );
  expect(again.error).toMatch(/ENOSPC.*stays the newest; training goes on/);
  await run.until("steps after it", ({ step }) => Number(step) > Number(again.step));
  expect(readdirSync(checkpoints)).toEqual(["filler", again.checkpoint]);
  expect(await verifyCheckpoint(join(checkpoints, String(again.checkpoint)))).toMatchObject({
    step: expect.any(Number),
  });
  rmSync(join(checkpoints, "filler"));
  run.ring();
  expect((await run.ended).code).toBe(75);
  expect(run.status()).toMatchObject({ state: "paused", failedSaves: 0, error: null });
});

test("SIGKILL in the middle of saves never leaves a checkpoint that verifies but is wrong", async () => {
  const job = temporaryFolder();
  const checkpoints = join(job, "checkpoints");
  const seed = Date.now() % 100_000;
  console.log(`moments of the kills: seed ${seed}`);
  let newest = 0;
  for (let round = 0; round < 12; round++) {
    const run = launch(child("job-save-storm.ts"), [], job);
    await run.until(
      "a first save",
      ({ checkpoint, bytesSaved, state }) =>
        Boolean(checkpoint) && state === "saving" && bytesSaved !== undefined,
    );
    const moment = performance.now() + ((seed * (round + 1) * 7919) % 97);
    await waitFor("the moment", () => performance.now() >= moment);
    run.child.kill("SIGKILL");
    await run.ended;
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
  const last = launch(child("job-save-storm.ts"), [], job);
  await waitFor(
    "the sweep",
    () =>
      existsSync(checkpoints) &&
      !readdirSync(checkpoints).some(
        (name) => name.startsWith(".tmp-") && !name.includes(`.${last.child.pid}.`),
      ),
  );
});
