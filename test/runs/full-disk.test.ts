/** Covers: src/decide/pauses/disk-room.ts, src/runs/checkpoints/disk-room.ts */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { lacksRoom } from "../../src/decide/pauses/disk-room.ts";
import { prepareStateDirectory } from "../../src/files/state-directory.ts";
import { type LastLook, listThirdParty } from "../../src/runs/checkpoints/third-party/list.ts";
import { createRuns } from "../../src/runs/create-runs.ts";
import { smallDisk, testWith } from "../needs.ts";
import { givenJob, givenRun, inState, start, until } from "./given.ts";

/** A state directory on a file system of its own, 1 MiB large. */
function givenSmallDisk(): string {
  const disk = mkdtempSync(join(tmpdir(), "act-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], { stdio: "ignore" });
  onTestFinished(() => {
    execFileSync("umount", ["-l", disk]);
    rmSync(disk, { recursive: true });
  });
  const state = join(disk, "state");
  prepareStateDirectory(state);
  return state;
}

/** Fills the disk to its last byte. */
function fill(state: string): void {
  for (let count = 0; statfsSync(state).bfree > 0; count++)
    try {
      writeFileSync(join(state, `fill-${count}`), Buffer.alloc(2 << 20));
    } catch {
      // Written as far as there was room.
    }
}

testWith(smallDisk)("an exit on a full disk is still recorded", async () => {
  const state = givenSmallDisk();
  const wait =
    "setInterval(() => { if (require('fs').existsSync(process.argv[1] + '/fill-0')) process.exit(7) }, 10)";
  const it = await start(state, givenJob(["node", "-e", wait, state]));
  await until("its pid", () => it.see().pid);
  fill(state);
  expect(await it.end()).toMatchObject({ exit: { known: true, code: 7 } });
});

testWith(smallDisk)("on a full disk a launch fails with the reason, and a pause still rings", async () => {
  const state = givenSmallDisk();
  const program = "process.on('SIGTERM', () => process.exit(143)); setInterval(() => {}, 1e6)";
  const it = await start(state, givenJob(["node", "-e", program], { pause: { signal: "SIGTERM" } }));
  await until("its handler", () => it.see("starting").signalCaught);
  fill(state);
  const run = givenRun();
  const runs = createRuns({ stateDirectory: state, directory: state });
  const launched = await runs.perform(
    { do: "launch", job: "job", run, resumeFrom: null },
    inState(it.job, run, "starting"),
  );
  expect(launched).toMatchObject({ ok: false, reason: expect.stringContaining("ENOSPC") });
  expect(runs.observe(inState(it.job, run, "starting"), run)).toMatchObject({
    alive: false,
    exit: { known: false },
  });

  expect(await it.ask("pause")).toMatchObject({
    ok: false,
    reason: expect.stringMatching(/^control.json can't be written: ENOSPC/),
  });
  expect(await it.end()).toMatchObject({ exit: { known: true, code: 143 } });
  expect(readdirSync(state)).toContain("fill-0");
});

testWith(smallDisk)(
  "a job that saves on another disk than the state directory's is told of that disk's room",
  () => {
    const disk = dirname(givenSmallDisk());
    const other = mkdtempSync(join(tmpdir(), "act-state-"));
    onTestFinished(() => rmSync(other, { recursive: true }));
    const roomy = join(other, "step-7.pt");
    for (const path of [roomy, join(disk, "step-7.pt")]) writeFileSync(path, Buffer.alloc(700_000, 1));
    const saved = (path: string) => {
      const [checkpoint] = listThirdParty(whole(path), lookedAt(path)).checkpoints;
      const job = givenJob(["true"], { checkpoint: { glob: path } });
      return { ...job, checkpoint: checkpoint ?? null };
    };
    const runs = createRuns({ stateDirectory: other, directory: other });
    const free = runs.freeMiB(saved(join(disk, "step-7.pt")));
    expect(free).toBeGreaterThan(0);
    expect(free).toBeLessThan(0.4);
    expect(lacksRoom(saved(join(disk, "step-7.pt")), free)).toEqual(
      expect.stringMatching(
        /^Only [123]\d\d KiB is free where it saves, and its last checkpoint took 684 KiB: the next save may fail\.$/,
      ),
    );
    const room = runs.freeMiB(saved(roomy));
    expect(room).toBeGreaterThan(1);
    expect(lacksRoom(saved(roomy), room)).toBeNull();
    expect(runs.freeMiB({ ...saved(roomy), checkpoint: null })).toBeNull();
    rmSync(roomy);
  },
);

/** Files count once two looks agree on them. */
function lookedAt(path: string): LastLook {
  const look: LastLook = new Map();
  listThirdParty(whole(path), look);
  return look;
}

const whole = (pattern: string) => ({ pattern, cwd: "/", sinceMs: 0, written: false });
