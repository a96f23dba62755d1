/** Real cgroups of supervisors that live, have ended or were never recorded. Covers: src/files/supervisors.ts */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { recordSupervisor } from "../../../src/files/supervisors.ts";
import { sweepCgroups } from "../../../src/runs/clean-up/sweep-cgroups.ts";
import { makeCgroup, membersOf, removeCgroup } from "../../../src/runs/launch/cgroup.ts";
import { cgroupsHere, setNoCgroup, until } from "../given.ts";

let home: string;
let made: string[];
let child: ChildProcess | null;
beforeEach(() => {
  setNoCgroup("0");
  [home, made, child] = [mkdtempSync(join(tmpdir(), "sweep-cgroups-")), [], null];
});
afterEach(async () => {
  child?.kill("SIGKILL");
  await until("all to be empty", () => made.every(removeCgroup));
  rmSync(home, { recursive: true });
});

function cgroup(state: string, run: string): string {
  const place = makeCgroup(join(home, state), run);
  if ("reason" in place) throw new Error(place.reason);
  made.push(place.directory);
  return place.directory;
}

/** As a supervisor does that was killed since. */
async function recordDead(state: string): Promise<void> {
  const module = join(import.meta.dirname, "../../../src/files/supervisors.ts");
  const words = `import { recordSupervisor } from ${JSON.stringify(module)}; recordSupervisor("user", ${JSON.stringify(join(home, state))});`;
  const recorder = spawn(process.execPath, ["--input-type=module", "-e", words], { stdio: "inherit" });
  expect(await new Promise((done) => recorder.once("close", done))).toBe(0);
}

test.runIf(cgroupsHere())("what dead supervisors have left goes; what may be in use stays", async () => {
  await recordDead("dead");
  recordSupervisor("user", join(home, "alive"));
  child = spawn("sleep", ["300"]);
  const inUse = cgroup("dead", "in-use");
  writeFileSync(join(inUse, "cgroup.procs"), `${child.pid}`);
  expect(membersOf(inUse)).toEqual([child.pid]);
  const stay = [inUse, cgroup("alive", "begins"), cgroup("nobody-knows", "begins"), cgroup("own", "known")];
  const go = [cgroup("dead", "over"), cgroup("dead", "over-too"), cgroup("own", "over")];

  sweepCgroups(join(home, "own"), new Set(["known"]));
  expect(stay.filter((directory) => !existsSync(directory))).toEqual([]);
  expect(go.filter(existsSync)).toEqual([]);
});

test.runIf(cgroupsHere())("with its last run's goes the supervisor's own", async () => {
  await recordDead("dead");
  const last = cgroup("dead", "over");
  sweepCgroups(join(home, "own"), new Set());
  expect(existsSync(dirname(last))).toBe(false);
});
