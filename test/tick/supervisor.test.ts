/**
 * The tick with real processes, a journal in memory, and effects that take their time.
 * Covers: src/tick/observe.ts, src/tick/once.ts, src/tick/steps.ts
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { clock } from "../../src/clock.ts";
import { prepareStateDirectory } from "../../src/files/state-directory.ts";
import type { Job } from "../../src/model/job.ts";
import { runOf } from "../../src/model/state.ts";
import type { Journal } from "../../src/ports/journal.ts";
import type { Runs } from "../../src/ports/runs.ts";
import type { Sensors } from "../../src/ports/sensors.ts";
import { createRuns } from "../../src/runs/create-runs.ts";
import { readStat } from "../../src/sense/proc/process.ts";
import { type Moment, Supervisor } from "../../src/tick/supervisor.ts";
import { makeConfig, makeJob, makeSample } from "../decide/make.ts";
import { createFailingJournal, createMemoryJournal } from "../fakes/memory-journal.ts";
import { openJournal } from "../record/scratch.ts";
import { until } from "../until.ts";

const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
const sensors: Sensors = { sample: (_, now) => makeSample(now), guard: () => {}, close: () => {} };

/** One supervisor with one job, which notes each of its beginnings; the first one fails. */
function given(
  journal: Journal,
  slow: (runs: Runs) => Runs = (runs) => runs,
  { spec = {}, facts = {} }: { spec?: object; facts?: Partial<Job> } = {},
) {
  const directory = mkdtempSync(join(tmpdir(), "supervisor-tick-"));
  prepareStateDirectory(directory);
  const begun = join(directory, "begun");
  const script = `echo begun >> ${begun}; test $(wc -l < ${begun}) -gt 1 && exec sleep 300; exit 1`;
  const command = ["/bin/sh", "-c", script];
  const job = makeJob({ command, cwd: directory, restart: { backoffSeconds: 0.001 }, ...spec }, facts);
  const real = createRuns({ stateDirectory: directory, directory });
  let ids = 0;
  const identity = { bootId, newRunId: () => `tick-${process.pid}-${ids++}` };
  const parts = { clock, sensors, journal, runs: slow(real), identity, wake: () => {} };
  const supervisor = new Supervisor(parts, makeConfig(), { jobs: { tts: job }, events: [], effects: [] });
  onTestFinished(async () => {
    await supervisor.idle();
    const live = Object.values(supervisor.world.jobs).find((one) => runOf(one));
    const run = live && runOf(live);
    if (live && run) await real.perform({ do: "kill", job: live.name, run }, live);
    await real.close();
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  });
  const beginnings = (): number => {
    try {
      return readFileSync(begun, "utf8").split("\n").length - 1;
    } catch {
      return 0;
    }
  };
  /** Ticks until it holds. */
  const reaches = (what: string, holds: () => boolean): Promise<boolean> =>
    until(what, () => {
      const held = holds();
      if (!held) supervisor.tick();
      return held;
    });
  return { supervisor, runs: real, beginnings, reaches, directory };
}

test("a run whose launch waits behind another effect isn't taken for lost and started twice", async () => {
  const journal = createMemoryJournal();
  const gate = Promise.withResolvers<void>();
  const { supervisor, beginnings, reaches } = given(journal, (runs) => ({
    ...{ observe: runs.observe.bind(runs), live: runs.live.bind(runs) },
    ...{
      checkpoints: runs.checkpoints.bind(runs),
      service: () => undefined,
      foreignCheckpoints: () => null,
      freeMiB: () => null,
      onChange: () => {},
      close: () => runs.close(),
    },
    perform: async (effect, job) => {
      if (effect.do === "tidy") await gate.promise;
      return runs.perform(effect, job);
    },
  }));
  await reaches("the second run", () => journal.runs.length === 2);
  for (let tick = 0; tick < 10; tick++) supervisor.tick();
  expect(supervisor.world.jobs.tts?.state.name).toBe("starting");
  gate.resolve();
  await reaches("its beginning", () => beginnings() === 2);
  await reaches("running", () => supervisor.world.jobs.tts?.state.name === "running");
  expect(journal.runs).toHaveLength(2);
  expect(journal.events.filter(({ kind }) => kind === "job.lost")).toEqual([]);
});

test("a launch that fails while its job is asked to pause is told as what it is", async () => {
  const journal = createMemoryJournal();
  const gate = Promise.withResolvers<void>();
  const late = (runs: Runs): Runs => ({
    ...runs,
    perform: async (effect, job) => {
      if (effect.do === "launch") await gate.promise;
      return runs.perform(effect, job);
    },
  });
  const { supervisor, reaches } = given(journal, late, { spec: { cwd: "/nowhere/at/all" } });
  const state = () => supervisor.world.jobs.tts?.state.name;
  await reaches("its start", () => state() === "starting");
  supervisor.request({ verb: "pause", jobs: ["tts"], untilMs: null, by: "ana" });
  expect(state()).toBe("pausing");
  gate.resolve();
  await supervisor.idle();
  supervisor.tick();
  expect(journal.events.at(-1)).toMatchObject({
    kind: "job.failed",
    reason: expect.stringMatching(/^It couldn't be launched: .*\/nowhere\/at\/all/),
  });
  expect(state()).toBe("waiting");
});

test("a start that can't be recorded isn't made, and nothing says later that it was", async () => {
  const journal = createFailingJournal();
  const { supervisor, beginnings, reaches } = given(journal);
  for (let tick = 0; tick < 5; tick++) supervisor.tick();
  expect(supervisor.world.jobs.tts?.state.name).toBe("waiting");
  expect(beginnings()).toBe(0);
  journal.failing = null;
  await reaches("its beginning", () => beginnings() === 1);
  expect(journal.events.filter(({ kind }) => kind === "job.started")).toHaveLength(1);
  expect(journal.runs).toHaveLength(1);
});

test("a turn on a GPU begins with the launch: one that is put off, since another checkpoint is there, takes none", async () => {
  const turn = { gpu: "GPU-0", forMs: 60_000, askedAtMs: 0, by: "ana" };
  const { supervisor, beginnings, reaches, directory } = given(createMemoryJournal(), undefined, {
    spec: { checkpoint: { glob: "step_*.pt" } },
    facts: { turn, runs: 1, firstRunMs: 0, bootId },
  });
  writeFileSync(join(directory, "step_9.pt"), "weights");
  await reaches("its checkpoint", () => supervisor.world.jobs.tts?.checkpoint?.step === 9);
  expect([beginnings(), supervisor.world.jobs.tts?.turn]).toEqual([0, turn]);
  // It is given no GPU, and needs no turn then.
  await reaches("its beginning", () => beginnings() === 1);
  expect(supervisor.world.jobs.tts?.turn).toBeUndefined();
});

test("a moment that was published stays as it was, whatever the next ticks see and do", async () => {
  const { supervisor, reaches } = given(createMemoryJournal());
  const held: { moment: Moment; copy: unknown }[] = [];
  const whole = (moment: Moment) => ({ ...moment, why: moment.why() });
  await reaches("running", () => {
    const { moment } = supervisor;
    if (moment) held.push({ moment, copy: structuredClone(whole(moment)) });
    return moment?.world.jobs.tts?.state.name === "running" && supervisor.world.jobs.tts?.runs === 2;
  });
  expect(held.length).toBeGreaterThan(2);
  for (const { moment, copy } of held) expect(whole(moment)).toEqual(copy);
});

test("at every moment each job's state is the one that its why is about, also of one that has just been started", async () => {
  const { supervisor, reaches } = given(createMemoryJournal());
  const seen: [state: string, sinceMs: number][] = [];
  const told: unknown[] = [];
  await reaches("running", () => {
    const { moment } = supervisor;
    const job = moment?.world.jobs.tts;
    if (!moment || !job) return false;
    seen.push([job.state.name, job.state.since.wallMs]);
    told.push([moment.why().tts?.state, moment.why().tts?.sinceMs]);
    return job.state.name === "running";
  });
  expect(told).toEqual(seen);
  expect(seen.map(([name]) => name)).toContain("starting");
});

test("while samples alone can't be written, no start is even tried, and why says so", async () => {
  const journal = openJournal();
  const db = new Sqlite(journal.path);
  onTestFinished(() => void db.close());
  db.exec(
    "CREATE TRIGGER no_samples BEFORE INSERT ON samples BEGIN SELECT RAISE(FAIL, 'no room for samples'); END",
  );
  const now = clock.now();
  for (const agoMs of [20_000, 0])
    journal.addSample(makeSample({ ...now, monotonicMs: now.monotonicMs - agoMs }));
  const { supervisor, beginnings, reaches } = given(journal);
  const { why } = supervisor.tick();
  expect(why().tts?.waitingFor.map(({ code }) => code)).toEqual(["journal"]);
  expect(journal.problem).toContain("no room for samples");
  for (let tick = 0; tick < 5; tick++) supervisor.tick();
  expect(beginnings()).toBe(0);
  db.exec("DROP TRIGGER no_samples");
  await reaches("its beginning", () => beginnings() === 1);
  expect(journal.problem).toBeNull();
});

/** The job with its second run, once its process is known and past its shell, which has children of its own. */
const atWork = ({ world: { jobs } }: Supervisor) => {
  const job = jobs.tts;
  const run = job?.runs === 2 ? runOf(job) : null;
  const isPast = run?.pid ? readStat(run.pid)?.name === "sleep" : false;
  return job?.state.name === "running" && run?.pid && isPast ? { job, run, pid: run.pid } : null;
};

test("a pause by hand acts at once, between two ticks", async () => {
  const { supervisor, reaches } = given(createMemoryJournal());
  await reaches("its process", () => atWork(supervisor) !== null);
  const { pid } = atWork(supervisor) ?? { pid: 0 };
  const { errors } = supervisor.request({ verb: "pause", jobs: ["tts"], untilMs: null, by: "ana" });
  expect(errors).toEqual([]);
  expect(supervisor.world.jobs.tts?.state.name).toBe("pausing");
  // No tick comes: it is the request that has it stopped.
  await until("it is stopped", () => readStat(pid)?.state === "T");
});

test("a pause by hand is decided by what is there now, not by what the last tick saw", async () => {
  const journal = createMemoryJournal();
  const { supervisor, runs, reaches } = given(journal);
  await reaches("its process", () => atWork(supervisor) !== null);
  const { job, run, pid } = atWork(supervisor) ?? {};
  if (!job || !run || !pid) throw new Error("it was at work");
  process.kill(pid, "SIGKILL");
  await until("its exit is recorded", () => runs.observe(job, run).exit?.known);
  expect(supervisor.world.jobs.tts?.state.name).toBe("running");
  supervisor.request({ verb: "pause", jobs: ["tts"], untilMs: null, by: "ana" });
  expect(journal.events.map(({ kind }) => kind)).not.toContain("pause.requested");
  expect(supervisor.world.jobs.tts?.state.name).toBe("waiting");
});
