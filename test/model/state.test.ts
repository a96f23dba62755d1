/**
 * The sets of states, the reading of an actor, and an automatic grace, against what they must say.
 * Covers: src/model/grace.ts, src/model/actor.ts, src/model/job.ts, src/model/machine.ts
 */
import { describe, expect, test } from "vitest";
import { type Actor, actorKind } from "../../src/model/actor.ts";
import { graceMs } from "../../src/model/grace.ts";
import { pauseSignalOf, savesBy } from "../../src/model/job.ts";
import {
  END_STATES,
  isEnded,
  isLive,
  isSuspended,
  isWorking,
  LIVE_STATES,
  pausedByRule,
  type StateName,
} from "../../src/model/state.ts";
import { programOf } from "../../src/words/sentences/process.ts";
import { at, makeCheckpoint, makeJob } from "../decide/make.ts";

const ALL: StateName[] = ["waiting", "paused", ...LIVE_STATES, ...END_STATES];

test.each<[string, (name: StateName) => boolean, StateName[]]>([
  ["live", isLive, ["starting", "running", "serving", "pausing", "standby", "frozen", "lost"]],
  ["ended", isEnded, ["finished", "failed", "cancelled"]],
  ["working", isWorking, ["starting", "running", "serving"]],
  ["held", isSuspended, ["standby", "frozen"]],
])("which states are %s", (_, is, states) => expect(ALL.filter(is)).toEqual(states));

test.each<[Actor, string]>([
  ["rule:busy: very", "rule"],
  ["window:rule:night", "window"],
  ["user", "user"],
  ["peer", "peer"],
])("'%s' is a %s", (actor, kind) => expect(actorKind(actor)).toBe(kind));

test.each<[Actor, boolean]>([
  ["rule:busy", true],
  ["user", false],
])("what '%s' has paused is paused by a rule: %s", (actor, is) => {
  const cause = { actor, reason: "x", critical: false };
  expect(pausedByRule({ name: "paused", since: at(0), cause, checkpoint: null })).toBe(is);
  expect(pausedByRule({ name: "waiting", since: at(0) })).toBe(false);
});

describe("what shows that a job saves", () => {
  const glob = { checkpoint: { glob: "ckpt/*.pt" } };
  const by = (spec: object, facts: object = {}) => savesBy(makeJob(spec, facts));

  test("that it catches a signal shows nothing; a report, a manifest or its config does", () => {
    expect(by({}, { understands: "signal" })).toBeNull();
    expect(by({}, { understands: "contract" })).toBe("library");
    expect(by({}, { checkpoint: makeCheckpoint(7, at(0)) })).toBe("signal");
    expect(by({ pause: { signal: "SIGUSR2" } })).toBe("signal");
    expect(by({ pause: { exitCodes: [3] } })).toBe("signal");
    expect(by({ pause: { method: "checkpoint" } })).toBe("signal");
    const theirs = makeCheckpoint(7, at(0), { verified: "size and age only" });
    expect(by({}, { checkpoint: theirs })).toBeNull();
  });

  test("with a glob and no signal it saves when it likes, whatever else it may do", () => {
    expect([by(glob), by(glob, { understands: "contract" })]).toEqual(["itself", "itself"]);
    expect(by({ ...glob, pause: { method: "checkpoint" } })).toBe("itself");
    expect(by({ ...glob, pause: { signal: "SIGINT" } })).toBe("signal");
  });

  test("libraries listen for SIGUSR2 unless another is written", () =>
    expect([{}, { pause: { signal: "SIGHUP" } }].map((spec) => pauseSignalOf(makeJob(spec).spec))).toEqual([
      "SIGUSR2",
      "SIGHUP",
    ]));
});

test("a grace is what was configured; auto is three times the slowest save, and at least two minutes", () => {
  const saveMs = { count: 30, recent: [8000, 90_000, 7000] };
  expect(graceMs(5, { saveMs })).toBe(5000);
  expect(graceMs("auto", {})).toBe(120_000);
  expect(graceMs("auto", { saveMs })).toBe(270_000);
  expect(graceMs("auto", { saveMs, leaveMs: { count: 3, recent: [400, 30_000, 500] } })).toBe(360_000);
});

test("a program's name is without its folder and arguments", () =>
  expect(["/usr/bin/ffmpeg -i a", " python train.py", "/"].map(programOf)).toEqual([
    "ffmpeg",
    "python",
    "/",
  ]));
