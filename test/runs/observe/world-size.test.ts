import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { NamedRanks } from "../../../src/runs/observe/world-size.ts";
import { until } from "../../until.ts";

const children: ChildProcess[] = [];
// Lists its processes as the kernel does for a cgroup.
const cgroup = mkdtempSync(join(tmpdir(), "named-ranks-"));

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(cgroup, { recursive: true, force: true });
});

/** A process that becomes one of four ranks when a line comes. */
async function begin(script: string): Promise<ChildProcess> {
  const child = spawn("/bin/sh", ["-c", script], {
    stdio: ["pipe", "ignore", "ignore"],
    env: { LIFE: "first" },
  });
  children.push(child);
  await until("its own environment", () => environmentOf(child).includes("LIFE=first"));
  writeFileSync(join(cgroup, "cgroup.procs"), children.map(({ pid }) => `${pid}\n`).join(""));
  return child;
}

const environmentOf = ({ pid }: ChildProcess): string => readFileSync(`/proc/${pid}/environ`, "latin1");

const RANK = "exec env WORLD_SIZE=4 RANK=0 sleep 1000";

test.runIf(process.platform === "linux")(
  "ranks are named by a process that comes at once, and by one that has become another program once the run is twice as old",
  async () => {
    const first = await begin(`read line; ${RANK}`);
    const named = new NamedRanks();
    const run = { id: "r", job: "j", launcherPid: null, pid: first.pid ?? null, cpuCgroup: cgroup };
    expect(named.worldSize(run, 20_000)).toBe(1);
    first.stdin?.end("go\n");
    await until("the rank", () => environmentOf(first).includes("WORLD_SIZE=4"));
    expect(named.worldSize(run, 39_000)).toBe(1);
    expect(named.worldSize(run, 40_000)).toBe(4);
    await begin("exec env WORLD_SIZE=8 RANK=1 LIFE=first sleep 1000");
    await until("the second", () => children.every((child) => environmentOf(child).includes("WORLD_SIZE")));
    expect(named.worldSize(run, 41_000)).toBe(8);
  },
);
