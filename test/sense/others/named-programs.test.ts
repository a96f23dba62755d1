import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { programsRunning } from "../../../src/decide/rules/programs-running.ts";
import type { ProgramsSeen } from "../../../src/model/machine.ts";
import { NamedPrograms } from "../../../src/sense/others/named-programs.ts";
import { ProcessOwners } from "../../../src/sense/owners/process-owners.ts";
import { at, makeSample } from "../../decide/make.ts";
import { until } from "../../until.ts";

const folder = mkdtempSync(join(tmpdir(), "named-programs-"));
const children: ChildProcess[] = [];
/** Its name is longer than the kernel keeps. */
const LONG = "quartz-renderer-preview";

function start(name: string): ChildProcess {
  copyFileSync("/bin/sleep", join(folder, name));
  const child = spawn(join(folder, name), ["600"], { stdio: "ignore" });
  children.push(child);
  return child;
}
beforeAll(() => {
  start(LONG);
  start("quartzd");
});
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

const seen = (patterns: string[], supervisorPid = 1_000_000) =>
  new NamedPrograms({
    owners: new ProcessOwners(supervisorPid),
    patterns: () => patterns,
    claims: () => [],
    hidden: null,
  });
const names = (found: ProgramsSeen | undefined): string[] =>
  found === undefined || "unavailable" in found
    ? []
    : found.processes.map(({ command }) => command.split("/").at(-1) ?? "").sort();

test("programs are found by their name, whole or with *, also one longer than the kernel keeps", async () => {
  const patterns = [LONG, "quartz*", "quartz", "*.quartzd"];
  const found = await until("both were started", () => {
    const all = seen(patterns).read([], 1);
    const started = names(all["quartz*"]).filter((name) => name.endsWith(" 600"));
    return started.length === 2 ? all : null;
  });
  expect(names(found[LONG])).toEqual([`${LONG} 600`]);
  expect(names(found["quartz*"])).toEqual([`${LONG} 600`, "quartzd 600"].sort());
  expect([names(found.quartz), names(found["*.quartzd"])]).toEqual([[], []]);
  // A rule counts each process once.
  const now = at(1);
  const sample = makeSample(now, {}, { programs: found });
  expect(programsRunning({ programs: [LONG, "quartz*"] }, sample)).toMatchObject({ value: 2 });
});

test("what is below the supervisor isn't others', and what isn't seen is no program that doesn't run", () => {
  expect(names(seen(["quartz*"], process.pid).read([], 1)["quartz*"])).toEqual([]);
  const hidden = new NamedPrograms({
    owners: new ProcessOwners(1),
    patterns: () => ["quartz*"],
    claims: () => [],
    hidden: "a container hides them",
  });
  expect(hidden.read([], 1)["quartz*"]).toEqual({ unavailable: "a container hides them" });
});

test("looks again after two seconds, and at once for a new name", () => {
  const patterns = ["quartzd"];
  const programs = seen(patterns);
  const first = programs.read([], 1000);
  expect(programs.read([], 2500)).toBe(first);
  patterns.push(LONG);
  expect(Object.keys(programs.read([], 2600))).toEqual(["quartzd", LONG]);
  expect(programs.read([], 4700)).not.toBe(first);
});

test("programs that may be ours hold a resume back", () => {
  const programs = { x: { atMs: at(3).monotonicMs, processes: [], unsure: 2 } };
  expect(programsRunning({ programs: ["x"] }, makeSample(at(3), {}, { programs }))).toMatchObject({
    value: 0,
    upTo: 2,
  });
});
