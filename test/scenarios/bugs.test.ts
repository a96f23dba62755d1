/**
 * A bug of the supervisor's own ends it at once, with its stack, and leaves the jobs running; what the world
 * refuses is a sentence. The bug is a real one: a job whose row in the database says that it runs, in no run.
 */
import { spawn } from "node:child_process";
import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, expect, test } from "vitest";
import { VERSION } from "../../src/version.ts";
import { BIN } from "../cli/command-line.ts";
import { child } from "../record/scratch.ts";
import { alive, CHILDREN, RealSupervisor, until } from "./real-supervisor.ts";

let supervisor: RealSupervisor;
afterEach(() => supervisor.close());

const count = { name: "count", command: ["node", join(CHILDREN, "count-steps.ts"), "--ms", "5"] };
const odd = { name: "odd", command: ["true"] };
const database = (): string => join(supervisor.directory, "audit.sqlite");

const BUG = new RegExp(`^This is a bug in supervisor ${VERSION.replaceAll(".", "\\.")}:\n\\w*Error: `);
/** A frame that names a file of ours, with its line. */
const FRAME = /^ {4}at .*\/dist\/[\w/-]+\.js:\d+:\d+\)?$/m;

/** Gives the pid of `count`, which goes on without a supervisor; of `odd` the database says that it runs, in no run. */
async function leftAlone(more: object): Promise<number> {
  supervisor = await new RealSupervisor({ jobs: [odd, count] }).start();
  await supervisor.reaches("odd", ["finished"]);
  const { pid } = await supervisor.reaches("count", ["running"]);
  await supervisor.crash();
  const db = new Database(database());
  const known = JSON.parse(db.prepare("SELECT job FROM jobs WHERE name = 'odd'").pluck().get() as string);
  const state = { name: "running", since: known.state.since };
  const job = JSON.stringify({ ...known, state, ...more });
  db.prepare("UPDATE jobs SET job = ? WHERE name = 'odd'").run(job);
  db.close();
  return pid as number;
}

/** Starts it, though it may never answer. */
function begin(): void {
  const argv = [BIN, "start", "--headless", "--config", supervisor.configFile];
  const begun = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "pipe"] });
  supervisor.process = begun;
  supervisor.output = "";
  for (const stream of [begun.stdout, begun.stderr])
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      supervisor.output += chunk;
    });
}

/** What the supervisor has said once it has ended by itself. */
async function lastWords(): Promise<string> {
  const ended = supervisor.process;
  await until("its end", () => ended?.exitCode !== null);
  expect(ended?.exitCode).toBe(1);
  return supervisor.output.slice(supervisor.output.indexOf("This is a bug"));
}

test("an assertion that fails in a tick is shown with its stack, and no job is touched", async () => {
  const pid = await leftAlone({ manual: { want: "pause", sinceMs: Date.now(), untilMs: null, by: "ana" } });
  begin();
  const said = await lastWords();
  expect(said).toMatch(BUG);
  expect(said).toContain("job 'odd' in state 'running' got 'a run', which has no meaning there");
  expect(said).toMatch(FRAME);
  expect(alive(pid)).toBe(true);
});

test("one that fails beside the ticks, for a person's request, is no less one", async () => {
  const pid = await leftAlone({});
  await supervisor.start();
  supervisor.say("cancel", "odd", "--no-wait");
  const said = await lastWords();
  expect(said).toMatch(BUG);
  expect(said).toMatch(FRAME);
  expect(alive(pid)).toBe(true);
});

test("a held database, a place that isn't ours: one sentence, no stack", async () => {
  supervisor = await new RealSupervisor({ jobs: [] }).start();
  const held = supervisor.say("start", "--headless");
  expect(held).toMatchObject({ code: 1, out: "" });
  expect(held.err).toMatch(
    /^\S+ is held by the supervisor with pid \d+ of .* Attach to it, stop it, or set "stateDirectory" to another folder\.\n$/,
  );
  await supervisor.crash();
  const socket = join(supervisor.directory, "state/supervisor.sock");
  rmSync(socket, { force: true });
  writeFileSync(socket, "");
  expect(supervisor.say("start", "--headless")).toEqual({
    code: 1,
    out: expect.any(String),
    err: `${socket} is in the way and is not a socket. Move it away.\n`,
  });
  const state = join(supervisor.directory, "state");
  rmSync(state, { recursive: true });
  symlinkSync("/tmp", state);
  expect(supervisor.say("start", "--headless")).toEqual({
    code: 1,
    out: "",
    err: `The state directory ${state} is a symbolic link; give the directory itself.\n`,
  });
});

test("an audit log that can't be written is one warning, until it can be", async () => {
  supervisor = await new RealSupervisor({ jobs: [count] }).start();
  await supervisor.reaches("count", ["running"]);
  const warnings = () => supervisor.snapshot().supervisor.warnings;
  expect(warnings()).toEqual([]);
  const locker = child("record-locker.ts", database());
  expect(await locker.line()).toBe("locked");
  expect(supervisor.say("pause", "count", "--no-wait").code).toBe(0);
  await until("a warning", () => warnings().length > 0);
  expect(warnings()).toEqual([
    "The audit log can't be written: database is locked. Its events are kept until it can be, and no job is started meanwhile.",
  ]);
  await locker.kill("SIGKILL");
  await until("its end", () => warnings().length === 0);
  await supervisor.recorded("pause.requested", "count");
});

test("a stop whose events can't be written says that they are lost, and ends with 1; one that had to wait for a lock doesn't", async () => {
  supervisor = await new RealSupervisor({ jobs: [count] }).start();
  await supervisor.reaches("count", ["running"]);
  const locker = child("record-locker.ts", database());
  expect(await locker.line()).toBe("locked");
  const stopped = supervisor.say("stop");
  expect(stopped.out).toMatch(
    /^Stopped\. Saved and paused: count\.(?:.|\n)*The last events couldn't be written to \S+audit\.sqlite \(database is locked\) and are lost/,
  );
  expect(stopped.code).toBe(1);
  await locker.kill("SIGKILL");

  await supervisor.start();
  await supervisor.reaches("count", ["running"]);
  const brief = child("record-locker.ts", database());
  expect(await brief.line()).toBe("locked");
  expect(supervisor.say("pause", "count", "--no-wait").code).toBe(0);
  await until("a warning", () => supervisor.snapshot().supervisor.warnings.length > 0);
  await brief.kill("SIGKILL");
  expect(supervisor.say("stop")).toMatchObject({ code: 0, out: expect.not.stringContaining("lost") });
});
