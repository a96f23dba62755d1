/** When a pause is over, whatever ended it. */
import { expect, test } from "vitest";
import type { AuditEvent, EventKind, NewEvent } from "../../src/model/event.ts";
import { othersWaited } from "../../src/report/others-waited.ts";
import { pastOf, waitedForUntil } from "../../src/report/pause-costs.ts";
import { type Pause, pausesOf } from "../../src/report/pauses.ts";

const START = Date.UTC(2026, 2, 3, 9);
const at = (second: number): number => START + second * 1000;

type Told = [second: number, kind: EventKind, more?: Partial<NewEvent>];

const log = (...all: Told[]): AuditEvent[] =>
  all.map(([second, kind, more], index) => ({
    id: index + 1,
    at: new Date(at(second)).toISOString(),
    kind,
    job: "asr",
    run: 1,
    actor: "rule:cpu",
    reason: `${kind}.`,
    hash: "",
    ...more,
  }));

const started: Told = [0, "job.started", { outcome: { gpus: [] } }];
const pressure: Told = [5, "rule.pressure", { job: null, evidence: { dwellSeconds: 5 } as never }];
const asked: Told = [10, "pause.requested", { outcome: { method: "checkpoint" } }];
const paused: Told = [20, "pause.completed", { outcome: { method: "checkpoint", goneAfterMs: 10_000 } }];
const held = (method: string): Told => [
  20,
  "pause.completed",
  { outcome: { method, pausedAfterMs: 10_000 } },
];

const seconds = (ms: number | null | undefined): number | null => (ms == null ? null : (ms - START) / 1000);
const overAt = ({ overMs }: Pause): number | null => seconds(overMs);

test.each<[string, Told[], number | null]>([
  ["goes on", [paused, [50, "resume.requested", { outcome: { gpus: [] } }]], 50],
  ["finished instead", [[50, "job.finished"]], 50],
  [
    "failed instead",
    [
      [50, "pause.failed", { outcome: { code: 1 } }],
      [50, "job.failed"],
    ],
    50,
  ],
  ["was lost", [[50, "job.lost", { actor: "recovery" }]], 50],
  ["was lost with what it held", [held("freeze"), [50, "job.lost", { actor: "recovery" }]], 50],
  ["was cancelled", [paused, [50, "job.cancelled", { actor: "user" }]], 50],
  ["was cancelled meanwhile", [[50, "job.cancelled", { outcome: { stepsLost: 4 } }]], 50],
  ["was removed", [paused, [50, "job.removed", { actor: "user" }]], 50],
  ["begins anew", [paused, [50, "resume.requested", { actor: "user" }], [60, "job.started"]], 50],
  ["ended on standby", [held("standby"), [50, "job.finished"]], 50],
  ["reached its time limit", [paused, [20, "job.failed", { outcome: { final: true } }]], 20],
  ["is under way", [], null],
  ["lasts", [paused], null],
  [
    "is parked still",
    [
      held("park"),
      [30, "resume.requested", { evidence: {} as never }],
      [40, "resume.failed", { outcome: { method: "park" } }],
    ],
    null,
  ],
])("a pause of a job that %s", (_, after, over) => {
  const [pause, ...others] = pausesOf(log(started, asked, ...after));
  expect(others).toEqual([]);
  expect(pause && overAt(pause)).toBe(over);
});

test("standing by is over once it is asked to give up its memory, too, and that is a pause of its own", () => {
  const release: Told = [50, "pause.requested", { outcome: { method: "checkpoint" } }];
  const released: Told = [60, "pause.completed", { outcome: { method: "checkpoint", goneAfterMs: 10_000 } }];
  const onAgain: Told = [90, "resume.requested", { outcome: { gpus: [] } }];
  expect(pausesOf(log(started, asked, held("standby"), release, released, onAgain)).map(overAt)).toEqual([
    50, 90,
  ]);
});

test("whoever waited for a job that ended instead of pausing waits no longer", () => {
  const cleared: Told = [9000, "rule.cleared", { job: null }];
  const events = log(started, pressure, asked, [50, "job.finished"], cleared);
  const [wait] = othersWaited(events, pausesOf(events), {
    runningSince: () => at(0),
    until: (pause) => waitedForUntil(pause, pastOf([], [])),
  });
  expect(seconds(wait?.untilMs)).toBe(50);
});

test("who stays on standby with its memory has made no room, and has lost nothing", () => {
  const kept: Told = [60, "pause.failed", { outcome: { waitedMs: 50_000 } }];
  const goesOn: Told = [90, "resume.requested", { outcome: { gpus: [] } }];
  const [pause] = pausesOf(log(started, asked, kept, goesOn));
  expect(pause).toMatchObject({ doneMs: null, tookMs: null, saved: true, stepsLost: 0, events: [2, 3, 4] });
  expect(pause && overAt(pause)).toBe(90);
  const released: Told = [80, "pause.completed", { outcome: { method: "checkpoint", released: true } }];
  const [later] = pausesOf(log(started, asked, kept, released));
  expect([seconds(later?.doneMs), later?.tookMs]).toEqual([80, 70_000]);
});
