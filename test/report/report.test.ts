/** Covers: src/report/pauses.ts, src/report/others-waited.ts, src/report/csv.ts, src/report/table.ts */
import { describe, expect, test } from "vitest";
import type { AuditEvent, NewEvent } from "../../src/model/event.ts";
import { csvOf } from "../../src/report/csv.ts";
import { quantile } from "../../src/report/others-waited.ts";
import { type Report, reportOf } from "../../src/report/report.ts";
import { formatReport } from "../../src/report/table.ts";

const START = Date.UTC(2026, 2, 3, 9);

class Log {
  readonly events: AuditEvent[] = [];

  add(second: number, kind: NewEvent["kind"], more: Partial<NewEvent> = {}): void {
    const id = this.events.length + 1;
    const at = new Date(START + second * 1000).toISOString();
    this.events.push({
      id,
      at,
      kind,
      job: "asr",
      run: 1,
      actor: "job",
      reason: `${kind}.`,
      hash: "",
      ...more,
    });
  }

  /** A rule's pause of a job, with the time from its first pressure to relief: dwell and save. */
  pause(job: string, second: number, { dwell, save, away, load, lost = 0 }: Record<string, number>): void {
    const rule = { job: null, actor: "rule:cpu" as const, evidence: { dwellSeconds: dwell } };
    this.add(second, "rule.pressure", rule as Partial<NewEvent>);
    const by = { job, actor: "rule:cpu" as const, reason: "Ana computes." };
    const done = second + (save ?? 0);
    this.add(second, "pause.requested", { ...by, outcome: { method: "checkpoint" } });
    const outcome = { goneAfterMs: (save ?? 0) * 1000, stepsLost: lost, bytes: 9 };
    this.add(done, "pause.completed", { ...by, reason: "Paused.", outcome });
    this.add(done + (away ?? 0) - 1, "rule.cleared", rule as Partial<NewEvent>);
    const gpus = { outcome: { gpus: [], resumedFrom: "/c" } };
    this.add(done + (away ?? 0), "resume.requested", { job, actor: "supervisor", ...gpus });
    this.add(done + (away ?? 0) + (load ?? 0), "resume.completed", { job, outcome: { reloadMs: 1 } });
  }

  report(more: Partial<Parameters<typeof reportOf>[0]> = {}): Report {
    const untilMs = START + 10_000_000;
    return reportOf({
      events: this.events,
      lastSignMs: () => untilMs,
      jobs: [],
      sinceMs: START,
      untilMs,
      notes: [],
      ...more,
    });
  }
}

function aDay(): Log {
  const log = new Log();
  log.add(0, "job.started", { outcome: { gpus: [], afterMs: 0 } });
  log.add(0, "job.started", { job: "tts", outcome: { gpus: [], afterMs: 0 } });
  log.pause("asr", 1000, { dwell: 6, save: 4, away: 500, load: 20 });
  log.pause("tts", 2000, { dwell: 6, save: 14, away: 100, load: 5, lost: 3 });
  log.pause("asr", 3000, { dwell: 6, save: 24, away: 50, load: 11 });
  return log;
}

describe("the report", () => {
  test("adds up: every state's time together is the span, for each job and in all", () => {
    const { jobs, all } = aDay().report();
    for (const totals of [...jobs, all]) {
      const sum = Object.values(totals.timesMs).reduce((before, ms) => before + ms, 0);
      expect(sum).toBe(totals.spanMs);
    }
    expect(all.spanMs).toBe(20_000_000);
    expect(jobs.map(({ job, timesMs }) => [job, timesMs.pausing, timesMs.paused, timesMs.starting])).toEqual([
      ["asr", 28_000, 550_000, 31_000],
      ["tts", 14_000, 100_000, 5000],
    ]);
    expect(jobs[0]?.timesMs.running).toBe(10_000_000 - 28_000 - 550_000 - 31_000);
  });

  test("says what each pause cost and what it lost", () => {
    const { jobs, all } = aDay().report();
    expect(jobs[0]?.pausesOfJob.map(({ costMs }) => costMs)).toEqual([24_000, 35_000]);
    expect(jobs[1]?.pausesOfJob[0]).toMatchObject({
      costMs: 19_000,
      stepsLost: 3,
      saved: true,
      reason: "Ana computes.",
      events: [10, 11, 13, 14],
    });
    expect(all).toMatchObject({
      pauses: 3,
      pauseCostMs: 78_000,
      stepsLost: { byPauses: 3, otherwise: 0, uncounted: 0 },
    });
    expect(jobs[0]?.shares).toEqual([{ state: "paused", actor: "rule:cpu", times: 2, ms: 550_000 }]);
  });

  test("says how long others waited, from first pressure on: the rule's own dwell counts", () => {
    const { othersWaited } = aDay().report();
    expect(othersWaited).toMatchObject({ count: 3, open: 0, medianMs: 20_000, p95Ms: 30_000 });
    expect(othersWaited.waits[0]?.events).toEqual([3, 4, 5]);
    expect(aDay().report({ job: "tts" }).othersWaited.count).toBe(1);
  });

  test("of a job that was removed ends with it, and one that a person sent back waits like a paused one", () => {
    const log = new Log();
    log.add(0, "job.started", { outcome: { gpus: [] } });
    log.add(10, "pause.requested");
    log.add(20, "pause.completed");
    log.add(30, "job.removed");
    log.add(0, "job.started", { job: "tts", outcome: { gpus: [] } });
    log.add(20, "job.finished", { job: "tts" });
    log.add(30, "resume.requested", { job: "tts", actor: "user", outcome: { step: 5, path: "/c" } });
    log.add(90, "resume.requested", { job: "tts", outcome: { gpus: [] } });
    const spans = log
      .report()
      .jobs.map(({ spans }) =>
        spans.map(({ state, fromMs, toMs }) => [state, ...[fromMs, toMs].map((ms) => (ms - START) / 1000)]),
      );
    expect(spans).toEqual([
      [
        ["running", 0, 10],
        ["pausing", 10, 20],
        ["paused", 20, 30],
      ],
      [
        ["running", 0, 20],
        ["ended", 20, 30],
        ["paused", 30, 90],
        ["starting", 90, 10_000],
      ],
    ]);
  });

  test("counts no wait from before a job began to run, and none that no job was asked to end", () => {
    const log = new Log();
    const rule = { job: null, actor: "rule:cpu" as const, evidence: { dwellSeconds: 5 } };
    log.add(0, "rule.pressure", rule as Partial<NewEvent>);
    log.add(100, "job.started", { outcome: { gpus: [] } });
    log.add(107, "pause.requested", { actor: "rule:cpu" });
    log.add(110, "pause.completed", {
      actor: "rule:cpu",
      outcome: { pausedAfterMs: 3000, method: "freeze" },
    });
    log.add(200, "rule.cleared", rule as Partial<NewEvent>);
    log.add(300, "rule.pressure", rule as Partial<NewEvent>);
    expect(log.report().othersWaited).toMatchObject({ count: 1, longestMs: 10_000 });
    expect(log.report().jobs[0]?.timesMs.frozen).toBe(10_000_000 - 110_000);
  });

  test("counts the steps of a failure in the course of a pause once, and tells of what nobody counted", () => {
    const log = new Log();
    log.add(0, "job.started", { outcome: { gpus: [] } });
    log.add(10, "pause.requested");
    log.add(12, "pause.failed", { outcome: { code: 1, stepsLost: 40 } });
    log.add(12, "job.failed", { outcome: { code: 1, stepsLost: 40, final: false } });
    log.add(20, "job.started", { outcome: { gpus: [] } });
    log.add(30, "job.lost", { outcome: { stepsLost: null } });
    const { jobs } = log.report();
    expect(jobs[0]?.stepsLost).toEqual({ byPauses: 0, otherwise: 40, uncounted: 1 });
    expect(formatReport(log.report(), 200)).toMatch(/ 40 \+ \?$/m);
  });

  test("doesn't count steps of checkpoints that were passed over and count again", () => {
    const log = new Log();
    log.add(0, "job.started", { outcome: { gpus: [] } });
    log.add(10, "job.failed", { outcome: { code: 1, stepsLost: 13, final: false } });
    for (const [second, stepsLost] of [
      [20, 55],
      [30, null],
      [40, 75],
    ] as const)
      log.add(second, "checkpoint.rejected", { outcome: { path: "/c", stepsLost } });
    log.add(50, "job.failed", { outcome: { code: 1, stepsLost: 0, final: false, notLost: [null, 75] } });
    expect(log.report().jobs[0]?.stepsLost).toEqual({ byPauses: 0, otherwise: 68, uncounted: 0 });
    // Of a period that holds only the end of it, nothing is left to be taken off.
    const { jobs } = log.report({ sinceMs: START + 45_000 });
    expect(jobs[0]?.stepsLost).toEqual({ byPauses: 0, otherwise: 0, uncounted: 0 });
  });

  test("tells a wait after a failure from a pause that the job itself asked for", () => {
    const log = new Log();
    log.add(0, "job.started", { outcome: { gpus: [] } });
    log.add(10, "job.failed", { outcome: { code: 1, stepsLost: 0, final: false } });
    log.add(20, "job.started", { outcome: { gpus: [] } });
    log.add(30, "pause.completed", { outcome: { stepsLost: 0 } });
    log.add(35, "resume.requested", { actor: "supervisor", outcome: { gpus: [], resumedFrom: "/c" } });
    const text = formatReport(log.report(), 200);
    expect(text).toContain("waiting 10 s, once: to be tried again after a failure");
    expect(text).toContain("paused 5 s, once: by itself");
  });

  test("covers its period alone, and the job that is named", () => {
    const [sinceMs, untilMs] = [START + 1_002_000, START + 1_200_000];
    const { jobs } = aDay().report({ sinceMs, untilMs, lastSignMs: () => untilMs, job: "asr" });
    expect(jobs.map(({ job, spanMs, pauses }) => [job, spanMs, pauses])).toEqual([["asr", 198_000, 0]]);
    expect(jobs[0]?.timesMs).toMatchObject({ pausing: 2000, paused: 196_000, running: 0 });
  });

  test("tells of a clock that was set back", () => {
    const log = aDay();
    log.add(2500, "pause.requested");
    expect(log.report().notes).toEqual([
      expect.stringMatching(/^The clock was set back between events 20 and 21 /),
    ]);
  });
});

test.each([
  [[], 0.5, null],
  [[7], 0.95, 7],
  [[4, 1, 3, 2], 0.5, 2],
  [Array.from({ length: 100 }, (_, at) => 100 - at), 0.95, 95],
])("quantile of %j at %d", (values, share, expected) => {
  expect(quantile(values, share)).toBe(expected);
});

describe("on a terminal", () => {
  test("is a table with a line for each job and one for all, and no wider than that", () => {
    const text = formatReport(aDay().report(), 120);
    expect(text).toContain("steps lost");
    expect(text).toMatch(/^asr +2 h 47 min +2 h 37 min +31 s +28 s +9 min 10 s +2 +59 s +0$/m);
    expect(text).toContain("  paused 9 min 10 s, 2 times: rule 'cpu'");
    expect(text).toContain("median 20 s, 95th percentile 30 s");
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(120);
  });

  test("is a list where it is narrow", () => {
    const text = formatReport(aDay().report(), 44);
    expect(text).toMatch(/^asr\n {2}in all +2 h 47 min\n {2}run +2 h 37 min$/m);
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(44);
  });
});

test("a cost that nobody knows is told as that, and not as none", () => {
  const log = new Log();
  log.add(0, "job.started", { outcome: { gpus: [] } });
  log.pause("asr", 1000, { dwell: 6, save: 4, away: 500, load: 20 });
  log.add(2000, "pause.requested", { actor: "user" });
  log.add(9000, "supervisor.started", { job: null });
  log.add(9002, "pause.completed", { outcome: { goneAfterMs: 7_002_000 } });
  const costOf = (sinceMs: number) => {
    const report = log.report({
      sinceMs,
      lastSignMs: (ms) => (ms > START + 9_500_000 ? ms : START + 2_001_000),
    });
    const [head = "", row = ""] = csvOf(report).split("\r\n");
    const cell = (name: string) => row.split(",")[head.split(",").indexOf(name)];
    const [{ pauseCostMs, pausesWithUnknownCost, pausesOfJob }] = report.jobs as [Report["jobs"][number]];
    return {
      json: [pauseCostMs, pausesWithUnknownCost, pausesOfJob.map(({ costMs }) => costMs)],
      csv: [cell("pauseCostSeconds"), cell("pausesWithUnknownCost")],
      words: /^asr.*$/m.exec(formatReport(report, 200))?.[0],
    };
  };
  expect(costOf(START)).toEqual({
    json: [24_000, 1, [24_000, null]],
    csv: ["24", "1"],
    words: expect.stringMatching(/ 2 +24 s \+ \? /),
  });
  expect(costOf(START + 1_900_000)).toEqual({
    json: [0, 1, [null]],
    csv: ["", "1"],
    words: expect.stringMatching(/ 1 +\? /),
  });
});

test("as CSV it has the same figures, and a job's name is no formula", () => {
  const log = aDay();
  log.add(4000, "job.started", { job: '=cmd("x")', outcome: { gpus: [] } });
  const [head = "", first = "", second = ""] = csvOf(log.report()).split("\r\n");
  expect(first.startsWith(`"'=cmd(""x"")",6000,`)).toBe(true);
  const values = Object.fromEntries(head.split(",").map((name, at) => [name, second.split(",")[at]]));
  expect(values).toMatchObject({ job: "asr", pausedSeconds: "550", pauses: "2", pauseCostSeconds: "59" });
});
