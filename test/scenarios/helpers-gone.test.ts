/**
 * Node, or parts of the built program, taken away under a running supervisor, as an upgrade does: it says which,
 * decides nothing by their silence, and goes on when they are back.
 * Covers: src/spawn/helper.ts
 */
import { cpSync, linkSync, mkdirSync, renameSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, expect, test } from "vitest";
import { CHILDREN, RealSupervisor } from "./real-supervisor.ts";

const ROOT = resolve(import.meta.dirname, "../..");

let supervisor: RealSupervisor;
afterEach(() => supervisor.close());

const at = (...path: string[]): string => join(supervisor.directory, ...path);
const config = (more = {}) => ({
  jobs: [{ name: "count", command: ["node", join(CHILDREN, "count-steps.ts")] }],
  ...more,
});

/** A supervisor that runs on a Node and a build of its own. */
async function started(): Promise<RealSupervisor> {
  supervisor = new RealSupervisor(config());
  mkdirSync(at("app"));
  for (const name of ["dist", "db", "package.json"])
    cpSync(join(ROOT, name), at("app", name), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), at("app/node_modules"));
  linkSync(process.execPath, at("app/node"));
  supervisor.program = [at("app/node"), at("app/dist/bin.js")];
  return await supervisor.start();
}

/** Takes a file away. Returns what brings it back. */
function take(...path: string[]): () => void {
  renameSync(at("app", ...path), at("taken"));
  return () => renameSync(at("taken"), at("app", ...path));
}

const warned = (part: string) =>
  supervisor.shows(`a warning of ${part}`, ({ supervisor: { warnings } }) =>
    warnings.find((warning) => warning.includes(part)),
  );
const calm = () => supervisor.shows("no warning", ({ supervisor: { warnings } }) => warnings.length === 0);

test("the program that verifies checkpoints: the resume waits for it and says so", async () => {
  await started();
  const before = await supervisor.steps("count", 3);
  const back = take("dist/runs/checkpoints/verify-child.js");
  expect(supervisor.say("pause", "count").code).toBe(0);
  expect(supervisor.say("resume", "count", "--no-wait").code).toBe(0);
  expect(await warned("verify-child.js")).toContain("no checkpoint is verified");
  expect(supervisor.say("status").out).toContain("verify-child.js");
  expect(supervisor.job("count").state).toBe("paused");
  expect(supervisor.audit("checkpoint.rejected")).toEqual([]);
  back();
  await supervisor.shows("the second run", ({ jobs: [job] }) => job?.run === 2 && job.state === "running");
  await supervisor.steps("count", before.progress?.step ?? 0);
  await calm();
});

test("the program that checks a config, or a part that it loads: an edit isn't rejected, and is put in force later", async () => {
  await started();
  let back = take("dist/config/check/check-child.js");
  supervisor.configure(config({ pollSeconds: 0.3 }));
  expect(await warned("check-child.js")).toContain("a changed config isn't put in force");
  back();
  await supervisor.recorded("config.changed");
  await calm();
  back = take("dist/load.js");
  supervisor.configure(config({ pollSeconds: 0.35 }));
  expect(await warned("load.js is gone")).toContain("a changed config isn't put in force");
  back();
  await supervisor.shows("the second edit", ({ supervisor: { pollSeconds } }) => pollSeconds === 0.35);
  expect(supervisor.audit("config.rejected")).toEqual([]);
  await calm();
});

test("Node: its jobs aren't to blame, however often they couldn't be launched", async () => {
  await started();
  const before = await supervisor.steps("count", 3);
  const back = take("node");
  process.kill(before.pid as number, "SIGKILL");
  expect(await warned(`Node (${at("app/node")})`)).toContain("no checkpoint is verified");
  const failed = await supervisor.shows("a launch that failed", ({ events }) =>
    events.find(({ reason }) => reason.includes("couldn't be launched")),
  );
  expect(failed.reason).toMatch(
    /Node \(.*\), which runs this supervisor too, is gone.*doesn't count as a failure/,
  );
  expect(failed.reason).not.toContain("command not found");
  back();
  await supervisor.reaches("count", ["running"]);
  await supervisor.steps("count", 0);
  await calm();
});
