import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { findParent, membersOf, NO_CGROUP, removeCgroup } from "../../../src/runs/launch/cgroup.ts";
import { cgroupsHere, givenJob, givenState, setNoCgroup, start, until } from "../given.ts";

const files = (mounts: string, own: string) => (path: string) =>
  path === "/proc/self/mounts" ? mounts : own;
const v1 = "cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0\n";
const v2 = "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n";

test.each([
  ["v1", v1, "2:cpuacct:/\n0::/x\n", { directory: "/sys/fs/cgroup/cpu,cpuacct/gpu-job-supervisor" }],
  [
    "v2, below our own",
    v2,
    "0::/user.slice/a\n",
    { directory: "/sys/fs/cgroup/user.slice/a/gpu-job-supervisor" },
  ],
  ["v2, from outside a namespace", v2, "0::/../a\n", { reason: expect.stringContaining("lies outside") }],
  ["none", "proc /proc proc rw 0 0\n", "", { reason: "no cgroup hierarchy is mounted" }],
])("where runs' cgroups would be: %s", (_, mounts, own, expected) => {
  expect(findParent({}, files(mounts, own))).toEqual(expected);
});

test("it can be turned off, and unreadable mounts are a reason", () => {
  expect(findParent({ [NO_CGROUP]: "1" })).toEqual({ reason: `${NO_CGROUP}=1` });
  const broken = () => {
    throw new Error("EACCES");
  };
  expect(findParent({}, broken)).toEqual({ reason: "cgroups can't be read: EACCES" });
});

test.runIf(cgroupsHere())("a run's cgroup counts children that are gone, and not the launcher", async () => {
  setNoCgroup("0");
  const burn =
    "for i in 1 2 3 4 5; do (i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done) & done; wait; sleep 300";
  const it = await start(givenState(), givenJob(["sh", "-c", burn]));
  const live = await until("its cgroup", () => (it.see().pid ? it.runs.live(it.run, "job") : null));
  const directory = live.cpuCgroup ?? "";
  expect(membersOf(directory)).toContain(live.pid);
  expect(membersOf(directory)).not.toContain(live.launcherPid);
  // Nobody else's runs are counted above it.
  expect(dirname(dirname(directory))).toMatch(/gpu-job-supervisor$/);
  await until("the last of its children", () => membersOf(directory).length === 2);
  const v1Use = join(directory, "cpuacct.usage");
  const use = readFileSync(existsSync(v1Use) ? v1Use : join(directory, "cpu.stat"), "utf8");
  expect(Number(/\d+/.exec(use)?.[0])).toBeGreaterThan(1000);
  expect(removeCgroup(directory)).toBe(false);
  await it.perform("kill");
  await it.end();
  await until("its cgroup to be empty", () => removeCgroup(directory));
  expect(existsSync(dirname(directory))).toBe(false);
});
