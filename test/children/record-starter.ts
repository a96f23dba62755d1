/**
 * Records one start of a job after the other, each as a supervisor does (event, state and run together),
 * and says its number once it is committed, until it is killed. argv: the database.
 */
import { writeSync } from "node:fs";
import type { Change } from "../../src/ports/journal.ts";
import { createJournal } from "../../src/record/journal.ts";
import { at, event, job, RETENTION, run } from "../record/material.ts";

const [path = ""] = process.argv.slice(2);
const journal = createJournal(path, { retention: RETENTION });
const known = journal.loadJobs()[0]?.runs ?? 0;
for (let number = known + 1; ; number++) {
  const begun = run(`run-${number}`, number);
  const state = { name: "starting", since: at(number), run: begun } as const;
  const starting = { ...job("voice-train"), runs: number, state };
  const change: Change = { jobs: [starting], started: { job: starting.name, run: begun }, orNothing: true };
  const started = event("Nothing stands in its way.", { kind: "job.started", run: number });
  const result = journal.append([started], at(number), change);
  writeSync(1, result.ok ? `${number}\n` : `not written: ${result.problem}\n`);
}
