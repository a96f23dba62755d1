/**
 * In a container without an init: what ended and isn't reaped is never taken for alive, and is told with the fix.
 * Covers: src/sense/proc/unreaped.ts, src/supervise/own-places/looks.ts
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect } from "vitest";
import { connectControl } from "../../src/control/client.ts";
import type { JobView, Snapshot } from "../../src/control/protocol.ts";
import { type Need, testWith } from "../needs.ts";
import { until } from "../until.ts";

const BIN = resolve(import.meta.dirname, "../../dist/bin.js");
const NAMESPACE = ["--pid", "--fork", "--mount-proc", "--kill-child"];
const pidNamespace: Need = {
  met: spawnSync("unshare", [...NAMESPACE, "true"]).status === 0,
  reason: "a pid namespace isn't allowed",
};

let directory: string;
let inside: ChildProcess;
const at = (...path: string[]): string => join(directory, ...path);
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "no-init-"));
});
afterEach(async () => {
  const ended = new Promise((resolve) => inside.once("exit", resolve));
  if (inside.exitCode === null && inside.signalCode === null && inside.kill("SIGKILL")) await ended;
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
});

/** Leaves a daemon behind that ends at once, then waits for its end. */
const JOB = "(setsid sh -c 'sleep 0.1' &) ; until [ -e end ]; do sleep 0.05; done; exit 6";

/** A shell as process 1 of a pid namespace; `$NODE $BIN …` starts the supervisor there. */
function container(script: string): void {
  mkdirSync(at("claims"));
  const job = { name: "wait", command: ["/bin/sh", "-c", JOB], restart: { onFailure: false } };
  writeFileSync(
    at("c.json"),
    JSON.stringify({ stateDirectory: "state", pollSeconds: 0.2, rules: [], jobs: [job] }),
  );
  const start = `"${process.execPath}" "${BIN}" start --headless --config "${at("c.json")}"`;
  const text = script.replaceAll("START", start);
  inside = spawn("unshare", [...NAMESPACE, "/bin/sh", "-c", text], { stdio: "ignore", cwd: directory });
}

async function look(): Promise<Snapshot> {
  const client = await connectControl(at("state/supervisor.sock"));
  try {
    return ((await client.request({ verb: "snapshot" })) as { result: unknown }).result as Snapshot;
  } finally {
    client.close();
  }
}
const job = (states: string[]): Promise<JobView> =>
  until(`the job ${states.join(" or ")}`, async () =>
    (await look()).jobs.find(({ state }) => states.includes(state)),
  );
const warning = (words: string): Promise<string> =>
  until(words, async () => (await look()).supervisor.warnings.find((one) => one.includes(words)));

testWith(pidNamespace)("the supervisor as process 1 says --init, and its job still ends", async () => {
  container("exec START");
  await job(["running"]);
  expect(await warning("--init")).toContain("is process 1 here");
  const status = spawnSync(process.execPath, [BIN, "status", "--config", at("c.json")], { encoding: "utf8" });
  expect(status.stdout).toContain("--init");
  const doctor = spawnSync(process.execPath, [BIN, "doctor", "--config", at("c.json")], { encoding: "utf8" });
  expect(doctor.stdout).toContain("is process 1 here");
  writeFileSync(at("end"), "");
  await job(["failed"]);
});

testWith(pidNamespace)("below a process 1 that reaps nothing: a zombie launcher is no live run", async () => {
  // Process 1 reaps nothing from the first one's end on: the next one finds that unreaped at its first look.
  container("START & (until [ -e again ]; do sleep 0.05; done; START) & exec sleep 1000");
  const { pid } = await job(["running"]);
  const { supervisor } = await look();
  spawnSync("nsenter", ["-t", pidOfShell(), "-p", "-m", "kill", "-9", String(supervisor.pid)]);
  const gone = (): Promise<boolean> =>
    look().then(
      () => false,
      () => true,
    );
  await until("its end", gone);
  writeFileSync(at("again"), "");
  // The next one takes over the run, whose launcher is the child of a program that reaps nothing.
  expect(await job(["running"])).toMatchObject({ pid, run: 1 });
  writeFileSync(at("end"), "");
  await job(["failed"]);
  const { events } = await look();
  expect(events.find(({ kind }) => kind === "job.failed")?.reason).toContain("exit code 6");
  expect(await warning("--init")).toMatch(/\d+ process(es)? ended, and process 1 \(sleep\) doesn't reap/);
});

const pidOfShell = (): string =>
  readFileSync(`/proc/${inside.pid}/task/${inside.pid}/children`, "utf8").trim().split(" ")[0] ?? "";
