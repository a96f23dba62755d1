/**
 * What the audit log tells of a job, beside what the job really did on a machine of numbers.
 * Covers: src/report/timeline.ts, src/report/state-after.ts, src/report/span.ts
 */
import { describe, expect, test } from "vitest";
import { type AuditEvent, EVENT_KINDS, type EventKind, type NewEvent } from "../../src/model/event.ts";
import type { Job } from "../../src/model/job.ts";
import { isEnded } from "../../src/model/state.ts";
import { pausesOf } from "../../src/report/pauses.ts";
import { SPAN_STATES, type Span } from "../../src/report/span.ts";
import { MOVING_KINDS, stateAfter } from "../../src/report/state-after.ts";
import { timelines } from "../../src/report/timelines.ts";
import { at, makeConfig, makeJob, makeRule, WALL } from "../decide/make.ts";
import { VirtualMachine } from "../decide/virtual-machine.ts";

const audit = (events: readonly (NewEvent & { second: number })[]): AuditEvent[] =>
  events.map(({ second, ...event }, index) => ({
    ...event,
    id: index + 1,
    at: new Date(at(second).wallMs).toISOString(),
    hash: "",
  }));

/** The state of a job in the report's words. */
function stateOf({ state, runs }: Job): string | null {
  if (isEnded(state.name)) return "ended";
  if (state.name === "starting") return state.run.resuming ? "starting" : "running";
  if (state.name === "running") return state.run.resuming ? "starting" : "running";
  return state.name === "waiting" && runs === 0 ? "waiting" : state.name;
}

const stateIn = (spans: readonly Span[], ms: number): string | null =>
  spans.find(({ fromMs, toMs }) => fromMs <= ms && ms < toMs)?.state ?? null;

/** Repeatable, and different for each seed. */
function chances(seed: number): () => number {
  let value = seed * 2654435761;
  return () => {
    value = (Math.imul(value ^ (value >>> 15), 2246822519) + 0x9e3779b9) | 0;
    return ((value ^ (value >>> 13)) >>> 0) / 2 ** 32;
  };
}

const statesOf = ({ world }: VirtualMachine) =>
  new Map(Object.values(world.jobs).map((job) => [job.name, stateOf(job)]));

function someHours(seed: number) {
  const chance = chances(seed);
  const rule = makeRule({ name: "busy", forSeconds: 4, clear: { below: 30, forSeconds: 7 } });
  const hot = makeRule({ name: "hot", above: 95, clear: { below: 94 }, action: "freeze" });
  const jobs = [
    makeJob({ name: "asr", priority: 2, restart: { backoffSeconds: 9, maxRetries: 1 } }),
    makeJob({ name: "tts", restart: { backoffSeconds: 30 } }),
    makeJob({ name: "brief" }),
  ];
  const config = { rules: [rule, hot], balance: { settleSeconds: 2, maxPauseOverhead: 0.5 } };
  const machine = new VirtualMachine(makeConfig(config), jobs, {
    asr: { save: 3, load: 5, cpu: 20 },
    tts: { save: 11, load: 2, cpu: 10 },
    brief: { save: 2, load: 4, cpu: 5, steps: 700 },
  });
  const seen: { ms: number; states: ReturnType<typeof statesOf> }[] = [];
  let others = 10;
  for (let second = 1; second <= 2400; second += 1) {
    if (chance() < 0.01) others = Math.round(chance() * 100);
    const name = ["asr", "tts", "brief"][Math.floor(chance() * 3)] ?? "asr";
    if (chance() < 0.004) machine.crash(name);
    const known = chance();
    const ask = { jobs: [name], by: "ana" };
    if (known < 0.003) machine.ask({ verb: "pause", untilMs: null, ...ask });
    else if (known < 0.012) machine.ask({ verb: "resume", ...ask });
    else if (known < 0.0125) machine.ask({ verb: "cancel", ...ask });
    else if (known < 0.0135) machine.ask({ verb: "rerun", ...ask });
    // At the end of a second: after the tick, and after what people asked for since.
    seen.push({ ms: at(machine.second).wallMs, states: statesOf(machine) });
    machine.tick(chance() < 0.01 ? null : others);
  }
  return { machine, seen };
}

test.each([1, 2, 4])("hours at random are read back as they were (seed %i)", (seed) => {
  const { machine, seen } = someHours(seed);
  const untilMs = at(machine.second + 1).wallMs;
  const jobs = Object.values(machine.world.jobs).map(({ name, state }) => ({
    name,
    state: state.name,
    sinceMs: state.since.wallMs,
    gone: false,
  }));
  const found = timelines({ events: audit(machine.events), lastSignMs: () => untilMs, jobs, untilMs });
  expect([...found.keys()].sort()).toEqual(["asr", "brief", "tts"]);
  for (const [name, spans] of found) {
    for (const [index, span] of spans.entries()) {
      expect(span.toMs).toBeGreaterThan(span.fromMs);
      if (index > 0) expect(span.fromMs).toBe(spans[index - 1]?.toMs);
    }
    const wrong = seen
      .map(({ ms, states }) => ({ ms, is: states.get(name), reads: stateIn(spans, ms) }))
      .filter(({ is, reads }) => !(is === reads || (is === "ended" && reads === null)));
    expect(wrong.slice(0, 3), name).toEqual([]);
    const pauses = pausesOf(audit(machine.events)).filter(({ job }) => job === name);
    const others = seen.filter(({ ms, states }) => {
      const lasting = pauses.filter(({ askedMs, overMs }) => askedMs <= ms && ms < (overMs ?? untilMs));
      return lasting.length !== (["pausing", "paused", "frozen"].includes(states.get(name) ?? "") ? 1 : 0);
    });
    expect(others.slice(0, 3), name).toEqual([]);
  }
});

describe("what no event tells", () => {
  const event = (second: number, kind: NewEvent["kind"], more: Partial<NewEvent> = {}) => ({
    second,
    kind,
    job: "tts",
    run: 1,
    actor: "supervisor" as const,
    reason: `${kind}.`,
    ...more,
  });
  const start = event(10, "job.started", { outcome: { gpus: ["GPU-7"], afterMs: 4000 } });
  const read = (events: ReturnType<typeof event>[], untilS: number, signs: number[] = []) =>
    timelines({
      events: audit(events),
      lastSignMs: (before) =>
        [...signs, ...events.map(({ second }) => second)]
          .map((second) => at(second).wallMs)
          .filter((ms) => ms < before)
          .sort((a, b) => a - b)
          .at(-1) ?? null,
      jobs: [],
      untilMs: at(untilS).wallMs,
    }).get("tts");
  const brief = (spans: Span[] | undefined) =>
    spans?.map(({ state, fromMs, toMs }) => `${state} ${(fromMs - WALL) / 1000}-${(toMs - WALL) / 1000}`);

  test("the wait before the first start comes from the start itself; older logs don't have it", () => {
    expect(brief(read([start], 30))).toEqual(["waiting 6-10", "running 10-30"]);
    const { afterMs: _, ...older } = start.outcome as { gpus: string[]; afterMs: number };
    expect(brief(read([{ ...start, outcome: older }], 30))).toEqual(["running 10-30"]);
  });

  test("a run that was gone when the next supervisor looked was unwatched since the last sign", () => {
    const back = event(5000, "supervisor.started", { job: null });
    const lost = event(5003, "job.lost", { actor: "recovery", outcome: { stepsLost: 3 } });
    expect(brief(read([start, back, lost], 6000, [700]))).toEqual([
      "waiting 6-10",
      "running 10-700",
      "unwatched 700-5003",
      "paused 5003-6000",
    ]);
  });

  test.each([
    ["that Slurm ended goes on once there is room", "peer", "paused 50-90"],
    ["that a reboot ended, too", "recovery", "paused 50-90"],
    ["of which nobody knows the end is tried again", "supervisor", "waiting 50-90"],
  ] as const)("a lost run %s", (_, actor, after) => {
    const lost = event(50, "job.lost", { actor, outcome: { stepsLost: 3 } });
    expect(brief(read([start, lost], 90))?.at(-1)).toBe(after);
  });

  const back = event(5000, "supervisor.started", { job: null });
  const asked = event(600, "pause.requested", { actor: "user", reason: "Ana's turn." });
  const resumed = event(600, "resume.requested", { outcome: { gpus: [] } });
  test.each([
    ["finished", [], event(5003, "job.finished", { outcome: { code: 0 } }), []],
    ["failed", [], event(5003, "job.failed", { outcome: { final: false } }), ["waiting 5003-6000"]],
    ["paused itself", [], event(5003, "pause.completed", { actor: "job" }), ["paused 5003-6000"]],
    ["was paused", [asked], event(5003, "pause.completed"), ["paused 5003-6000"]],
    [
      "left nothing",
      [asked],
      event(5003, "pause.failed", { outcome: { goneAfterMs: 9 } }),
      ["paused 5003-6000"],
    ],
    [
      "was frozen",
      [asked],
      event(5003, "pause.completed", { outcome: { pausedAfterMs: 9 } }),
      ["frozen 5003-6000"],
    ],
    ["was cancelled", [], event(5003, "job.cancelled", { outcome: { stepsLost: 3 } }), []],
    ["went on", [resumed], event(5003, "resume.completed"), ["running 5003-6000"]],
  ])(
    "a run that %s while no supervisor was there was unwatched since the last sign",
    (_, before, end, after) => {
      const spans = read([start, ...before, back, end], 6000, [700, 5990]) ?? [];
      const [last] = brief(spans.filter(({ state }) => state === "unwatched")) ?? [];
      expect(last).toBe("unwatched 700-5003");
      expect(brief(spans.filter(({ fromMs }) => fromMs >= at(5003).wallMs))).toEqual(after);
      if (before.includes(asked))
        expect(spans.at(-1)).toMatchObject({ actor: "user", reason: "Ana's turn." });
    },
  );

  test("an end beside another word of it, and after a supervisor that was gone before it looked, counts alike", () => {
    const failed = event(5013, "pause.failed", { outcome: { code: 1 } });
    const end = event(5013, "job.failed", { outcome: { final: false } });
    const again = event(5010, "supervisor.started", { job: null });
    expect(brief(read([start, asked, back, again, failed, end], 6000, [700]))?.slice(2)).toEqual([
      "pausing 600-700",
      "unwatched 700-5013",
      "waiting 5013-6000",
    ]);
  });

  test("a run that ended once it had been seen again, or after a short absence, was running until then", () => {
    const later = event(5200, "job.finished");
    expect(brief(read([start, back, later], 6000, [700]))?.at(-1)).toBe("running 10-5200");
    const lost = event(5200, "job.lost");
    expect(brief(read([start, back, lost], 6000, [700]))?.[1]).toBe("running 10-5200");
    const soon = event(5003, "job.finished");
    expect(brief(read([start, back, soon], 6000, [4990]))?.at(-1)).toBe("running 10-5003");
  });

  test("a run whose supervisor left no sign after its start, or was gone again at once, is unwatched since", () => {
    expect(brief(read([start], 9000))?.slice(1)).toEqual(["unwatched 10-9000"]);
    expect(brief(read([start, back], 9000, [700]))?.slice(1)).toEqual([
      "running 10-700",
      "unwatched 700-9000",
    ]);
  });

  test("a run that was taken over had gone on", () => {
    const back = event(5000, "supervisor.started", { job: null });
    const asked = event(5010, "pause.requested", { actor: "user" });
    expect(brief(read([start, back, asked], 5011, [700]))).toEqual([
      "waiting 6-10",
      "running 10-5010",
      "pausing 5010-5011",
    ]);
  });

  test("while no supervisor runs, what it left alive is unwatched, and what it paused stays paused", () => {
    expect(brief(read([start], 9000, [700]))?.slice(1)).toEqual(["running 10-700", "unwatched 700-9000"]);
    const done = event(40, "pause.completed", { outcome: { goneAfterMs: 4000 } });
    const asked = event(36, "pause.requested", { actor: "shutdown", reason: "It is stopping." });
    const spans = read([start, asked, done], 9000, [700]);
    expect(brief(spans)?.slice(-1)).toEqual(["paused 40-9000"]);
    expect(spans?.at(-1)).toMatchObject({ actor: "shutdown", reason: "It is stopping.", event: 3 });
  });

  test("what holds a job's memory stays so when its pause is told of again, or its resume fails", () => {
    const asked = event(20, "pause.requested", { actor: "user" });
    const held = (method: string) => event(30, "pause.completed", { outcome: { method, pausedAfterMs: 9 } });
    const word = (method: string) => event(40, "pause.completed", { outcome: { method, released: true } });
    const again = event(50, "resume.requested", { evidence: {} });
    const failed = (outcome: object) => event(60, "resume.failed", { outcome: { ...outcome } });
    const parked = [start, asked, held("park"), word("park"), again, failed({ method: "park" })];
    const rests = [start, asked, held("http"), word("http"), again, failed({ failures: 1 })];
    for (const [events, state] of [[parked, "frozen"] as const, [rests, "standby"] as const])
      expect(brief(read(events, 70))?.slice(-3)).toEqual([
        `${state} 30-50`,
        "starting 50-60",
        `${state} 60-70`,
      ]);
    const broken = event(30, "pause.failed", { outcome: { method: "park", final: true } });
    expect(brief(read([start, asked, broken], 70))?.at(-1)).toBe("frozen 30-70");
  });

  test("a clock that was set back gives no span a negative length", () => {
    const asked = event(4, "pause.requested", { actor: "user" });
    const done = event(20, "pause.completed", { outcome: { goneAfterMs: 16_000 } });
    expect(brief(read([start, asked, done], 30))).toEqual(["waiting 6-10", "pausing 10-20", "paused 20-30"]);
  });

  test("a clock that was set back before the last sign of an earlier supervisor counts no time twice", () => {
    const gone = event(650, "pause.completed", { actor: "job" });
    expect(brief(read([start, back, gone], 6000, [700]))?.slice(1)).toEqual([
      "running 10-700",
      "paused 700-6000",
    ]);
  });
});

test("every kind that moves a job is read from the log", () => {
  const outcomes = [undefined, { gpus: [] }, { goneAfterMs: 1, stepsLost: 0, againAfter: "1 s" }];
  const befores = SPAN_STATES.map((state) => ({ state, cancelling: false }));
  const moves = (kind: EventKind): boolean =>
    outcomes.some((outcome) =>
      befores.some((before) => {
        const told = {
          kind,
          job: "asr",
          run: 1,
          actor: "peer",
          reason: "",
          ...(outcome && { outcome }),
        } as const;
        const [event] = audit([{ ...told, second: 1 }]);
        return event !== undefined && stateAfter(event, before) !== null;
      }),
    );
  expect(EVENT_KINDS.filter(moves).filter((kind) => !MOVING_KINDS.includes(kind))).toEqual([]);
});
