/** Where a job stood when the replay begins, from the events that the lifecycle writes. */
import { expect, test } from "vitest";
import type { PastEvent } from "../../../src/replay/history/history.ts";
import { jobAt, wasAtWork } from "../../../src/replay/models/past-jobs.ts";
import { knownJob, START_MS } from "../material.ts";

type Told = [kind: PastEvent["kind"], outcome?: Record<string, unknown>];

const eventsOf = (told: Told[]): PastEvent[] =>
  told.map(([kind, outcome], at) => ({
    id: at + 1,
    at: "",
    atMs: START_MS - 1000 + at,
    kind,
    job: "asr",
    run: 1,
    actor: kind === "pause.requested" ? "rule:cpu" : "job",
    reason: "",
    hash: "",
    ...(outcome && { outcome }),
  }));

const asked: Told = ["pause.requested"];
const rested: Told = ["pause.completed", { method: "standby", pausedAfterMs: 900 }];
const ended = { code: 1, stepsLost: 40 };

test.each<[string, Told[], string, boolean, boolean]>([
  ["was saved, is paused with that", [["pause.completed", { goneAfterMs: 9 }]], "paused", true, false],
  ["left no checkpoint, is paused without", [["pause.failed", { goneAfterMs: 9 }]], "paused", false, false],
  [
    "ended as a failure, waits",
    [
      ["pause.failed", ended],
      ["job.failed", ended],
    ],
    "waiting",
    false,
    false,
  ],
  [
    "ended as a loss, waits",
    [
      ["pause.failed", ended],
      ["job.lost", ended],
    ],
    "waiting",
    false,
    false,
  ],
  [
    "ended with its server still holding its run, is at work",
    [["pause.failed", { method: "http", waitedMs: 9 }]],
    "waiting",
    false,
    true,
  ],
  [
    "ended on standby, where it keeps its memory, stays paused",
    [rested, asked, ["pause.failed", { waitedMs: 9, stepsLost: 0 }]],
    "paused",
    true,
    false,
  ],
])("a job whose pause %s", (_, told, state, hasCheckpoint, isAtWork) => {
  const known = knownJob("asr");
  const past = { known, events: eventsOf([["job.started"], asked, ...told]), existsMs: 0 };
  const job = jobAt(past, known.spec, "config", { wallMs: START_MS, monotonicMs: 500_000 });
  expect([job.state.name, job.checkpoint !== null, wasAtWork(past, START_MS)]).toEqual([
    state,
    hasCheckpoint,
    isAtWork,
  ]);
});
