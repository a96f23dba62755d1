/**
 * Decides what every job should do at this tick, and why: everything known → decisions. Yields at once,
 * comes back carefully. Reads no clock, does no I/O, and modifies none of its inputs: each stage
 * returns what it has changed, and the next stage works on that.
 */

import type { Decision, WindowState } from "../model/decision.ts";
import type { NewEvent } from "../model/event.ts";
import type { Job } from "../model/job.ts";
import { pausedByRule } from "../model/state.ts";
import type { WaitingFor, Why } from "../model/why.ts";
import { measureUse } from "./measure-use.ts";
import { otherPauses } from "./pauses/pauses-without-rule.ts";
import { type SparedBy, sparedByRules, sparedEvents } from "./pauses/spared.ts";
import { type Pause, rulePauses } from "./pauses/victims.ts";
import { refreshJob } from "./refresh-job.ts";
import { watchHandOvers } from "./rules/hand-over/hand-over.ts";
import { othersUsed, UNSEEN } from "./rules/hand-over/others-used.ts";
import { idleGpus } from "./rules/idle-gpu.ts";
import { type Judged, judgeRules } from "./rules/judge-rules.ts";
import { notices, ruleEvents } from "./rules/rule-events.ts";
import { rulesNow } from "./rules/rule-now.ts";
import { decideWatched, watchPauses } from "./rules/self-caused.ts";
import { type Lines, stayInLine } from "./sharing/line.ts";
import { turnEvents } from "./sharing/turn.ts";
import { chooseStart, type Start } from "./starts/choose-start.ts";
import { countPause } from "./starts/flap-backoff.ts";
import type { Tick, TickInput } from "./tick-input.ts";
import { whyOf } from "./why/why.ts";
import { windowEvents } from "./windows/window-events.ts";
import type { Jobs, PolicyMemory, World } from "./world.ts";

export interface Decided {
  world: World;
  decisions: Decision[];
  /** The answer to "why?" for every job. `after`: the jobs once the decisions were carried out; else it is of those before. */
  why: (after?: Jobs) => Readonly<Record<string, Why>>;
  events: NewEvent[];
  /** Which jobs wait in line for GPUs, published to other supervisors. */
  lines: Lines;
}

/** At most one start or resume; pauses first. `events`: those of rules, sensors and windows. */
export function decide(world: World, tick: Tick): Decided {
  const { sample, config, now, windows } = tick;
  const pace = { now, pollSeconds: config.pollSeconds };
  const judged = judgeRules(config.rules, world.rules, { sample, jobs: world.jobs }, pace);
  const before = inputOf(world, judged, tick);
  const used = measureUse(refresh(before), world.memory.periods ?? {}, sample);
  const refreshed = { ...before, jobs: used.jobs };
  const decided = decideWatched(refreshed);
  const input = { ...refreshed, jobs: decided.jobs };

  const pauses = choosePauses(input);
  const { waits, lines, ...chosen } = chooseStart(input);
  // A job on standby may be asked to give its memory back at the very tick that would let it go on.
  const start = pauses.some(({ job }) => job === chosen.start?.job) ? null : chosen.start;
  const requests = turnEvents(input);
  const { companions = {}, othersUsed: seen = UNSEEN } = world.memory;
  const use = { before: seen, now: othersUsed(sample, seen) };
  const handOvers = watchHandOvers(companions, use, input);

  const spared = sparedByRules(input);
  const sparing = sparedEvents(spared, world.memory.spared ?? {}, input);

  const jobs = countPauses(input, pauses);
  const memory: PolicyMemory = {
    ...input.memory,
    last: lastStart(input, start),
    windows: openings(windows),
    watched: watchPauses(decided.watched, pauses, input),
    periods: used.periods,
    line: stayInLine(Object.keys(lines), input),
    requests: requests.told,
    companions: handOvers.companions,
    othersUsed: use.now,
    spared: sparing.told,
  };
  return {
    world: { jobs, rules: judged.states, memory },
    decisions: [...pauses, ...(start === null ? [] : [start]), ...notices(judged.changes, input)],
    why: (after = input.jobs) => explain(input, after, waits, spared),
    events: [
      ...ruleEvents(judged.changes, input),
      ...sparing.events,
      ...windowEvents(world.memory.windows, windows, now),
      ...decided.events,
      ...requests.events,
      ...handOvers.events,
    ],
    lines,
  };
}

function inputOf({ jobs, memory }: World, { states }: Judged, tick: Tick): TickInput {
  return {
    ...tick,
    jobs,
    rules: rulesNow(tick.config, states, tick.sample, memory.companions),
    idle: idleGpus(tick.config.rules, states, { sample: tick.sample, jobs }),
    memory: { ...memory, startedMs: memory.startedMs ?? tick.now.monotonicMs },
  };
}

function explain(
  input: TickInput,
  after: Jobs,
  waits: Readonly<Record<string, WaitingFor[]>>,
  spared: SparedBy,
): Readonly<Record<string, Why>> {
  const why: Record<string, Why> = {};
  for (const job of Object.values(input.jobs))
    why[job.name] = whyOf(after[job.name] ?? job, waits[job.name] ?? [], input, spared);
  return why;
}

/** Returns the same jobs when nothing has changed. */
function refresh(input: TickInput): Jobs {
  let changed: Record<string, Job> | null = null;
  for (const job of Object.values(input.jobs)) {
    const next = refreshJob(job, input);
    if (next === job) continue;
    changed ??= { ...input.jobs };
    changed[job.name] = next;
  }
  return changed ?? input.jobs;
}

function choosePauses(input: TickInput): Pause[] {
  const others = otherPauses(input);
  return [...others, ...rulePauses(input, new Set(others.map(({ job }) => job)))];
}

/** The flap back-off of each job that a rule pauses now. */
function countPauses({ jobs, now, config }: TickInput, pauses: readonly Pause[]): Jobs {
  if (pauses.length === 0) return jobs;
  const counted: Record<string, Job> = { ...jobs };
  for (const { job: name, cause } of pauses) {
    const job = counted[name];
    if (job === undefined || cause.rule === undefined) continue;
    const balance = countPause(job, cause.rule, now, config.balance);
    counted[name] = { ...job, balance };
  }
  return counted;
}

function lastStart({ jobs, memory, now }: TickInput, start: Start | null): PolicyMemory["last"] {
  const job = start === null ? undefined : jobs[start.job];
  if (job === undefined) return memory.last;
  return { job: job.name, atMs: now.monotonicMs, polite: pausedByRule(job.state) };
}

const openings = (windows: readonly WindowState[]): Record<string, boolean> =>
  Object.fromEntries(windows.map(({ name, open }) => [name, open]));
