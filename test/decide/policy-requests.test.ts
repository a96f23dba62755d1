/**
 * Windows, requests by hand, a stop.
 * Covers: src/decide/policy.ts, src/decide/manual-request.ts, src/decide/refresh-job.ts,
 * src/decide/windows/window-events.ts
 */

import { describe, expect, test } from "vitest";
import type { Cause } from "../../src/model/actor.ts";
import { busy, byRule, CPU, Days, pausedJob, pausingState, quiet, running } from "./days.ts";
import { at, figure, makeJob, makeRun } from "./make.ts";

describe("windows", () => {
  const night = { name: "night", opens: "0 22 * * *", closes: "0 7 * * *", timezone: "UTC" };
  // The stories begin at 10:00 UTC.
  const at22 = 12 * 3600;
  const at7 = 21 * 3600;

  test("closed: nothing starts, and why says when it opens", () => {
    const days = new Days({ windows: [night] }, makeJob());
    expect([days.tick(0), days.waits("tts"), days.why.tts?.next?.atMs]).toEqual([
      [],
      ["window"],
      at(at22).wallMs,
    ]);
    expect(days.tick(at22)).toEqual(["start tts"]);
    expect(days.last.events).toEqual(["window.opened"]);
  });

  test("closing pauses, opening resumes, and both are said", () => {
    const days = new Days({ windows: [night] }, running("tts"));
    days.tick(at22);
    expect(days.why.tts).toMatchObject({
      next: { what: "window-closes", window: "night", atMs: at(at7).wallMs },
    });
    expect(days.tick(at7)).toEqual(["pause tts by checkpoint"]);
    expect(days.last.reasons[0]).toMatch(
      /^Window 'night' closed at \S+; the job runs only while it is open\.$/,
    );
    days.set("tts", {
      name: "paused",
      since: at(at7),
      cause: { actor: "window:night", reason: "x", critical: false },
      checkpoint: null,
    });
    expect(days.tick(at7 + 60)).toEqual([]);
    expect(days.tick(at22 + 86_400)).toEqual(["resume tts"]);
    expect(days.decisions[0]).toMatchObject({ actor: "window:night" });
  });

  test("too little time to load and save waits for the next one", () => {
    const learned = { saveMs: figure(60_000), reloadMs: figure(60_000) };
    const cause: Cause = { actor: "window:night", reason: "x", critical: false };
    const state = { name: "paused" as const, since: at(-5), cause, checkpoint: null };
    const days = new Days({ windows: [night] }, pausedJob("tts", {}, { learned, state }));
    expect([days.tick(at7 - 119), days.waits("tts")]).toEqual([[], ["window"]]);
    expect(days.tick(at7 - 120)).toEqual(["resume tts"]);
  });

  test("resumed by hand outside it, a job runs until it next closes", () => {
    const days = new Days({ windows: [night] }, makeJob({}, { understands: "contract" }));
    expect(days.tick(0)).toEqual([]);
    expect(days.ask(1, { verb: "resume", jobs: ["tts"], by: "ana" })).toEqual([]);
    expect(days.tick(1)).toEqual(["start tts"]);
    days.set("tts", { name: "running", since: at(2), run: makeRun() });
    for (const second of [10, 3600, at22 - 1, at22 + 1, at7 - 1]) expect(days.tick(second)).toEqual([]);
    expect(days.tick(at7)).toEqual(["pause tts by checkpoint"]);
    expect(days.world.jobs.tts?.manual).toBeNull();
  });
});

describe("by hand", () => {
  test("a pause wins until its end, over everything", () => {
    const days = new Days({ rules: [CPU] }, running("tts"));
    days.ask(0, { verb: "pause", jobs: ["tts"], untilMs: at(100).wallMs, by: "ana" });
    expect(days.tick(0, quiet)).toEqual(["pause tts by checkpoint"]);
    days.set("tts", {
      name: "paused",
      since: at(1),
      cause: { actor: "user", reason: "x", critical: false },
      checkpoint: null,
    });
    expect([days.tick(99, quiet), days.waits("tts")]).toEqual([[], ["manual"]]);
    expect(days.why.tts?.next?.atMs).toBe(at(100).wallMs);
    expect(days.tick(100, quiet)).toEqual(["resume tts"]);
  });

  test("without an end it lasts", () => {
    const days = new Days({ rules: [CPU] }, pausedJob("tts"));
    days.ask(0, { verb: "pause", jobs: ["tts"], untilMs: null, by: "ana" });
    for (const second of [1, 3600, 1e6]) expect(days.tick(second, quiet)).toEqual([]);
    days.ask(1e6, { verb: "resume", jobs: ["tts"], by: "ana" });
    expect(days.tick(1e6, quiet)).toEqual(["resume tts"]);
  });

  test("a resume isn't undone by the rule that was in pressure, until that has been clear once", () => {
    const days = new Days({ rules: [CPU] }, pausedJob("tts"));
    days.tick(0, busy);
    days.ask(1, { verb: "resume", jobs: ["tts"], by: "ana" });
    expect(days.tick(1, busy)).toEqual(["resume tts"]);
    days.set("tts", { name: "running", since: at(2), run: makeRun() });
    for (let second = 2; second < 20; second += 1) expect(days.tick(second, busy)).toEqual([]);
    expect(days.tick(20, quiet)).toEqual([]);
    expect(days.tick(21, busy)).toEqual(["pause tts by checkpoint"]);
  });

  test("but a critical rule isn't excused", () => {
    const days = new Days({ rules: [{ ...CPU, severity: "critical" }] }, pausedJob("tts"));
    days.tick(0, busy);
    days.ask(1, { verb: "resume", jobs: ["tts"], by: "ana" });
    expect([days.tick(1, busy), days.waits("tts")]).toEqual([[], ["rule"]]);
  });

  test("a resume asks for no patience from balance, once", () => {
    const balance = {
      backoff: { cpu: { count: 9, lastPauseMs: at(0).wallMs } },
      productiveMs: 0,
      overheadMs: 1e9,
    };
    const days = new Days({ rules: [CPU] }, pausedJob("tts", {}, { balance }));
    expect(days.tick(0, quiet)).toEqual([]);
    days.ask(1, { verb: "resume", jobs: ["tts"], by: "ana" });
    expect(days.tick(1, quiet)).toEqual(["resume tts"]);
  });

  test("a freeze on request, also of a pause that is overdue", () => {
    const days = new Days({ rules: [] }, running("tts"));
    days.ask(0, { verb: "pause", jobs: ["tts"], untilMs: null, by: "ana", force: "freeze" });
    expect(days.tick(0)).toEqual(["pause tts by freeze"]);
    const state = pausingState("tts", 0);
    days.set("tts", { ...state, request: { ...state.request, overdue: "waiting" } });
    expect(days.tick(1)).toEqual(["pause tts by freeze"]);
    days.set("tts", { ...state, request: { ...state.request, overdue: "frozen" } });
    expect(days.tick(2)).toEqual([]);
    days.ask(3, { verb: "resume", jobs: ["tts"], by: "ana" });
    expect(days.tick(3)).toEqual(["resume tts"]);
  });

  test("an end on request, once, from wherever it lives; it stays paused until it is resumed", () => {
    const days = new Days({ rules: [] }, running("tts", {}, { worldSize: 2 }));
    days.ask(0, { verb: "pause", jobs: ["tts"], untilMs: null, by: "ana", force: "terminate" });
    days.tick(0);
    expect(days.decisions[0]).toMatchObject({
      verb: "pause",
      job: "tts",
      end: true,
      cause: { actor: "user" },
    });
    const { request, ...state } = pausingState("tts", 0);
    for (const overdue of [null, "waiting", "frozen"] as const) {
      days.set("tts", { ...state, request: { ...request, overdue } });
      days.tick(1);
      expect(days.decisions).toMatchObject([{ job: "tts", end: true }]);
    }
    days.set("tts", { ...state, request: { ...request, overdue: "terminated", endedByHand: true } });
    expect(days.tick(2)).toEqual([]);
    const cause = { actor: "user" as const, reason: "Asked for by ana.", critical: false };
    days.set("tts", { name: "paused", since: at(3), cause, checkpoint: null });
    expect(days.tick(900)).toEqual([]);
    days.ask(901, { verb: "resume", jobs: ["tts"], by: "ana" });
    expect(days.tick(901)).toEqual(["resume tts"]);
  });

  test("what can't be done is refused with its reason, the rest is done", () => {
    const days = new Days(
      {},
      running("a"),
      running("b", {}, { worldSize: 2 }),
      makeJob({ name: "c" }, { state: { name: "finished", since: at(0) } }),
    );
    expect(
      days.ask(0, { verb: "pause", jobs: ["a", "b", "c", "d"], untilMs: null, by: "ana", force: "freeze" }),
    ).toEqual([
      "'b' has several ranks, which fail when they are frozen.",
      "'c' has finished already.",
      "There is no job 'd'.",
    ]);
    expect(days.world.jobs.a?.manual).toMatchObject({ want: "pause", force: "freeze" });
    expect(days.ask(0, { verb: "resume", jobs: ["c"], by: "ana" })).toEqual([
      "'c' has finished already. To run it again from the beginning: supervisor rerun c",
    ]);
    expect(days.ask(0, { verb: "cancel", jobs: ["c"], by: "ana" })).toEqual(["'c' has finished already."]);
    expect(days.ask(9, { verb: "pause", jobs: ["a"], untilMs: at(3).wallMs, by: "ana" })[0]).toMatch(
      /in the past/,
    );
  });

  test("a failed job is given another chance by a resume", () => {
    const days = new Days(
      {},
      makeJob({}, { state: { name: "failed", since: at(0), reason: "x", exitCode: 1 } }),
    );
    expect(days.ask(1, { verb: "resume", jobs: ["tts"], by: "ana" })).toEqual([]);
    expect(days.tick(1)).toEqual(["start tts"]);
  });
});

describe("while the supervisor stops", () => {
  test("everything is paused by checkpoint, what can't save is frozen and told so", () => {
    const frozen = { name: "frozen" as const, since: at(-5), run: makeRun(), cause: byRule };
    const days = new Days(
      {},
      running("a"),
      running("b", {}, { understands: "nothing" }),
      running("c", {}, { state: frozen }),
      running("d", {}, { state: frozen, understands: "nothing" }),
      running("e", { pause: { method: "park" } }, { understands: "nothing" }),
    );
    days.mode = { stopping: true, journalHealthy: true };
    expect(days.tick(0)).toEqual([
      "pause a by checkpoint",
      "pause b by freeze",
      "pause c by checkpoint",
      "pause e by park",
    ]);
    expect(days.last.reasons[1]).toMatch(
      /nothing shows that this program saves: it is frozen, keeps its memory/,
    );
    expect(days.decisions[0]).toMatchObject({ cause: { actor: "shutdown" } });
  });
});
