/**
 * Configs played over generated history whose outcome can be worked out by hand.
 * Covers: src/replay/replay.ts, src/replay/play-config.ts, src/replay/beginning.ts, src/replay/figures.ts, src/replay/models/model-runs.ts,
 * src/replay/decisions.ts
 */
import { expect, test } from "vitest";
import type { Figures } from "../../src/replay/figures.ts";
import type { History, PastEvent } from "../../src/replay/history/history.ts";
import { replay } from "../../src/replay/replay.ts";
import { CPU_RULE, configOf, historyOf, knownJob, START_MS } from "./material.ts";

const JOB = { name: "asr", command: ["train"] };
const careful = configOf({ rules: [CPU_RULE], jobs: [JOB] });

/** Somebody computes from one second to another. */
const spell = (from: number, to: number) => (second: number) => ({
  cpuOthers: second >= from && second < to ? 75 : 4,
});

async function played(history: History, config = careful): Promise<Figures> {
  const { configs } = await replay(history, [{ name: "one", config, yardstick: careful }]);
  return configs[0] as Figures;
}

test("a spell of others costs one pause and one resume, each when its dwell is over", async () => {
  const history = historyOf({ seconds: 1200, scene: spell(600, 700), jobs: [knownJob("asr")] });
  const figures = await played(history);
  expect(figures).toMatchObject({ pauses: 1, resumes: 1, starts: 1 });
  expect(figures.decisions.map(({ kind, atMs }) => [kind, (atMs - START_MS) / 1000])).toEqual([
    ["job.started", 0],
    ["pause.requested", 605],
    ["resume.requested", 720],
  ]);
  const [job] = figures.jobs;
  // 10 s to load at first; 605 s of running less that; from 730 s on again.
  expect(job).toMatchObject({ loadingMs: 10_000, savingMs: 5000, redoneMs: 0 });
  expect(job?.workedMs).toBe((605 - 10 + 1199 - 730) * 1000);
  // The dwell, the save, and the look that sees it gone.
  expect(figures.pressureMs).toBeGreaterThanOrEqual(10_000);
  expect(figures.pressureMs).toBeLessThanOrEqual(12_000);
});

test("a config without rules is measured by the same yardstick", async () => {
  const history = historyOf({ seconds: 1200, scene: spell(600, 700), jobs: [knownJob("asr")] });
  const figures = await played(history, configOf({ rules: [], jobs: [JOB] }));
  expect(figures).toMatchObject({ pauses: 0, pressureMs: 100_000 });
});

test("a rule's pause takes what was recorded of the nearest one", async () => {
  const event = (seconds: number, kind: PastEvent["kind"], outcome: Record<string, unknown>): PastEvent => ({
    id: 1,
    at: "",
    atMs: START_MS + seconds * 1000,
    kind,
    job: "asr",
    run: 1,
    actor: "job",
    reason: "",
    outcome,
    hash: "",
  });
  const events = [
    event(640, "pause.completed", { goneAfterMs: 31_000, signalToCheckpointMs: 30_000 }),
    event(730, "resume.completed", { reloadMs: 44_000 }),
    event(5000, "pause.completed", { goneAfterMs: 1000, signalToCheckpointMs: 1000 }),
  ];
  const figures = await played(
    historyOf({ seconds: 2600, scene: spell(600, 700), jobs: [knownJob("asr")], events }),
  );
  expect(figures.jobs[0]).toMatchObject({ savingMs: 31_000, loadingMs: 44_000 });
});

test("a job finishes after as much work as it took, and later where it was paused for longer", async () => {
  const at = (seconds: number, kind: PastEvent["kind"]): PastEvent => ({
    id: 1,
    at: "",
    atMs: START_MS + seconds * 1000,
    kind,
    job: "asr",
    run: 1,
    actor: "job",
    reason: "",
    hash: "",
  });
  const events = [at(0, "job.started"), at(900, "job.finished")];
  const given = { seconds: 3000, jobs: [knownJob("asr")], events };
  const quiet = await played(historyOf({ ...given, scene: spell(0, 0) }));
  expect(((quiet.jobs[0]?.finishedAtMs ?? 0) - START_MS) / 1000).toBeCloseTo(900, -1);
  const busy = await played(historyOf({ ...given, scene: spell(300, 1300) }));
  expect(busy.jobs[0]?.workedMs).toBe(quiet.jobs[0]?.workedMs);
  expect((busy.jobs[0]?.finishedAtMs ?? 0) - (quiet.jobs[0]?.finishedAtMs ?? 0)).toBeGreaterThan(1_000_000);
});

test("what a person asked for is asked for again at its time", async () => {
  const asked = (seconds: number, kind: PastEvent["kind"]): PastEvent => ({
    id: 1,
    at: "",
    atMs: START_MS + seconds * 1000,
    kind,
    job: "asr",
    run: 1,
    actor: "user",
    reason: "Asked for by ana.",
    hash: "",
  });
  const events = [asked(200, "pause.requested"), asked(500, "resume.requested")];
  const { decisions } = await played(
    historyOf({ seconds: 900, scene: spell(0, 0), jobs: [knownJob("asr")], events }),
  );
  expect(decisions.map(({ kind, atMs }) => [kind, (atMs - START_MS) / 1000])).toEqual([
    ["job.started", 0],
    ["pause.requested", 200],
    ["resume.requested", 500],
  ]);
});

test.each<[string, PastEvent["kind"][], string[]]>([
  ["at work goes on in its run", ["job.started"], ["pause.requested", "resume.requested"]],
  [
    "paused by a rule comes back once that is clear",
    ["job.started", "pause.requested", "pause.completed"],
    ["resume.requested", "pause.requested", "resume.requested"],
  ],
  ["finished stays so", ["job.started", "job.finished"], []],
  ["cancelled stays so", ["job.started", "job.cancelled"], []],
])("a job that was %s when the replay begins", async (_, kinds, decided) => {
  const events = kinds.map(
    (kind, at): PastEvent => ({
      id: at + 1,
      at: "",
      atMs: START_MS - 1000 + at,
      kind,
      job: "asr",
      run: 1,
      actor: "rule:another",
      reason: "",
      hash: "",
    }),
  );
  const given = { seconds: 1000, scene: spell(600, 700), jobs: [knownJob("asr")], events };
  const { decisions, jobs } = await played(historyOf(given));
  expect(decisions.map(({ kind }) => kind)).toEqual(decided);
  expect((jobs[0]?.workedMs ?? 0) > 0).toBe(decided.length > 0);
});

test("time without samples is left out of every figure, and said", async () => {
  const kept = (second: number): boolean => second < 300 || second >= 4000;
  const history = historyOf({ seconds: 4300, scene: spell(0, 0), kept, jobs: [knownJob("asr")] });
  const replayed = await replay(history, [{ name: "one", config: careful, yardstick: careful }]);
  expect(replayed).toMatchObject({ gaps: 1, unrecordedMs: 3_701_000 });
  expect(replayed.configs[0]?.jobs[0]?.workedMs).toBeLessThan(600_000);
});

test.each([
  ["back by ten minutes", -600.5, 1398.5],
  ["back by five seconds", -5.5, 1993.5],
  // A gap, in which a second passes.
  ["forward by an hour", 3600, 1999],
  ["forward by a minute", 60, 1999],
])("where the clock was set %s, no time counts twice", async (_, off, counted) => {
  const clockOff = (second: number): number => (second < 1000 ? 0 : off);
  const given = { seconds: 2000, scene: spell(0, 0), jobs: [knownJob("asr")] };
  const history = historyOf({ ...given, clockOff });
  const replayed = await replay(history, [{ name: "one", config: careful, yardstick: careful }]);
  const { doubts, configs, thinnedMs } = replayed;
  const inState = Object.values(configs[0]?.jobs[0]?.inState ?? {});
  expect(inState.reduce((sum, ms) => sum + ms, 0) / 1000).toBe(counted);
  expect(thinnedMs).toBe(0);
  expect(doubts).toEqual(off < 0 ? [expect.stringContaining("The clock was set back")] : []);
});

test("a rule without a reading is named, since it could never act", async () => {
  const hot = { ...CPU_RULE, name: "too hot", metric: "gpu.temperature" };
  const config = configOf({ rules: [CPU_RULE, hot], jobs: [JOB] });
  const history = historyOf({ seconds: 30, scene: spell(0, 0) });
  const { doubts } = await replay(history, [{ name: "one", config, yardstick: config }]);
  expect(doubts).toEqual([expect.stringContaining("'too hot' could never act: gpu.temperature")]);
});

test("energy follows the power of the GPUs, and hours without a reading aren't counted as zero", async () => {
  const scene = () => ({ cpuOthers: 0, gpuOthers: 0, watts: 250 });
  const history = historyOf({ seconds: 3601, scene });
  const figures = await played(history, configOf({ rules: [], jobs: [] }));
  expect(figures.energyWh).toBeCloseTo(250, 3);
  const blind = historyOf({ seconds: 3601, scene: () => ({ cpuOthers: 0 }) });
  expect((await played(blind)).energyWh).toBeNull();
});

test.each([
  ["none of them", {}],
  ["one of two", { gpuOthers: 0, watts: 80 }],
])("while %s could be read, the energy of the GPUs is unknown", async (_, left) => {
  const scene = (second: number) =>
    second < 1800
      ? { cpuOthers: 0, gpuOthers: 0, watts: 250 }
      : { cpuOthers: 0, unread: "no driver", ...left };
  const figures = await played(historyOf({ seconds: 3601, scene }), configOf({ rules: [], jobs: [] }));
  expect(figures.energyWh).toBeCloseTo(125, 3);
  expect(figures.energyUnknownMs).toBe(1_800_000);
});
