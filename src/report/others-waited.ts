/** How long others waited for a job to make room, from first pressure to relief. Pure. */
import { actorKind } from "../model/actor.ts";
import type { AuditEvent } from "../model/event.ts";
import { numberOf, type Pause } from "./pauses.ts";
import { firstIndex } from "./sorted.ts";

/** One stretch of pressure for which at least one job was asked to make room; wall times in ms. */
export interface Wait {
  rule: string;
  gpu: string | null;
  /** The rule's threshold was first exceeded, or a job began to run that stood in the way. */
  fromMs: number;
  /** The last job that was asked had made room, or the pressure was over; null while neither is so. */
  untilMs: number | null;
  events: number[];
}

interface Pressure {
  fromMs: number;
  toMs: number | null;
  actor: string;
  gpu: string | null;
  id: number;
}

/** Of a pause, wall times. */
export interface WaitedFor {
  /** When the run that it ended had begun or gone on; null where nobody knows. */
  runningSince: (pause: Pause) => number | null;
  /** When it had made room; null while it hasn't. */
  until: (pause: Pause) => number | null;
}

export function othersWaited(
  events: readonly AuditEvent[],
  pauses: readonly Pause[],
  { runningSince, until }: WaitedFor,
): Wait[] {
  const sorted = pauses
    .filter(({ actor }) => actorKind(actor) === "rule")
    .sort((a, b) => a.askedMs - b.askedMs);
  const asked = Map.groupBy(sorted, ({ actor }) => actor as string);
  return pressures(events).flatMap((pressure) => {
    const by = during(pressure, asked.get(pressure.actor) ?? []);
    const [first] = by;
    if (first === undefined) return [];
    const ends = by.map((pause) => until(pause) ?? pressure.toMs);
    const fromMs = Math.max(pressure.fromMs, runningSince(first) ?? pressure.fromMs);
    return [
      {
        rule: pressure.actor.slice("rule:".length),
        gpu: pressure.gpu,
        fromMs,
        untilMs: ends.includes(null) ? null : relief(ends as number[], pressure, fromMs),
        events: [pressure.id, ...by.flatMap((pause) => pause.events.slice(0, 2))],
      },
    ];
  });
}

/** Who left by himself no longer waits. */
const relief = (ends: number[], { toMs }: Pressure, fromMs: number): number =>
  Math.max(fromMs, Math.min(Math.max(...ends), toMs ?? Number.POSITIVE_INFINITY));

/** As they were written, whatever the clock. `pauses`: its rule's, sorted by when they were asked for. */
function during({ fromMs, toMs }: Pressure, pauses: readonly Pause[]): Pause[] {
  const first = firstIndex(pauses, ({ askedMs }) => askedMs >= fromMs);
  const next = firstIndex(pauses, ({ askedMs }) => toMs !== null && askedMs > toMs);
  return pauses.slice(first, next).sort((a, b) => (a.events[0] ?? 0) - (b.events[0] ?? 0));
}

/** A rule notices pressure after its own dwell, which counts: the others waited for that, too. */
function pressures(events: readonly AuditEvent[]): Pressure[] {
  const all: Pressure[] = [];
  const open = new Map<string, Pressure>();
  for (const { kind, actor, evidence = {}, at, id } of events) {
    if (kind !== "rule.pressure" && kind !== "rule.cleared") continue;
    const gpu = typeof evidence.gpu === "string" ? evidence.gpu : null;
    const key = `${actor} ${gpu}`;
    const atMs = Date.parse(at);
    const known = open.get(key);
    if (known !== undefined) known.toMs = Math.max(atMs, known.fromMs);
    open.delete(key);
    if (kind === "rule.cleared") continue;
    const dwellMs = (numberOf(evidence.dwellSeconds) ?? 0) * 1000;
    const pressure = { fromMs: atMs - dwellMs, toMs: null, actor, gpu, id };
    open.set(key, pressure);
    all.push(pressure);
  }
  return all;
}

/** Nearest rank; null of nothing. `share`: 0.5 is the median. */
export function quantile(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}
