/**
 * An ordinary user from whom all others are hidden, without a cgroup: `doctor` says by trying what can be seen, a rule
 * that can't see is told as blind at the start, and others' use still pauses a job, as an estimate.
 * Covers: src/runs/launch/try-cgroup.ts.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { findParent, NO_CGROUP, placeFor } from "../../src/runs/launch/cgroup.ts";
import { tryCgroup } from "../../src/runs/launch/try-cgroup.ts";
import { cpuCgroup, describeWith, hiddenUsers } from "../needs.ts";
import { until } from "../until.ts";

const PROGRAM = resolve(import.meta.dirname, "../../src/bin.ts");
/** Nobody else's on this machine. */
const UID = 64_124;
const CONFIG = {
  stateDirectory: "state",
  rules: [
    {
      name: "others compute",
      metric: "cpu.others",
      above: 14,
      forSeconds: 1,
      clear: { below: 3, forSeconds: 60 },
    },
    { name: "unplugged", metric: "battery.percent", below: 20, clear: { above: 40 } },
  ],
  jobs: [{ name: "rest", command: ["sleep", "1000"], pause: { method: "freeze" } }],
};

let directory: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "supervisor-hidden-"));
  chownSync(directory, UID, UID);
  chmodSync(directory, 0o700);
  writeFileSync(join(directory, "supervisor.config.json"), JSON.stringify(CONFIG), { mode: 0o644 });
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = new Promise((done) => child.on("exit", done));
    child.kill("SIGKILL");
    await ended;
  }
  rmSync(directory, { recursive: true, force: true });
});

interface Program {
  child: ChildProcess;
  out: string;
}

function asStranger(...words: string[]): Program {
  const script = `mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid=${UID} --regid=${UID} --clear-groups "$@"`;
  const child = spawn("unshare", ["-m", "sh", "-c", script, "sh", process.execPath, PROGRAM, ...words], {
    cwd: directory,
    stdio: ["ignore", "pipe", "inherit"],
    // Claims of its own: who else has supervised jobs here is left out of their use.
    env: {
      PATH: process.env.PATH,
      HOME: directory,
      [NO_CGROUP]: "0",
      GPU_JOB_SUPERVISOR_CLAIMS: join(directory, "claims"),
    },
  });
  children.push(child);
  const program = { child, out: "" };
  child.stdout.on("data", (chunk: Buffer) => {
    program.out += chunk;
  });
  return program;
}

const end = ({ child }: Program): Promise<unknown> => new Promise((done) => child.on("close", done));

describeWith(hiddenUsers)("where other users are hidden", () => {
  it("doctor says what a try has shown", async () => {
    const doctor = asStranger("doctor");
    await end(doctor);
    expect(doctor.out).toMatch(/CPU use of others: is estimated \(other users' processes are hidden here/);
    expect(doctor.out).toMatch(/Runs are counted by their process trees: no cgroups \(.+\)/);
    if (cpuCgroup.met) expect(doctor.out).toMatch(/no cgroups \(.* can't be made: EACCES/);
    expect(doctor.out).toMatch(/'unplugged' \(battery\.percent\): this machine has no readable battery/);
  });

  it("others' use pauses a job all the same, and a blind rule is told", async () => {
    const third = Math.ceil(availableParallelism() / 3);
    for (let n = 0; n < third; n++)
      children.push(spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" }));
    const supervisor = asStranger("start", "--headless");
    // Where others are as busy from the beginning, it waits instead of being paused.
    await until("the pressure", () => supervisor.out.includes("rule pressure"));
    await until("the blind rule", () => supervisor.out.includes("Rule 'unplugged' can't act"));
    expect(supervisor.out).toMatch(/use about [\d.]+ % of the CPU; rule 'others compute' allows 14 %/);
    const status = asStranger("status");
    await end(status);
    expect(status.out.replaceAll(/\s+/g, " ")).toContain("! Rule 'unplugged' can't act: battery.percent");
    expect(status.out.replaceAll(/\s+/g, " ")).toContain("! cpu.others is estimated: other users'");
    await end(asStranger("cancel", "rest"));
    const stopped = end(supervisor);
    supervisor.child.kill("SIGTERM");
    await stopped;
  });
});

describeWith(cpuCgroup)("a try of a cgroup", () => {
  it("succeeds where one can be made, and leaves nothing", async () => {
    const parent = findParent({});
    if ("reason" in parent) throw new Error(parent.reason);
    // The folder that all supervisors share says little: others may be in it.
    const own = placeFor(`a try of pid ${process.pid}`, "try", {});
    if ("reason" in own) throw new Error(own.reason);
    expect(await tryCgroup({})).toEqual(parent);
    expect(existsSync(dirname(own.directory))).toBe(false);
  });
});

it("a try where cgroups are turned off says so", async () => {
  expect(await tryCgroup({ [NO_CGROUP]: "1" })).toEqual({ reason: `${NO_CGROUP}=1` });
});
