/** Covers: src/decide/lifecycle/pause/pause-progress.ts, src/decide/lifecycle/pause/pause-asked.ts */
import { describe, expect, test } from "vitest";
import { exitCode, makeRank, runningJob, Story } from "../../make.ts";
import { asked, save } from "./asked.ts";

describe("by freeze and by standby", () => {
  test("frozen once every process is seen to stand, frozen again until then", () => {
    const story = new Story(runningJob()).pause(100, { method: "freeze" });
    expect(story.did()).toEqual(["freeze"]);
    expect(story.see(101).did()).toEqual(["freeze"]);
    expect(story.see(102, { stopped: true }).state).toBe("frozen");
    expect(story.told()).toEqual(["pause.requested", "pause.completed"]);
  });

  test("continued by somebody else, it is frozen again", () => {
    const story = new Story(runningJob()).pause(100, { method: "freeze" }).see(101, { stopped: true });
    story.did();
    expect(story.see(102, { stopped: false }).did()).toEqual(["freeze"]);
  });

  test("thawed it goes on in its run", () => {
    const story = new Story(runningJob())
      .pause(100, { method: "freeze" })
      .see(101, { stopped: true })
      .launch(110);
    expect([story.state, story.did().at(-1)]).toEqual(["running", "thaw"]);
    story.see(111, { ranks: [makeRank()] });
    expect(story.told().slice(-2)).toEqual(["resume.requested", "resume.completed"]);
    expect(story.job.runs).toBe(1);
  });

  test("a frozen job that has to give its memory back is thawed and asked to save", () => {
    const story = new Story(runningJob()).pause(100, { method: "freeze" }).see(101, { stopped: true });
    story.did();
    story.pause(110);
    expect([story.state, story.did()]).toEqual(["pausing", ["thaw", "control pause"]]);
  });

  test("an overdue pause can be frozen by hand, and goes on to its checkpoint when thawed", () => {
    const story = asked({ pause: { graceSeconds: 30 } })
      .see(131, { ranks: [makeRank()] })
      .pause(140, { method: "freeze" });
    expect(story.job.state).toMatchObject({ name: "pausing", request: { overdue: "frozen" } });
    expect(story.did().at(-1)).toBe("freeze");
    story.launch(150);
    expect(story.job.state).toMatchObject({ name: "pausing", request: { overdue: "waiting" } });
    story.see(160, { exit: exitCode(75), ...save(5, 159) });
    expect(story.state).toBe("paused");
  });

  test("standby is reached when it is reported for this very request, and left by 'run'", () => {
    const story = new Story(runningJob()).pause(100, { method: "standby" });
    expect(story.did()).toEqual(["control standby"]);
    expect(story.see(101, { ranks: [makeRank({ state: "standby", sequence: 0 })] }).state).toBe("pausing");
    expect(story.see(102, { ranks: [makeRank({ state: "standby", sequence: 1 })] }).state).toBe("standby");
    story.did();
    expect(story.launch(110).did()).toEqual(["control run"]);
    expect(story.see(111, { ranks: [makeRank({ sequence: 1, state: "standby" })] }).did()).toEqual(["ring"]);
    expect(
      story
        .see(112, { ranks: [makeRank({ sequence: 2 })] })
        .told()
        .at(-1),
    ).toBe("resume.completed");
  });

  test("on standby, memory is given back by release", () => {
    const story = new Story(runningJob())
      .pause(100, { method: "standby" })
      .see(101, { ranks: [makeRank({ state: "standby", sequence: 1 })] });
    story.did();
    story.pause(110);
    expect(story.did()).toEqual(["control release"]);
    expect(story.see(112, { exit: exitCode(75), ...save(3, 111) }).state).toBe("paused");
  });
});
