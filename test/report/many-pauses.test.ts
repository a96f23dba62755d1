/**
 * A history of many pauses is told as one that is searched whole for each of them, with far less work.
 * Covers: src/report/sorted.ts, src/report/span.ts
 */
import { describe, expect, test } from "vitest";
import type { Actor } from "../../src/model/actor.ts";
import type { AuditEvent } from "../../src/model/event.ts";
import { emptyBill, Prices } from "../../src/report/energy/prices.ts";
import { othersWaited } from "../../src/report/others-waited.ts";
import type { Pause } from "../../src/report/pauses.ts";
import { reportOf } from "../../src/report/report.ts";
import { awakeMs, type Sleep, sleepsIn, withoutSleeps } from "../../src/report/sleeps.ts";
import { firstIndex } from "../../src/report/sorted.ts";
import { runningSince, SPAN_STATES, type Span } from "../../src/report/span.ts";
import { seeded } from "../torture/plan.ts";

type Random = (below: number) => number;
const randomOf = (seed: number): Random => {
  const next = seeded(seed);
  return (below) => Math.floor(next() * below);
};
const list = <T>(length: number, one: (at: number) => T): T[] => Array.from({ length }, (_, at) => one(at));

/** One after the other, the next one beginning at its end. */
function spansOf(random: Random, count: number): Span[] {
  let toMs = random(9);
  return list(count, () => {
    const fromMs = toMs;
    toMs += 1 + random(9);
    const state = SPAN_STATES[random(SPAN_STATES.length)] ?? "running";
    return { state, fromMs, toMs, actor: null, reason: "", run: 1, gpus: [], event: null };
  });
}

/** Some of them meet; each has its length, and no two overlap. */
function sleepsOf(random: Random, count: number): Sleep[] {
  let toMs = 0;
  return list(count, () => {
    const fromMs = toMs + random(6);
    toMs = fromMs + 1 + random(6);
    return { fromMs, toMs, sleptMs: 1 };
  });
}

function pauseAt(id: number, askedMs: number, actor: Actor): Pause {
  const times = { askedMs, doneMs: null, resumedMs: null, goesOnMs: null, overMs: null, tookMs: null };
  const none = { method: null, saved: null, stepsLost: null, bytes: null };
  return { job: "asr", run: 1, ...times, ...none, actor, reason: "", events: [id] };
}

/** Two rules' pressure and pauses, as they were written: the clock goes on, and sometimes back. */
function askedOf(random: Random, count: number): { events: AuditEvent[]; pauses: Pause[] } {
  let atMs = 10_000;
  const events: AuditEvent[] = [];
  const pauses: Pause[] = [];
  for (const id of list(count, (at) => at + 1)) {
    atMs += random(20) === 0 ? -random(60) : random(8);
    const actor = `rule:${random(2)}` as const;
    const kind = (["rule.pressure", "rule.cleared", "pause.requested"] as const)[random(3)] ?? "rule.cleared";
    const evidence = { gpu: `GPU-${random(2)}`, dwellSeconds: random(20) / 1000 };
    const at = new Date(atMs).toISOString();
    events.push({ id, at, kind, job: null, run: null, actor, reason: "", hash: "", evidence } as AuditEvent);
    if (kind === "pause.requested") pauses.push(pauseAt(id, atMs, actor));
  }
  return { events, pauses };
}

const ROUNDS = 20;

describe.each(list(ROUNDS, (seed) => seed))("history %i, searched whole for each", (seed) => {
  const random = randomOf(seed);
  const spans = spansOf(random, 40);
  const sleeps = sleepsOf(random, 25);
  const moments = list(60, () => random(260));

  test("gives the same stretch of work", () => {
    const isWork = ({ state }: Span): boolean => state === "running" || state === "starting";
    const before = (askedMs: number): number | null => {
      const begun = spans.filter(({ fromMs }) => fromMs < askedMs);
      const rest = begun.findLastIndex((span) => !isWork(span));
      return begun[rest + 1]?.fromMs ?? null;
    };
    expect(moments.map((ms) => runningSince(spans, ms))).toEqual(moments.map(before));
  });

  test("gives the same sleep between two moments, in a span and beside other signs", () => {
    const asleep = (fromMs: number, toMs: number): number =>
      sleeps.filter((one) => one.fromMs >= fromMs && one.toMs <= toMs).length;
    for (const fromMs of moments)
      for (const toMs of moments.slice(0, 9))
        expect(awakeMs(fromMs, toMs, sleeps)).toBe(toMs - fromMs - asleep(fromMs, toMs));
    const isAt = (all: readonly { fromMs: number; toMs: number }[], ms: number): boolean =>
      all.some(({ fromMs, toMs }) => ms >= fromMs && ms < toMs);
    const unseen = withoutSleeps(spans, sleeps).filter(({ state, event }) => state === "unwatched" && !event);
    const atWork = spans.filter(({ state }) => ["running", "starting", "pausing"].includes(state));
    const unwatched = spans.filter(({ state }) => state === "unwatched");
    for (const ms of list(300, (at) => at))
      expect(isAt(unseen, ms)).toBe((isAt(atWork, ms) && isAt(sleeps, ms)) || isAt(unwatched, ms));
  });

  test("gives the same pauses that each pressure asked for", () => {
    const { events, pauses } = askedOf(random, 90);
    const waits = othersWaited(events, pauses, { runningSince: () => null, until: () => null });
    const ends = (from: AuditEvent): number => {
      const next = events.find(
        ({ id, kind, actor, evidence }) =>
          id > from.id &&
          kind.startsWith("rule.") &&
          actor === from.actor &&
          evidence?.gpu === from.evidence?.gpu,
      );
      return next === undefined ? Number.POSITIVE_INFINITY : Date.parse(next.at);
    };
    const begins = ({ at, evidence }: AuditEvent): number =>
      Date.parse(at) - Number(evidence?.dwellSeconds) * 1000;
    const asked = events
      .filter(({ kind }) => kind === "rule.pressure")
      .map((one) => [
        one.id,
        ...pauses
          .filter(({ actor, askedMs }) => actor === one.actor && askedMs >= begins(one))
          .filter(({ askedMs }) => askedMs <= Math.max(ends(one), begins(one)))
          .flatMap((pause) => pause.events),
      ]);
    expect(waits.map((wait) => wait.events)).toEqual(asked.filter(({ length }) => length > 1));
  });
});

test("the first index of none is the length", () => {
  expect([[], [1], [1, 2, 2, 3]].map((all) => firstIndex(all, (one) => one >= 2))).toEqual([0, 1, 1]);
});

/** Counts each look at one of its own fields or elements. */
class Looks {
  count = 0;

  at<T extends object>(what: T): T {
    const get = (target: T, key: string | symbol) => {
      this.count += 1;
      return Reflect.get(target, key);
    };
    return new Proxy(what, { get });
  }
}

const even = (count: number, length: number) =>
  list(count, (at) => ({ fromMs: at * 10, toMs: at * 10 + length }));
const workOf = (looks: Looks, count: number): Span[] =>
  even(count, 10).map((one, at) =>
    looks.at({ ...(spansOf(() => 0, 1)[0] as Span), ...one, state: at % 2 ? "paused" : "running" } as const),
  );
const eventsOf = (looks: Looks, count: number, of: (at: number) => Partial<AuditEvent>): AuditEvent[] =>
  list(count, (at) => {
    const [id, when] = [at + 1, new Date(at * 10).toISOString()];
    const one = { id, at: when, job: null, run: 1, actor: "rule:cpu", reason: "", hash: "", ...of(at) };
    return looks.at(one as AuditEvent);
  });

const WORK: Record<string, (looks: Looks, count: number) => void> = {
  "when each paused run began": (looks, count) => {
    const spans = workOf(looks, count);
    for (const { fromMs } of even(count, 0)) runningSince(spans, fromMs);
  },
  "who was asked to make room": (looks, count) => {
    const events = eventsOf(looks, count, (at) => ({ kind: at % 2 ? "rule.cleared" : "rule.pressure" }));
    const pauses = list(count, (at) => looks.at(pauseAt(at, at * 10, "rule:cpu")));
    othersWaited(events, pauses, { runningSince: () => null, until: () => null });
  },
  "what the machine slept meanwhile": (looks, count) => {
    const sleeps = even(count, 5).map((one) => looks.at({ ...one, sleptMs: 1 }));
    for (const { fromMs } of even(count, 0)) awakeMs(fromMs, fromMs + 20, sleeps);
    withoutSleeps(workOf(new Looks(), count), sleeps);
  },
  "signs in the gaps of the samples": (looks, count) => {
    const gaps = even(count, 10).map((one) => ({ ...one, awakeMs: 1 }));
    sleepsIn(gaps, looks.at(list(count, (at) => at * 10 + 5)));
  },
  "the events and pauses of each of many jobs": (looks, count) => {
    const events = eventsOf(looks, count, (at) => ({ kind: "job.started", job: `job ${at}` }));
    reportOf({ events, lastSignMs: () => null, jobs: [], notes: [], sinceMs: 0, untilMs: count * 10 });
  },
  "the last sign before each start, for many jobs": (looks, count) => {
    const events = eventsOf(new Looks(), count, (at) =>
      at < count / 2 ? { kind: "job.started", job: `job ${at}` } : { kind: "supervisor.started" },
    );
    const lastSignMs = (beforeMs: number): number => {
      looks.count += 1;
      return beforeMs;
    };
    reportOf({ events, lastSignMs, jobs: [], notes: [], sinceMs: 0, untilMs: count * 10 });
  },
  "the price where it changes, for two jobs": (looks, count) => {
    const prices = new Prices(
      even(count, 10).map((stretch) => looks.at({ ...stretch, pricePerKWh: 1, gCO2PerKWh: 1 })),
    );
    for (const { toMs } of even(count, 10))
      for (const bill of [emptyBill(), emptyBill()]) prices.add(bill, 100, toMs - 5, toMs + 5);
  },
};

test.each(Object.entries(WORK))("twice the history takes about twice the work: %s", (_, work) => {
  const looksAt = (count: number): number => {
    const looks = new Looks();
    work(looks, count);
    return looks.count;
  };
  const [once, twice] = [looksAt(200), looksAt(400)];
  expect(once).toBeGreaterThan(100);
  // A search takes one step more.
  expect(twice / once).toBeLessThan(2.5);
});
