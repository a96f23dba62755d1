/**
 * Jobs that hand their work to a program that isn't theirs: their own processes are idle, while others' use rises
 * and falls with them. A pause doesn't reach that program, and a rule takes its use for somebody else's need. A
 * program's own use shows that also where others' use together doesn't, on a busy machine. Found by several runs
 * alone, since fewer may be chance. Told, never acted on.
 */
import type { HandOver } from "../../../model/decision.ts";
import type { NewEvent } from "../../../model/event.ts";
import type { Job } from "../../../model/job.ts";
import type { ProcessEvidence, Sample } from "../../../model/machine.ts";
import type { Run } from "../../../model/run.ts";
import { isWorking, runOf } from "../../../model/state.ts";
import { handOverText } from "../../../words/sentences/hand-over.ts";
import { programOf } from "../../../words/sentences/process.ts";
import type { TickInput } from "../../tick-input.ts";
import type { Companion, OthersUsed } from "../../world.ts";
import { goOn, UNSEEN } from "./others-used.ts";
import { LEAST_RISE, riseOf, usedBy } from "./rise.ts";

/** Runs in a row with which the same use rose and fell before it is told. */
const ENOUGH_RUNS = 3;
/** A program is loaded before it works: its first seconds say nothing, in ms. */
const LOADS_MS = 5000;
/** After its end, others' use has this long to fall, to this part of its rise. */
const FALLS_MS = 20_000;
const FALLEN = 1 / 3;

type Companions = Readonly<Record<string, Companion>>;

/** Others' use before this tick, and as it shows it. */
interface Use {
  before: OthersUsed;
  now: OthersUsed;
  who: () => Companion["who"];
}

export function watchHandOvers(
  watched: Companions,
  used: Omit<Use, "who">,
  input: TickInput,
): { companions: Companions; events: NewEvent[] } {
  let who: Companion["who"] | null = null;
  const use: Use = {
    ...used,
    who: () => {
      who ??= whoUses(input.sample);
      return who;
    },
  };
  const companions: Record<string, Companion> = {};
  const events: NewEvent[] = [];
  for (const job of Object.values(input.jobs)) {
    const before = watched[job.name];
    const after = follow(job, before, use, input);
    if (after === undefined) continue;
    companions[job.name] = after;
    if (after.told !== undefined && before?.told === undefined) events.push(told(job, after.told));
  }
  return { companions, events };
}

function follow(job: Job, known: Companion | undefined, use: Use, input: TickInput): Companion | undefined {
  const { monotonicMs } = input.now;
  const run = runOf(job);
  if (isWorking(job.state.name) && run !== null) {
    if (known?.run === run.id && known.endedMs === undefined) return measure(known, run, use, input);
    return begin(known, run, use.before, monotonicMs);
  }
  // It may go on working until it has ended.
  if (known === undefined || job.state.name === "pausing") return known;
  if (known.run === undefined) return betweenRuns(known, use);
  if (known.endedMs !== undefined) return falls(known, use, input);
  const rise = riseOf(known);
  // Too short a run says nothing; one without a rise speaks against it.
  if (rise === "unknown") return keep(known);
  if (rise === null) return keep({ runs: 0 });
  const runs = rise.of === known.rise?.of ? known.runs : 0;
  return falls({ ...known, runs, rise, endedMs: monotonicMs }, use, input);
}

const begin = (known: Companion | undefined, { id }: Run, before: OthersUsed, nowMs: number): Companion => ({
  ...keep(known ?? { runs: 0 }),
  run: id,
  sinceMs: nowMs,
  before,
  together: { sinceMs: nowMs + LOADS_MS },
  programs: { sinceMs: nowMs + LOADS_MS },
});

/** What outlasts a run. */
const keep = ({ runs, rise, told }: Pick<Companion, "runs" | "rise" | "told">): Companion => ({
  runs,
  ...(rise !== undefined && { rise }),
  ...(told !== undefined && { told }),
  sinceMs: 0,
  before: UNSEEN,
  together: { sinceMs: 0 },
  programs: { sinceMs: 0 },
  who: {},
  own: 0,
  readings: 0,
});

/** Returns the same where this tick adds nothing. */
function measure(known: Companion, run: Run, use: Use, { sample, now }: TickInput): Companion {
  const heard = hear(known, use, now.monotonicMs);
  // Most of the time there is nothing to be told of.
  if (now.monotonicMs - known.sinceMs < LOADS_MS || isQuiet(use.now)) return heard;
  const own = ownUse(run, sample);
  return own === null ? heard : { ...heard, own: heard.own + own, readings: heard.readings + 1 };
}

function hear(known: Companion, { before, now, who }: Use, nowMs: number): Companion {
  const together = goOn(known.together, before.all, now.all, nowMs);
  const heard = together === known.together ? known : { ...known, together };
  const { programs: looked } = now;
  if (looked === undefined || looked === before.programs || looked.sinceMs < known.sinceMs) return heard;
  const programs = goOn(known.programs, before.each, now.each, nowMs);
  return programs === known.programs ? heard : { ...heard, programs, who: who() };
}

function isQuiet({ proven }: OthersUsed): boolean {
  for (const used in proven) if ((proven[used] ?? 0) >= LEAST_RISE) return false;
  return true;
}

/** In percent of the CPU; null where it isn't known. A job that has a GPU in use is no idle one. */
function ownUse({ id, gpus: placed }: Run, { runs, gpus, gpusUnavailable }: Sample): number | null {
  const own = runs[id]?.cpuPercent;
  if (own === undefined || "unavailable" in own) return null;
  if (placed.length > 0 && gpusUnavailable !== null) return null;
  return gpus.some(({ processes }) => processes.some(({ ours }) => ours === id)) ? 100 : own.value;
}

function whoUses({ foreign, gpus }: Sample): Companion["who"] {
  const who: Record<string, { name: string; pid: number }> = {};
  const add = (of: string, { command, pid }: ProcessEvidence): void => {
    who[of] ??= { name: programOf(command), pid };
  };
  for (const one of foreign) add(one.command, one);
  for (const { uuid, processes } of gpus) {
    const others = processes.filter(({ ours, counts }) => ours === null && counts !== false);
    const [most] = others.sort((a, b) => (b.gpuPercent ?? 0) - (a.gpuPercent ?? 0));
    if (most !== undefined) add(uuid, most);
  }
  return who;
}

function falls(ended: Companion, others: Use, { sample, now }: TickInput): Companion {
  const { endedMs = now.monotonicMs, rise } = ended;
  if (rise === undefined || now.monotonicMs - endedMs > FALLS_MS) return keep({ runs: 0 });
  const used = usedBy(rise, others.before, others.now);
  if (used === null || used > rise.from + FALLEN * (rise.to - rise.from)) return ended;
  const runs = ended.runs + 1;
  if (runs < ENOUGH_RUNS) return { ...keep(ended), runs };
  const program = ended.who[rise.of];
  const gpu = sample.gpus.find(({ uuid }) => uuid === rise.of)?.index ?? null;
  const { from, to } = rise;
  return { ...keep(ended), runs, told: { gpu, from, to, runs, ...(program && { program }) } };
}

/** Use that rises again without the job says that the runs before were chance. */
function betweenRuns(known: Companion, others: Use): Companion {
  const { rise } = known;
  const used = rise === undefined ? null : usedBy(rise, others.before, others.now);
  return rise !== undefined && used !== null && used >= rise.from + LEAST_RISE
    ? { ...known, runs: 0 }
    : known;
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
