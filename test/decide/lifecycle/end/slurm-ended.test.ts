/** Ends that come from Slurm, each to its own state; none counts as a failure of the program but the time limit's. */
import { describe, expect, test } from "vitest";
import type { SlurmEnd, SlurmSeen } from "../../../../src/model/seen.ts";
import { at, makeCheckpoint, makeRank, makeRun, runningJob, Story } from "../../make.ts";

const SPEC = { executor: { kind: "slurm" } };
const slurm: SlurmSeen = { id: 12, state: "running", nodes: "n1" };
const working = (): Story => {
  const run = makeRun({ pid: null, slurm: { id: 12, state: "unknown" } });
  const story = new Story(runningJob(SPEC, { state: { name: "running", since: at(0), run } }));
  const seen = {
    pid: null,
    slurm,
    ranks: [makeRank({ step: 40 })],
    checkpoints: [makeCheckpoint(30, at(1))],
  };
  story.see(2, seen).told();
  return story;
};
const gone = (end: SlurmEnd) => ({
  pid: null,
  exit: { known: false as const },
  ranks: [makeRank({ step: 40 })],
  checkpoints: [makeCheckpoint(30, at(1))],
  slurm: { ...slurm, end },
});

describe("a run that Slurm has ended", () => {
  test.each([
    ["cancelled", "cancelled", "job.cancelled"],
    ["preempted", "paused", "job.lost"],
    ["requeued", "paused", "job.lost"],
    ["node failure", "paused", "job.lost"],
    ["time limit", "waiting", "job.failed"],
    ["out of memory", "waiting", "job.failed"],
  ] as const)("%s: %s", (end, state, kind) => {
    const story = working().see(3, gone(end));
    expect([story.state, story.told().at(-1)]).toEqual([state, kind]);
    expect(story.reasons.at(-1)).toContain("Slurm job 12 ");
    expect(story.outcomes.at(-1)).toMatchObject({ stepsLost: 10 });
    expect(story.job.attempts.failures).toBe(state === "waiting" ? 1 : 0);
  });

  test("while it was asked to pause, stays paused for that reason, and says what failed", () => {
    const story = working().pause(3).see(4, gone("preempted"));
    expect(story.told()).toEqual(["pause.requested", "pause.failed", "job.lost"]);
    expect(story.job.state).toMatchObject({ name: "paused", cause: { actor: "rule:busy" } });
  });

  test("with an exit code 0, isn't finished unless its ranks say so", () => {
    // srun's own, of a step whose node is lost.
    const zero = { ...gone("requeued"), exit: { known: true, code: 0, signal: null } as const };
    expect(working().see(3, zero).state).toBe("paused");
    const done = working().see(3, { ...zero, ranks: [makeRank({ step: 41, state: "finished" })] });
    expect(done.state).toBe("finished");
    expect(done.effects).toContain("withdraw");
  });

  test("once it was cancelled by hand, is cancelled by that hand", () => {
    const story = working();
    story.at(at(3), { kind: "cancel", by: "ana" }).see(4, gone("cancelled"));
    expect(story.state).toBe("cancelled");
    expect(story.reasons.at(-1)).toMatch(/^It was cancelled and has ended/);
  });
});

test("a reboot of this machine ends no run on a cluster", () => {
  const story = working();
  story.at(at(5), { kind: "recovered", bootId: "another" });
  expect(story.see(6, { pid: null, slurm }).state).toBe("running");
  expect(story.told()).toEqual([]);
});
