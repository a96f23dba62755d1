/** The report: for each job and in all, where the time went, what pausing cost, and how long others waited. */
import type { AuditEvent } from "../model/event.ts";
import { lossOf, notLostOf } from "../model/steps-lost.ts";
import type { EnergyReport } from "./energy/energy-report.ts";
import { othersWaited, quantile, type Wait } from "./others-waited.ts";
import { type CostedPause, costed, type Past, pastOf, waitedForUntil } from "./pause-costs.ts";
import { type Pause, pausesOf } from "./pauses.ts";
import { type Sleep, withoutSleeps } from "./sleeps.ts";
import { type KnownJob, runningSince, SPAN_STATES, type Span, type SpanState, within } from "./span.ts";
import { timelines } from "./timelines.ts";

export type Times = Record<SpanState, number>;

/** Time under one reason: who or what asked (`actor`), how often, and for how long, in ms. */
export interface Share {
  state: "paused" | "standby" | "frozen" | "waiting";
  actor: string;
  times: number;
  ms: number;
}

export interface Totals {
  /** The sum of all times, but for what lies after a job's end. */
  spanMs: number;
  timesMs: Times;
  pauses: number;
  /** Asking, saving, leaving, reloading; ms. Of those pauses whose cost is known. */
  pauseCostMs: number;
  /** Also those that are under way. */
  pausesWithUnknownCost: number;
  /** By pauses, and by runs that ended otherwise. Runs whose lost steps nobody could count are in `uncounted`. */
  stepsLost: { byPauses: number; otherwise: number; uncounted: number };
}

export interface JobReport extends Totals {
  job: string;
  spans: Span[];
  shares: Share[];
  pausesOfJob: CostedPause[];
}

export interface OthersWaited {
  count: number;
  medianMs: number | null;
  p95Ms: number | null;
  longestMs: number | null;
  /** Still waiting at the period's end. */
  open: number;
  waits: Wait[];
}

export interface Report {
  /** Wall times. */
  sinceMs: number;
  untilMs: number;
  jobs: JobReport[];
  all: Totals;
  othersWaited: OthersWaited;
  energy?: EnergyReport;
  /** What isn't as complete as it looks: whole sentences. */
  notes: string[];
}

export interface Material {
  events: readonly AuditEvent[];
  lastSignMs: (beforeMs: number) => number | null;
  /** The machine's, oldest first; none where nothing tells of any. */
  sleeps?: readonly Sleep[];
  jobs: readonly KnownJob[];
  sinceMs: number;
  untilMs: number;
  /** Only this job; all when left out. */
  job?: string;
  notes: string[];
}

export function reportOf(material: Material): Report {
  const { events, lastSignMs, jobs, sleeps = [], sinceMs, untilMs, job, notes } = material;
  const told = timelines({ events, lastSignMs, jobs, untilMs });
  const spans = new Map([...told].map(([name, all]) => [name, withoutSleeps(all, sleeps)]));
  const pasts = new Map([...told].map(([name, all]) => [name, pastOf(all, sleeps)]));
  const past = ({ job: name }: Pause): Past => pasts.get(name) ?? pastOf([], sleeps);
  const pauses = pausesOf(events);
  const eventsOf = Map.groupBy(events, (event) => event.job);
  const pausesOfJob = Map.groupBy(pauses, (pause) => pause.job);
  const inPeriod = (ms: number): boolean => ms >= sinceMs && ms < untilMs;
  const reports = [...spans]
    .filter(([name]) => job === undefined || name === job)
    .map(([name, all]) => {
      const of = (pausesOfJob.get(name) ?? []).filter(({ askedMs }) => inPeriod(askedMs));
      const costs = of.map((pause) => costed(pause, past(pause)));
      const lost = lostOf((eventsOf.get(name) ?? []).filter(({ at }) => inPeriod(Date.parse(at))));
      return jobReport(name, within(all, sinceMs, untilMs), costs, lost);
    })
    .filter(({ spans: own }) => own.length > 0)
    .sort((a, b) => (a.job < b.job ? -1 : 1));
  const asked = pauses.filter((pause) => job === undefined || pause.job === job);
  const waits = othersWaited(events, asked, {
    runningSince: (pause) => runningSince(spans.get(pause.job) ?? [], pause.askedMs),
    until: (pause) => waitedForUntil(pause, past(pause)),
  });
  const own = waits.filter(({ fromMs }) => inPeriod(fromMs));
  return {
    sinceMs,
    untilMs,
    jobs: reports,
    all: sum(reports),
    othersWaited: waitsOf(own),
    notes: [...notes, ...clockNotes(events, sinceMs, untilMs)],
  };
}

function jobReport(
  job: string,
  spans: Span[],
  pauses: CostedPause[],
  stepsLost: Totals["stepsLost"],
): JobReport {
  const timesMs = timesOf(spans);
  return {
    job,
    spans,
    spanMs: SPAN_STATES.reduce((all, state) => all + timesMs[state], 0),
    timesMs,
    pauses: pauses.length,
    pauseCostMs: pauses.reduce((all, { costMs }) => all + (costMs ?? 0), 0),
    pausesWithUnknownCost: pauses.filter(({ costMs }) => costMs === null).length,
    stepsLost,
    shares: sharesOf(spans),
    pausesOfJob: pauses,
  };
}

function timesOf(spans: readonly Span[]): Times {
  const times = Object.fromEntries(SPAN_STATES.map((state) => [state, 0])) as Times;
  for (const span of spans) times[span.state] += span.toMs - span.fromMs;
  return times;
}

const SHARED: readonly SpanState[] = ["paused", "standby", "frozen", "waiting"];

function sharesOf(spans: readonly Span[]): Share[] {
  const shares = new Map<string, Share>();
  for (const { state, actor, fromMs, toMs } of spans) {
    if (!SHARED.includes(state)) continue;
    const key = `${state} ${actor}`;
    const share = shares.get(key) ?? {
      state: state as Share["state"],
      actor: actor ?? "first start",
      times: 0,
      ms: 0,
    };
    share.times += 1;
    share.ms += toMs - fromMs;
    shares.set(key, share);
  }
  return [...shares.values()].sort((a, b) => b.ms - a.ms);
}

function lostOf(events: readonly AuditEvent[]): Totals["stepsLost"] {
  const lost = { byPauses: 0, otherwise: 0, uncounted: 0 };
  for (const event of events) {
    const loss = lossOf(event);
    if (loss?.steps === null) lost.uncounted += 1;
    else if (loss !== null) lost[loss.byPause ? "byPauses" : "otherwise"] += loss.steps;
    // What it takes off may have been told before the period.
    for (const steps of notLostOf(event))
      if (steps === null) lost.uncounted = Math.max(0, lost.uncounted - 1);
      else lost.otherwise = Math.max(0, lost.otherwise - steps);
  }
  return lost;
}

function sum(jobs: readonly JobReport[]): Totals {
  const add = (of: (one: JobReport) => number): number => jobs.reduce((all, one) => all + of(one), 0);
  return {
    spanMs: add(({ spanMs }) => spanMs),
    timesMs: Object.fromEntries(
      SPAN_STATES.map((state) => [state, add(({ timesMs }) => timesMs[state])]),
    ) as Times,
    pauses: add(({ pauses }) => pauses),
    pauseCostMs: add(({ pauseCostMs }) => pauseCostMs),
    pausesWithUnknownCost: add(({ pausesWithUnknownCost }) => pausesWithUnknownCost),
    stepsLost: {
      byPauses: add(({ stepsLost }) => stepsLost.byPauses),
      otherwise: add(({ stepsLost }) => stepsLost.otherwise),
      uncounted: add(({ stepsLost }) => stepsLost.uncounted),
    },
  };
}

function waitsOf(waits: Wait[]): OthersWaited {
  const over = waits.flatMap(({ fromMs, untilMs }) => (untilMs === null ? [] : [untilMs - fromMs]));
  return {
    count: waits.length,
    medianMs: quantile(over, 0.5),
    p95Ms: quantile(over, 0.95),
    longestMs: quantile(over, 1),
    open: waits.length - over.length,
    waits,
  };
}

/** A clock that was set back counts some time twice: the spans leave it out. */
function clockNotes(events: readonly AuditEvent[], sinceMs: number, untilMs: number): string[] {
  return events.flatMap((event, at) => {
    const before = events[at - 1];
    const atMs = Date.parse(event.at);
    if (before === undefined || atMs >= Date.parse(before.at) || atMs < sinceMs || atMs >= untilMs) return [];
    return [
      `The clock was set back between events ${before.id} and ${event.id} (${before.at} to ${event.at}): what lies between is counted once.`,
    ];
  });
}
