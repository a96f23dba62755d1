import { describe, expect, test } from "vitest";
import { at, exitCode, makeCheckpoint, makeJob, makeRank, runningJob, Story } from "../make.ts";

const save = (step: number, second: number) => ({ checkpoints: [makeCheckpoint(step, at(second))] });

describe("a cancel", () => {
  test("of a job without processes is done at once, of an ended one nothing", () => {
    const story = new Story(makeJob()).on(1, { kind: "cancel", by: "ana" });
    expect([story.state, story.told()]).toEqual(["cancelled", ["job.cancelled"]]);
    expect(story.on(2, { kind: "cancel", by: "ana" }).told()).toEqual([]);
  });

  test("ends a live one by SIGTERM, by SIGKILL after 10 s, and is done when it is gone", () => {
    const story = new Story(runningJob()).on(10, { kind: "cancel", by: "ana" });
    expect([story.state, story.did()]).toEqual(["running", ["terminate"]]);
    story.see(19);
    expect(story.did()).toEqual([]);
    story.see(20).see(21);
    expect(story.did()).toEqual(["kill"]);
    story.see(22, { exit: { known: true, code: 137, signal: "SIGKILL" } });
    expect([story.state, story.job.cancelling]).toEqual(["cancelled", undefined]);
  });

  test("ends what its first process leaves behind, and outlives a reboot and a launch that failed", () => {
    const left = { exit: exitCode(143), leftovers: [{ pid: 7, command: "worker" }] };
    const story = new Story(runningJob()).on(1, { kind: "cancel", by: "ana" }).see(2, left);
    expect(story.see(12, left).did()).toContain("kill");
    const rebooted = new Story(runningJob()).on(1, { kind: "cancel", by: "ana" });
    rebooted.on(2, { kind: "recovered", bootId: "another boot" }).see(3, { exit: { known: false } });
    expect(rebooted.state).toBe("cancelled");
    const starting = new Story(makeJob()).launch(0).on(1, { kind: "cancel", by: "ana" });
    expect(starting.on(2, { kind: "launch-failed", reason: "x" }).state).toBe("cancelled");
  });

  test("counts the run's work once, until it has ended", () => {
    const works = { ranks: [makeRank({ step: 1 })] };
    const story = new Story(runningJob()).see(40, works).on(100, { kind: "cancel", by: "ana" });
    story.see(103, works).see(106, { exit: exitCode(143) });
    const { ranMs, balance } = story.job;
    expect([story.state, ranMs, balance.productiveMs]).toEqual(["cancelled", 106_000, 66_000]);
  });

  test("wins over a pause under way", () => {
    const story = new Story(runningJob()).pause(1).on(2, { kind: "cancel", by: "ana" });
    expect(story.see(3, { exit: exitCode(75), ...save(3, 2) }).state).toBe("cancelled");
  });

  test("that the job survives until it has finished leaves it cancelled, not failed", () => {
    const story = new Story(runningJob())
      .on(1, { kind: "cancel", by: "ana" })
      .see(2, { exit: exitCode(143) });
    expect([story.state, story.told().includes("job.failed")]).toEqual(["cancelled", false]);
  });
});
