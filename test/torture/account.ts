/**
 * What must hold when the torture is over: the job's weights, every step of every process, every run
 * and every event. Collects all that is wrong, in sentences, instead of stopping at the first.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import Sqlite from "better-sqlite3";
import { verifyChain } from "../../src/record/audit/verify.ts";
import type { Victim } from "./victim.ts";

export interface Account {
  wrong: string[];
  steps: number;
  stepsRedone: number;
  processes: number;
  runs: number;
  events: Record<string, number>;
  /** Who asked for pauses and resumes, and how often. */
  asked: Record<string, number>;
  /** How often the clock of the audit log leapt, forwards or backwards. */
  leaps: number;
}

/** Between two rows lies at most a round, unless somebody has set the clock. */
const LEAP_MS = 30 * 60_000;

/** Call when the job has finished and the supervisor has been told to stop. */
export function account(victim: Victim): Account {
  const wrong: string[] = [];
  const ledger = readLedger(readFileSync(victim.ledger, "utf8"), wrong);
  const db = new Sqlite(victim.database, { readonly: true });
  const runs = db.prepare("SELECT * FROM runs ORDER BY number, started_ms").all() as RunRow[];
  // A resume of a frozen job, and a second chance, stay without a run of their own and name no outcome.
  const launched = Number(
    db
      .prepare(
        "SELECT count(*) FROM events WHERE kind IN ('job.started', 'resume.requested') AND outcome IS NOT NULL",
      )
      .pluck()
      .get(),
  );
  const kinds = db.prepare("SELECT kind, count(*) AS n FROM events GROUP BY kind").all() as Kinds[];
  const asked = db
    .prepare(
      "SELECT kind || ' by ' || actor AS kind, count(*) AS n FROM events WHERE kind IN ('pause.requested', 'resume.requested') GROUP BY 1",
    )
    .all() as Kinds[];
  const times = db.prepare("SELECT at_ms FROM events ORDER BY id").pluck().all() as number[];
  db.close();
  checkRuns(runs, ledger.runIds, wrong);
  if (launched !== runs.length)
    wrong.push(`${launched} starts and resumes were recorded, but ${runs.length} runs`);
  const chain = verifyChain(victim.database);
  if (!chain.ok) wrong.push(`audit log: ${chain.text}`);
  for (const { pid, command } of victim.processes())
    wrong.push(`left over: pid ${pid}, ${command.slice(0, 120)}`);
  const { steps, stepsRedone, processes } = ledger;
  return {
    wrong,
    steps,
    stepsRedone,
    processes,
    runs: runs.length,
    events: countsOf(kinds),
    asked: countsOf(asked),
    leaps: times.filter((at, row) => Math.abs(at - (times[row - 1] ?? at)) > LEAP_MS).length,
  };
}

interface RunRow {
  id: string;
  number: number;
  ended_ms: number | null;
  how: string | null;
}
type Kinds = { kind: string; n: number };

const countsOf = (kinds: Kinds[]): Record<string, number> =>
  Object.fromEntries(kinds.map(({ kind, n }) => [kind, n]));

function checkRuns(runs: RunRow[], seen: string[], wrong: string[]): void {
  const open = runs.filter((run) => run.ended_ms === null);
  if (open.length > 0) wrong.push(`runs without an end: ${open.map(({ number }) => number).join(", ")}`);
  const numbers = runs.map(({ number }) => number);
  const twice = numbers.filter((number, index) => numbers.indexOf(number) !== index);
  if (twice.length > 0) wrong.push(`run numbers used twice: ${twice.join(", ")}`);
  const known = new Set(runs.map(({ id }) => id));
  for (const id of seen)
    if (!known.has(id)) wrong.push(`run ${id} made steps, but is not in the table of runs`);
  const finished = runs.filter(({ how }) => how === "finished");
  if (finished.length !== 1) wrong.push(`${finished.length} runs are recorded as finished`);
}

function readLedger(text: string, wrong: string[]) {
  const truth = weightsByStep();
  const ended = new Set<string>();
  const runIds: string[] = [];
  let current = "";
  let at = 0;
  let highest = 0;
  let made = 0;
  let finals = 0;
  for (const line of text.split("\n").filter(Boolean)) {
    const [pid = "", word = "", step = "", hash = "", runId = ""] = line.split(" ");
    if (word === "begins") {
      if (ended.has(pid)) wrong.push(`pid ${pid} began twice`);
      if (runIds.includes(runId)) wrong.push(`run ${runId} was begun by two processes`);
      if (Number(step) > highest) wrong.push(`pid ${pid} began at step ${step}, which nobody had reached`);
      ended.add(current);
      runIds.push(runId);
      current = pid;
      at = Number(step);
    } else if (pid !== current) {
      wrong.push(`pid ${pid} made step ${step} while pid ${current} was the job: it ran twice at once`);
      continue;
    } else if (word === "step") {
      if (Number(step) !== at + 1) wrong.push(`pid ${pid} went from step ${at} to ${step}`);
      at = Number(step);
      made++;
      highest = Math.max(highest, at);
    } else finals++;
    const right = truth(Number(step));
    const expected = word === "ends" ? right : right.slice(0, 12);
    if (hash !== expected)
      wrong.push(`pid ${pid}: the weights at step ${step} are not those of an uninterrupted run`);
  }
  if (finals !== 1) wrong.push(`the job ended ${finals} times`);
  return { runIds, steps: highest, stepsRedone: made - highest, processes: runIds.length };
}

/** The uninterrupted computation, made as far as it is asked for. */
function weightsByStep(): (step: number) => string {
  const known = ["none"];
  return (step) => {
    for (let next = known.length; next <= step; next++)
      known.push(
        createHash("sha256")
          .update(`${known[next - 1]} ${next}`)
          .digest("hex"),
      );
    return known[step] ?? "";
  };
}
