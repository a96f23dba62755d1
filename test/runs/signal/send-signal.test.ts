/**
 * Covers: src/runs/signal/control-word.ts, src/runs/signal/listeners.ts, src/runs/observe/watch-directories.ts
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CONTROL_FILE } from "../../../src/contract/names.ts";
import { runDirectory, statusDirectory } from "../../../src/files/state-paths.ts";
import type { Job } from "../../../src/model/job.ts";
import type { Run } from "../../../src/model/run.ts";
import type { PauseRequest } from "../../../src/model/state.ts";
import { createRuns } from "../../../src/runs/create-runs.ts";
import { sendSignal } from "../../../src/runs/signal/send-signal.ts";
import { isAlive, readStat } from "../../../src/sense/proc/process.ts";
import {
  child,
  givenJob,
  givenRun,
  givenState,
  inState,
  known,
  logOf,
  readOr,
  type Started,
  start,
  until,
} from "../given.ts";

const library = `${process.execPath} ${child("act-library-job")}`;
const thirdParty = child("act-third-party");
/** The job while it is asked to pause, in this way. */
function pausingBy(job: Job, run: Run, how: Partial<PauseRequest>): Job {
  const paused = inState(job, run, "pausing");
  if (paused.state.name !== "pausing") throw new Error("a test asks for what isn't there");
  return { ...paused, state: { ...paused.state, request: { ...paused.state.request, ...how } } };
}
const ready = (it: Started) => until("its report", () => it.see().ranks[0]);

test.each([
  ["itself", ["node", child("act-library-job")]],
  ["under bash -c", ["bash", "-c", `${library}; true`]],
  ["under timeout", ["timeout", "100", "node", child("act-library-job")]],
  [
    "under bash, which catches the signal itself",
    ["bash", "-c", `trap 'echo wrapper' USR2; ${library}; exit $?`],
  ],
])("the word and the bell reach a library job: %s", async (_, command) => {
  const state = givenState();
  const it = await start(state, givenJob(command));
  const rank = await ready(it);
  expect(it.see().signalCaught).toBe(true);
  expect(await it.ask("standby", 1)).toEqual({ ok: true });
  await until("its acknowledgement", () => it.see("pausing").ranks[0]?.state === "standby");
  expect(it.see().ranks[0]).toMatchObject({ sequence: 1, pid: rank.pid });
  const control = join(statusDirectory(state, it.run.id), CONTROL_FILE);
  expect(JSON.parse(readFileSync(control, "utf8"))).toEqual({ sequence: 1, want: "standby" });

  expect(await it.ask("pause", 2)).toEqual({ ok: true });
  const seen = await it.end();
  expect(seen.ranks[0]).toMatchObject({ sequence: 2, state: "paused" });
  expect(seen.signalCaught).toBeNull();
  expect(logOf(state)).not.toContain("wrapper");
});

test("an acknowledgement wakes the loop while a pause is awaited", async () => {
  const it = await start(givenState(), givenJob(["node", child("act-library-job")]));
  await ready(it);
  it.see("pausing");
  let woken = 0;
  it.runs.onChange(() => woken++);
  await it.ask("standby");
  await until("a wake", () => woken);
});

test("a process that doesn't catch the signal is not signalled, and the reason names it", async () => {
  const state = givenState();
  const marker = join(state, "marker");
  const it = await start(
    state,
    givenJob(["node", thirdParty, "none", marker], { pause: { signal: "SIGUSR2" } }),
  );
  await until("its start", () => readOr(marker).includes("ready"));
  expect(it.see().signalCaught).toBe(false);
  for (const done of [await it.ask("pause"), await it.perform("ring")])
    expect(done).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/act-third-party.*doesn't catch SIGUSR2/),
    });
  expect(it.see()).toMatchObject({ alive: true, exit: null });
});

test("a program that only catches the signal isn't signalled, whatever it would do with it", async () => {
  const marker = join(givenState(), "marker");
  const it = await start(givenState(), givenJob(["node", thirdParty, "SIGUSR2", marker]));
  await until("its start", () => readOr(marker).includes("ready"));
  expect(it.see().signalCaught).toBe(false);
  // The word lies there for a library that it may come to yet.
  for (const done of [await it.ask("pause"), await it.perform("ring")]) expect(done).toEqual({ ok: true });
  expect(await it.perform("freeze")).toEqual({ ok: true });
  expect(readOr(marker)).not.toContain("heard");
});

test.each([
  ["pause", {}],
  ["standby", { method: "standby" }],
] as const)("a ring for %s that no process could hear is sent again once one can", async (want, asked) => {
  const state = givenState();
  const marker = join(state, "marker");
  const it = await start(
    state,
    givenJob(["node", thirdParty, "later", marker], { pause: { signal: "SIGUSR2" } }),
  );
  await until("its pid", () => it.see("starting").pid);
  expect(await it.ask(want)).toMatchObject({ ok: false });
  writeFileSync(`${marker}.catch`, "");
  const look = () => it.runs.observe(pausingBy(it.job, it.run, asked), it.run);
  await until("the signal", () => look() && readOr(marker).includes("heard"));
});

test("a program without a library is signalled once for each request, and only to pause", async () => {
  const state = givenState();
  const marker = join(state, "marker");
  const job = givenJob(["node", thirdParty, "SIGTERM", marker], { pause: { signal: "SIGTERM" } });
  const it = await start(state, job);
  await until("its start", () => readOr(marker).includes("ready"));
  expect(await it.ask("run", 1)).toMatchObject({ ok: false });
  expect(await it.ask("pause", 1)).toEqual({ ok: true });
  expect(await it.perform("ring")).toEqual({ ok: true });
  await until("the signal", () => readOr(marker).includes("heard"));
  expect(await it.ask("pause", 2)).toEqual({ ok: true });
  await until("the second signal", () => readOr(marker).split("heard").length === 3);
});

test("child:<part> finds the program behind its wrapper; neither wrapper nor workers are signalled", async () => {
  const state = givenState();
  const marker = join(state, "marker");
  const command = ["bash", "-c", `${process.execPath} ${thirdParty} SIGUSR2 ${marker} fork; true`];
  const it = await start(
    state,
    givenJob(command, { pause: { signal: "SIGUSR2", target: "child:act-third-party.ts" } }),
  );
  await until("program and worker", () => readOr(marker).split("ready").length === 3);
  expect(await it.ask("pause")).toEqual({ ok: true });
  await until("the signal", () => readOr(marker).includes("heard"));
  const lines = readFileSync(marker, "utf8").trim().split("\n");
  const worker = lines.find((line) => line.startsWith("worker"))?.split(" ")[1];
  const heard = lines.filter((line) => line.startsWith("heard"));
  expect(heard).toHaveLength(1);
  expect(heard[0]).not.toBe(`heard ${worker}`);
  expect(it.see()).toMatchObject({ alive: true });
});

test("child:<part> that matches nothing says so", async () => {
  const it = await start(
    givenState(),
    givenJob(["sleep", "100"], { pause: { exitCodes: [9], target: "child:no-such.py" } }),
  );
  await until("its pid", () => it.see().pid);
  expect(await it.ask("pause")).toEqual({
    ok: false,
    reason: "no process of the run has 'no-such.py' in its command line",
  });
});

test("others in the job's process group don't get the signal", async () => {
  const state = givenState();
  const marker = join(state, "marker");
  const command = `${process.execPath} ${thirdParty} SIGUSR2 ${marker} & ${library}; wait`;
  const it = await start(state, givenJob(["bash", "-c", command]));
  const rank = await ready(it);
  await until("the bystander", () => readOr(marker).includes("ready"));
  const bystander = Number(/ready (\d+)/.exec(readOr(marker))?.[1]);
  expect(readStat(bystander)?.group).toBe(readStat(rank.pid)?.group);
  await it.ask("pause");
  await until("the end of the rank", () => !isAlive(rank.pid, rank.startTime));
  expect(readOr(marker)).not.toContain("heard");
  expect(isAlive(bystander, null)).toBe(true);
});

test("a zombie and a pid that has changed hands are never signalled", async () => {
  const state = givenState();
  // A shell would reap it: it ends only once its parent is a program that reaps nothing.
  const ends = "echo $$; until grep -q sleep /proc/$PPID/comm; do :; done";
  const it = await start(state, givenJob(["bash", "-c", `sh -c '${ends}' & exec sleep 100`]));
  const zombie = Number(
    await until("a zombie", () => /\d+\n/.exec(readOr(join(state, "logs/job.log")))?.[0]),
  );
  await until("its death", () => readStat(zombie)?.state === "Z");
  expect(sendSignal({ pid: zombie, startTime: readStat(zombie)?.startTime ?? 0 }, "SIGTERM")).toBe(false);
  const { pid, startTime } = it.see();
  expect(sendSignal({ pid: pid ?? 0, startTime: (startTime ?? 0) + 1 }, "SIGTERM")).toBe(false);
  expect(sendSignal({ pid: 0, startTime: null }, "SIGTERM")).toBe(false);
  expect(sendSignal({ pid: -(pid ?? 0), startTime }, "SIGTERM")).toBe(false);
  expect(it.see()).toMatchObject({ alive: true });
});

test.each([
  ["a pause by checkpoint", { method: "checkpoint" }, "pause"],
  ["one on standby", { method: "standby" }, "standby"],
  ["one that gives up its standby, too", { method: "checkpoint", release: true }, "release"],
] as const)("where its files are swept away, the word of %s is written again", async (_, asked, want) => {
  const state = givenState();
  const job = givenJob(["node", child("act-library-job")]);
  const run = givenRun();
  const runs = createRuns({ stateDirectory: state, directory: state });
  const it = known(runs, job, run);
  await runs.perform({ do: "launch", job: job.name, run, resumeFrom: null }, inState(job, run, "starting"));
  await ready(it);
  rmSync(runDirectory(state, run.id), { recursive: true });
  expect(runs.restore(pausingBy(job, run, { ...asked, sequence: 7 }), run)).toBe(true);
  const control = join(statusDirectory(state, run.id), CONTROL_FILE);
  expect(JSON.parse(readFileSync(control, "utf8"))).toEqual({ sequence: 7, want });
});
