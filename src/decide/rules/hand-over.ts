/**
 * Jobs that hand their work to a program that isn't theirs: their own processes are idle, while others' use rises
 * and falls with them. A pause doesn't reach that program, and a rule takes its use for somebody else's need. Found
 * by several runs alone, since one may be chance. Told, never acted on.
 */
import type { HandOver } from "../../model/decision.ts";
import type { NewEvent } from "../../model/event.ts";
import type { Job } from "../../model/job.ts";
import type { ProcessEvidence, Reading, Sample } from "../../model/machine.ts";
import { isWorking, runOf } from "../../model/state.ts";
import { handOverText } from "../../words/hand-over.ts";
import { programOf } from "../../words/process.ts";
import type { TickInput } from "../tick-input.ts";
import type { Companion, Uses } from "../world.ts";

/** Runs with which others' use rose and fell before it is told. */
const ENOUGH_RUNS = 2;
/** What is worth telling, in percent of the machine or of a GPU, and the most of it that the job itself may use beside. */
const LEAST_RISE = 10;
const IDLE = 0.2;
/** A program is loaded before it works: its first seconds say nothing, and a short run doesn't either. In ms. */
const LOADS_MS = 5000;
const LEAST_MS = 10_000;
/** After its end, others' use has this long to fall, to this part of its rise. */
const FALLS_MS = 20_000;
const FALLEN = 1 / 3;

type Companions = Readonly<Record<string, Companion>>;

const CPU = "cpu";

/** `usedBefore`: others' use at the tick before. */
export function watchHandOvers(
  watched: Companions,
  usedBefore: Uses,
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

/** As far as it is proven. */
export function othersUse({ machine, gpus }: Sample): Uses {
  const uses: Record<string, number> = {};
  const add = (name: string, reading: Reading): void => {
    if ("value" in reading) uses[name] = reading.value;
  };
  add(CPU, machine["cpu.others"]);
  for (const { uuid, metrics } of gpus) add(uuid, metrics["gpu.others.utilization"]);
  return uses;
}

function follow(
  job: Job,
  known: Companion | undefined,
  usedBefore: Uses,
  input: TickInput,
): Companion | undefined {
  const { monotonicMs } = input.now;
  if (isWorking(job.state.name)) {
    const run = runOf(job)?.id ?? "";
    if (known?.run === run && known.endedMs === undefined) return measure(known, run, input);
    return { ...keep(known ?? { runs: 0 }), run, sinceMs: monotonicMs, before: usedBefore };
  }
  // It may go on working until it has ended.
  if (known?.run === undefined || job.state.name === "pausing") return known;
  if (known.readings === 0 || monotonicMs - known.sinceMs < LEAST_MS) return keep(known);
  const most = mostRisen(known);
  // A run without a rise speaks against it.
  if (most.rise < LEAST_RISE || known.own / known.readings > IDLE * most.rise) return keep({ runs: 0 });
  return falls({ ...known, endedMs: known.endedMs ?? monotonicMs }, most, input);
}

/** What outlasts a run. */
const keep = ({ runs, told }: Pick<Companion, "runs" | "told">): Companion => ({
  runs,
  ...(told !== undefined && { told }),
  sinceMs: 0,
  before: {},
  others: {},
  own: 0,
  readings: 0,
});

interface Rise {
  /** Of the CPU, or a GPU's UUID. */
  of: string;
  from: number;
  rise: number;
}

/** What wasn't known before, or not all the time beside the run, hasn't risen. */
function mostRisen({ before, others, readings }: Companion): Rise {
  let most: Rise = { of: CPU, from: 0, rise: 0 };
  for (const [of, sum] of Object.entries(others)) {
    const from = before[of];
    if (from !== undefined && sum / readings - from > most.rise)
      most = { of, from, rise: sum / readings - from };
  }
  return most;
}

function measure(known: Companion, run: string, { sample, now }: TickInput): Companion {
  const own = sample.runs[run]?.cpuPercent;
  if (now.monotonicMs - known.sinceMs < LOADS_MS || own === undefined || "unavailable" in own) return known;
  const others: Record<string, number> = {};
  for (const [of, use] of Object.entries(othersUse(sample)))
    if (!isOn(run, of, sample)) others[of] = (known.others[of] ?? 0) + use;
  const programs = { ...known.programs, ...greediest(sample) };
  return { ...known, others, own: known.own + own.value, readings: known.readings + 1, programs };
}

/** A job that computes on a GPU hands nothing over there. */
const isOn = (run: string, uuid: string, { gpus }: Sample): boolean =>
  gpus.some((gpu) => gpu.uuid === uuid && gpu.processes.some(({ ours }) => ours === run));

function greediest({ foreign, gpus }: Sample): NonNullable<Companion["programs"]> {
  const found: Record<string, { name: string; pid: number }> = {};
  const add = (of: string, all: readonly ProcessEvidence[], use: (one: ProcessEvidence) => number): void => {
    const [most] = [...all].sort((a, b) => use(b) - use(a));
    if (most !== undefined) found[of] = { name: programOf(most.command), pid: most.pid };
  };
  add(CPU, foreign, ({ cpuPercent = 0 }) => cpuPercent);
  for (const { uuid, processes } of gpus) {
    const others = processes.filter(({ ours, counts }) => ours === null && counts !== false);
    add(uuid, others, ({ gpuPercent = 0 }) => gpuPercent);
  }
  return found;
}

function falls(ended: Companion, { of, from, rise }: Rise, { sample, now }: TickInput): Companion {
  const used = othersUse(sample)[of];
  const { endedMs = now.monotonicMs } = ended;
  if (now.monotonicMs - endedMs > FALLS_MS) return keep({ runs: 0 });
  if (used === undefined || used > from + FALLEN * rise) return ended;
  const runs = ended.runs + 1;
  if (runs < ENOUGH_RUNS) return { ...keep(ended), runs };
  const program = ended.programs?.[of];
  const gpu = sample.gpus.find(({ uuid }) => uuid === of)?.index ?? null;
  return { ...keep(ended), runs, told: { gpu, from, to: from + rise, runs, ...(program && { program }) } };
}

function told(job: Job, found: HandOver): NewEvent {
  return {
    kind: "job.handed-over",
    job: job.name,
    run: job.runs,
    actor: "supervisor",
    reason: handOverText(found),
    evidence: { metric: found.gpu === null ? "cpu.others" : "gpu.others.utilization", handOver: found },
  };
}
