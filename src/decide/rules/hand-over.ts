/**
 * Jobs that hand their work to a program that isn't theirs: their own processes are idle, while others' use rises
 * and falls with them. A pause doesn't reach that program, and a rule takes its use for somebody else's need. Found
 * by several runs alone, since one may be chance. Told, never acted on.
 */
import type { HandOver } from "../../model/decision.ts";
import type { NewEvent } from "../../model/event.ts";
import type { Job } from "../../model/job.ts";
import { programOf, type Reading, type Sample } from "../../model/machine.ts";
import { isWorking, runOf } from "../../model/state.ts";
import { handOverText } from "../../words/hand-over.ts";
import type { TickInput } from "../tick-input.ts";
import type { Companion } from "../world.ts";

/** Runs with which others' use rose and fell before it is told. */
const ENOUGH_RUNS = 2;
/** What is worth telling, in percent of the machine, and the most of it that the job itself may use beside. */
const LEAST_RISE = 10;
const IDLE = 0.2;
/** A program is loaded before it works: its first seconds say nothing, and a short run doesn't either. In ms. */
const LOADS_MS = 5000;
const LEAST_MS = 10_000;
/** After its end, others' use has this long to fall, to this part of its rise. */
const FALLS_MS = 20_000;
const FALLEN = 1 / 3;

type Companions = Readonly<Record<string, Companion>>;

/** `usedBefore`: others' use at the tick before, in percent; null where that wasn't known. */
export function watchHandOvers(
  watched: Companions,
  usedBefore: number | null,
  input: TickInput,
): { companions: Companions; events: NewEvent[] } {
  const companions: Record<string, Companion> = {};
  const events: NewEvent[] = [];
  for (const job of Object.values(input.jobs)) {
    const before = watched[job.name];
    const after = follow(job, before, usedBefore, input);
    if (after === undefined) continue;
    companions[job.name] = after;
    if (after.told !== undefined && before?.told === undefined) events.push(told(job, after.told));
  }
  return { companions, events };
}

/** Of the CPU, proven; null while it isn't known. */
export const othersUse = ({ machine }: Sample): number | null => figure(machine["cpu.others"]);

const figure = (reading: Reading | undefined): number | null =>
  reading !== undefined && "value" in reading ? reading.value : null;

function follow(
  job: Job,
  known: Companion | undefined,
  usedBefore: number | null,
  input: TickInput,
): Companion | undefined {
  const { monotonicMs } = input.now;
  if (isWorking(job.state.name)) {
    const run = runOf(job)?.id ?? "";
    if (known?.run === run && known.endedMs === undefined) return measure(known, job, input);
    const beforehand = known ?? { runs: 0 };
    return {
      ...keep(beforehand),
      run,
      sinceMs: monotonicMs,
      before: usedBefore,
      others: 0,
      own: 0,
      readings: 0,
    };
  }
  // It may go on working until it has ended.
  if (known?.run === undefined || job.state.name === "pausing") return known;
  const rise = riseOf(known);
  if (rise === null || monotonicMs - known.sinceMs < LEAST_MS) return keep(known);
  // A run without a rise speaks against it.
  if (rise < LEAST_RISE || known.own / known.readings > IDLE * rise) return { ...keep(known), runs: 0 };
  return falls({ ...known, endedMs: known.endedMs ?? monotonicMs }, rise, input);
}

/** What outlasts a run. */
const keep = ({ runs, told }: Pick<Companion, "runs" | "told">): Companion => ({
  runs,
  ...(told !== undefined && { told }),
  sinceMs: 0,
  before: null,
  others: 0,
  own: 0,
  readings: 0,
});

const riseOf = ({ before, others, readings }: Companion): number | null =>
  before === null || readings === 0 ? null : others / readings - before;

function measure(known: Companion, job: Job, { sample, now }: TickInput): Companion {
  const others = othersUse(sample);
  const own = figure(sample.runs[runOf(job)?.id ?? ""]?.cpuPercent);
  if (now.monotonicMs - known.sinceMs < LOADS_MS || others === null || own === null) return known;
  const most = [...sample.foreign].sort((a, b) => (b.cpuPercent ?? 0) - (a.cpuPercent ?? 0))[0];
  return {
    ...known,
    others: known.others + others,
    own: known.own + own,
    readings: known.readings + 1,
    ...(most !== undefined && { program: { name: programOf(most.command), pid: most.pid } }),
  };
}

function falls(ended: Companion, rise: number, { sample, now }: TickInput): Companion {
  const used = othersUse(sample);
  const { before, endedMs = now.monotonicMs, program } = ended;
  if (before === null || now.monotonicMs - endedMs > FALLS_MS) return { ...keep(ended), runs: 0 };
  if (used === null || used > before + FALLEN * rise) return ended;
  const runs = ended.runs + 1;
  const found: HandOver = { from: before, to: before + rise, runs, ...(program && { program }) };
  return { ...keep(ended), runs, ...(runs >= ENOUGH_RUNS && { told: found }) };
}

function told(job: Job, found: HandOver): NewEvent {
  return {
    kind: "job.handed-over",
    job: job.name,
    run: job.runs,
    actor: "supervisor",
    reason: handOverText(found),
    evidence: { metric: "cpu.others", ...found },
  };
}
