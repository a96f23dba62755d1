/**
 * A modelled job shows what a real run would, and spends its time as it was seen to.
 * Covers: src/replay/models/model-job.ts, src/replay/models/model-life.ts, src/replay/models/model-sight.ts, src/replay/models/model-checkpoints.ts, src/replay/models/recorded-costs.ts
 */
import { expect, test } from "vitest";
import type { Job } from "../../../src/model/job.ts";
import type { Run } from "../../../src/model/run.ts";
import type { Now } from "../../../src/model/time.ts";
import type { PastEvent } from "../../../src/replay/history/history.ts";
import { ModelJob } from "../../../src/replay/models/model-job.ts";
import type { Habits } from "../../../src/replay/models/model-sight.ts";
import { ASSUMED_MS, RecordedCosts } from "../../../src/replay/models/recorded-costs.ts";
import { knownJob } from "../material.ts";

const at = (seconds: number): Now => ({ wallMs: 1e12 + seconds * 1000, monotonicMs: 1e6 + seconds * 1000 });
const run: Run = {
  id: "r1",
  number: 2,
  startedAt: at(0),
  pid: null,
  startTime: null,
  bootId: "b",
  resumedFrom: null,
  resumedAtStep: 40,
  gpus: [],
};

function model(job: Job, habits: Partial<Habits> = {}): ModelJob {
  const costs = new RecordedCosts(job, []);
  const whole = {
    costs,
    understands: "contract",
    worldSize: 1,
    stepMs: 500,
    workMs: null,
    ...habits,
  } as const;
  const made = new ModelJob(whole, at(0));
  made.launch(run, null, { pid: 7, began: 3 });
  return made;
}

test("it loads, works in steps, saves when asked, and leaves with 75", () => {
  const job = knownJob("a", { saveMs: 4000, reloadMs: 6000 });
  const made = model(job);
  made.advance(job, at(5));
  expect(made.look(job, run).ranks).toMatchObject([{ state: "ready", step: null }]);
  made.advance(job, at(8));
  expect(made.look(job, run).ranks).toMatchObject([{ state: "running", step: 45 }]);
  made.control("pause", 1);
  made.advance(job, at(10));
  expect(made.look(job, run)).toMatchObject({ alive: true, ranks: [{ state: "saving", sequence: 1 }] });
  made.advance(job, at(12));
  const seen = made.look(job, run);
  expect(seen).toMatchObject({ alive: false, exit: { known: true, code: 75 } });
  expect(seen.checkpoints).toMatchObject([{ step: 45, createdAtMs: at(12).wallMs }]);
  expect(made.spent).toEqual({ workedMs: 2000, loadingMs: 6000, savingMs: 4000, redoneMs: 0, heldMs: 0 });
});

test("frozen it spends time and does nothing; killed it loses what it hasn't saved", () => {
  const job = knownJob("a", { saveMs: 1000, reloadMs: 0 });
  const made = model(job);
  made.advance(job, at(100));
  made.freeze();
  made.advance(job, at(160));
  expect(made.look(job, run).stopped).toBe(true);
  made.thaw();
  made.advance(job, at(170));
  expect(made.spent).toMatchObject({ workedMs: 110_000, heldMs: 60_000 });
  made.end("SIGKILL");
  expect(made.spent.redoneMs).toBe(110_000);
  expect(made.look(job, run).exit).toEqual({ known: true, code: 137, signal: "SIGKILL" });
});

test("a program without the library isn't moved by a word, only by its signal", () => {
  const job = { ...knownJob("a", { saveMs: 1000, reloadMs: 0 }), understands: "signal" as const };
  const made = model(job, { understands: "signal" });
  made.control("pause", 1);
  made.advance(job, at(30));
  expect(made.look(job, run)).toMatchObject({ alive: true, ranks: [] });
  made.ring();
  made.advance(job, at(32));
  expect(made.look(job, run).exit).toMatchObject({ code: 75 });
});

test("all ranks report, and the job ends by itself once its work is done", () => {
  const job = knownJob("a", { reloadMs: 0 });
  const made = model(job, { worldSize: 3, workMs: 20_000 });
  made.advance(job, at(19));
  expect(made.nextMs(0)).toBe(1000);
  made.advance(job, at(21));
  const { ranks, exit } = made.look(job, run);
  expect(ranks.map(({ rank, state }) => [rank, state])).toEqual([
    [0, "finished"],
    [1, "finished"],
    [2, "finished"],
  ]);
  expect(exit).toMatchObject({ code: 0 });
  expect(made.spent.workedMs).toBe(20_000);
});

test("what was never recorded is assumed, and known to be", () => {
  const costs = new RecordedCosts(null, []);
  expect(costs.areAssumed).toBe(true);
  expect(costs.loadAt(0)).toBe(ASSUMED_MS);
  expect(new RecordedCosts(knownJob("a"), []).areAssumed).toBe(false);
});

test("each pause costs what it cost then, though it ended nearer to the next one's beginning", () => {
  const past = (kind: PastEvent["kind"], seconds: number, outcome: PastEvent["outcome"] = {}) =>
    ({ kind, atMs: at(seconds).wallMs, outcome }) as PastEvent;
  const pause = (beginS: number, saveS: number, checkS: number, loadS: number) => [
    past("pause.requested", beginS),
    past("pause.completed", beginS + saveS, { goneAfterMs: saveS * 1000 }),
    past("checkpoint.verified", beginS + saveS + checkS, { verified: "full" }),
    past("resume.completed", beginS + saveS + checkS + loadS, { reloadMs: loadS * 1000 }),
  ];
  const costs = new RecordedCosts(null, [...pause(0, 3, 40, 50), ...pause(100, 110, 300, 600)]);
  const from = (seconds: number) => at(seconds).wallMs;
  expect([costs.pauseAt(from(0)).saveMs, costs.pauseAt(from(100)).saveMs]).toEqual([3000, 110_000]);
  expect([costs.checkAt(from(3)), costs.checkAt(from(210))]).toEqual([40_000, 300_000]);
  expect([costs.loadAt(from(43)), costs.loadAt(from(510))]).toEqual([50_000, 600_000]);
});
