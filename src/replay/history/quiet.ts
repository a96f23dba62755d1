/**
 * How long nothing can change while the readings stay as they are: between two samples of thinned history no
 * tick is needed before. Errs on the side of a tick too many.
 */
import type { Config } from "../../config/schema/schema.ts";
import { freshMs } from "../../decide/rules/dwell.ts";
import { isStartable } from "../../decide/starts/obstacles.ts";
import { windowStates } from "../../decide/windows/windows.ts";
import type { RuleState } from "../../model/decision.ts";
import type { Job } from "../../model/job.ts";
import { isWorking } from "../../model/state.ts";
import type { WaitingFor, Why } from "../../model/why.ts";
import type { Moment } from "../../tick/supervisor.ts";
import type { ModelJob } from "../models/model-job.ts";

/** What only another reading, or a rule that turns, can end. */
const HELD_BY_READINGS: readonly WaitingFor["code"][] = [
  "rule",
  "footprint",
  "sensor",
  "gpu-claimed",
  "gpu-memory",
  "gpu-shortage",
];

/** Monotonic ms; the moment itself where the very next tick may change something, Infinity where none does. */
export function quietUntil(
  moment: Moment,
  before: Moment | null,
  config: Config,
  models: ReadonlyMap<string, ModelJob>,
): number {
  const { now, world } = moment;
  const jobs = Object.values(world.jobs);
  // A footprint that a tick has moved may move on with the next.
  if (jobs.some(({ name, learned }) => before?.world.jobs[name]?.learned !== learned)) return now.monotonicMs;
  if (Object.keys(world.memory.watched ?? {}).length > 0) return now.monotonicMs;
  const rules = Object.values(world.rules);
  const working = jobs.some(({ state }) => isWorking(state.name));
  if (working && rules.some(isPressing)) return now.monotonicMs;
  const why = moment.why();
  return Math.min(
    ...rules.map((state) => ruleTurns(state, config, now.monotonicMs)),
    ...windowStates(config.windows, now.wallMs).flatMap(({ changesAtMs, closesAtMs }) =>
      [changesAtMs, closesAtMs ?? null].flatMap((at) => (at === null ? [] : toMonotonic(at, moment))),
    ),
    ...jobs.map((job) => jobMoves(job, why[job.name], moment, { config, model: models.get(job.name) })),
  );
}

const toMonotonic = (wallMs: number, { now }: Moment): number => now.monotonicMs + wallMs - now.wallMs;

const isPressing = ({ firm, beyondSinceMs }: RuleState): boolean =>
  firm === "pressure" && beyondSinceMs !== null;

function ruleTurns(state: RuleState, config: Config, nowMs: number): number {
  const rule = config.rules.find(({ name }) => name === state.rule);
  if (state.readAtMs === null) {
    const sure = state.firmSinceMs + freshMs(config.pollSeconds);
    return sure > nowMs ? sure : Number.POSITIVE_INFINITY;
  }
  if (rule === undefined || state.leaningSinceMs === null) return Number.POSITIVE_INFINITY;
  const dwell = state.firm === "clear" ? rule.forSeconds : rule.clear.forSeconds;
  return state.leaningSinceMs + dwell * 1000;
}

function jobMoves(
  job: Job,
  why: Why | undefined,
  moment: Moment,
  { config, model }: { config: Config; model: ModelJob | undefined },
): number {
  const nowMs = moment.now.monotonicMs;
  const { state, manual } = job;
  if (manual?.want === "run") return nowMs;
  if (state.name === "starting" || state.name === "pausing" || state.name === "lost") return nowMs;
  if (state.name === "running") {
    if (state.run.resuming !== undefined) return nowMs;
    const next = model?.nextMs(job.spec.checkpoint.everyMinutes) ?? null;
    return next === null ? Number.POSITIVE_INFINITY : nowMs + next;
  }
  if (!isStartable(job)) return Number.POSITIVE_INFINITY;
  const release =
    why?.next?.what === "release" ? toMonotonic(why.next.atMs, moment) : Number.POSITIVE_INFINITY;
  return Math.min(release, startsAt(job, why?.waitingFor ?? [], moment, config));
}

/** When the last of what it waits for is over. */
function startsAt(job: Job, waits: readonly WaitingFor[], moment: Moment, config: Config): number {
  const nowMs = moment.now.monotonicMs;
  if (waits.some(({ code }) => HELD_BY_READINGS.includes(code))) return Number.POSITIVE_INFINITY;
  if (waits.some(({ code, untilMs }) => code === "manual" && untilMs === undefined))
    return Number.POSITIVE_INFINITY;
  if (waits.length === 0 || waits.some(({ untilMs }) => untilMs === undefined)) return nowMs;
  const all = Math.max(...waits.map(({ untilMs = 0 }) => toMonotonic(untilMs, moment)));
  // A back-off is forgotten once calm has lasted longer than that, which may be before its end.
  const forgotten = Object.values(job.balance.backoff).map(({ lastPauseMs }) =>
    toMonotonic(lastPauseMs + config.balance.calmSeconds * 1000, moment),
  );
  return Math.min(all, ...forgotten.filter((at) => at >= nowMs));
}
