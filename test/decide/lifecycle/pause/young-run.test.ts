/** A program that is asked to pause before it can have told whether it saves. */
import { describe, expect, test } from "vitest";
import type { Run } from "../../../../src/model/run.ts";
import { at, exitCode, makeCheckpoint, makeRank, makeRun, runningJob, Story } from "../../make.ts";

const SCRIPT = ["python3", "finetune.py"];
const FREEZE = {
  method: "freeze" as const,
  cause: { actor: "user" as const, reason: "Paused by hand.", critical: false },
};

/** Launched at second 200, and seen without a report. */
function young(spec: object = {}, run: Partial<Run> = {}): Story {
  const state = { name: "running" as const, since: at(200), run: makeRun({ startedAt: at(200), ...run }) };
  return new Story(runningJob({ command: SCRIPT, ...spec }, { state, understands: "nothing" }));
}

describe("a run that may report yet", () => {
  test("is asked, and saves as soon as it has come to its library", () => {
    const story = young().pause(207, FREEZE);
    expect([story.told(), story.did()]).toEqual([["pause.requested"], ["control pause"]]);
    expect(story.reasons.at(-1)).toBe(
      "Paused by hand. It has only just started, and may still report that it saves: it is frozen if it hasn't within 23 s.",
    );
    story.see(215, { signalCaught: false });
    expect(story.did()).toEqual([]);
    story.see(219, { ranks: [makeRank({ step: null })] });
    story.see(233, { ranks: [makeRank({ step: 0, sequence: 1, state: "saving" })] });
    expect(story.did()).not.toContain("freeze");
    const checkpoints = [makeCheckpoint(0, at(234))];
    story.see(235, {
      exit: exitCode(75),
      ranks: [makeRank({ step: 0, sequence: 1, state: "paused" })],
      checkpoints,
    });
    expect([story.state, story.told().at(-1)]).toEqual(["paused", "pause.completed"]);
  });

  test("is frozen when no report came, and finds no request when it goes on", () => {
    const story = young().pause(207, FREEZE);
    story.did();
    story.see(229.5);
    expect(story.did()).toEqual([]);
    story.see(230);
    expect(story.did()).toEqual(["control run", "freeze"]);
    story.see(231, { stopped: true });
    expect(story.state).toBe("frozen");
  });

  test("waits no longer than its grace", () => {
    const story = young({ pause: { graceSeconds: 9 } }).pause(203, FREEZE);
    story.did();
    story.see(212);
    expect([story.did(), story.told()]).toEqual([["control run", "freeze"], ["pause.requested"]]);
  });

  test("that ends meanwhile has ended as ever", () => {
    expect(
      young()
        .pause(204, FREEZE)
        .see(206, { exit: exitCode(0) }).state,
    ).toBe("finished");
  });
});

describe("is frozen at once:", () => {
  const cause = {
    actor: "rule:busy" as const,
    reason: "Somebody else needs it.",
    critical: false,
    rule: "busy",
  };
  test.each<[string, Story, object]>([
    ["a run that has had its time", young({}, { startedAt: at(170) }), {}],
    ["a program that no library is for", young({ command: ["ffmpeg", "-i", "a.wav"] }), {}],
    ["one whose config says so", young({ pause: { method: "freeze" } }), {}],
    ["where a freeze was asked for", young(), { wanted: true }],
    ["for a rule", young(), { cause }],
  ])("%s", (_, story, more) => {
    story.pause(201, { ...FREEZE, ...more });
    expect(story.did()).toEqual(["freeze"]);
  });
});
