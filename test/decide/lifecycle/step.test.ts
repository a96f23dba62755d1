/** Covers: src/decide/lifecycle/transition.ts */
import { describe, expect, test } from "vitest";
import { exitCode, makeJob, runningJob, Story } from "../make.ts";

test("a second chance takes a failed job back to waiting, and leaves any other alone", () => {
  const failed = new Story(runningJob({ restart: { onFailure: false } })).see(5, { exit: exitCode(1) });
  expect(failed.on(6, { kind: "retry", by: "ana" }).state).toBe("waiting");
  expect(new Story(runningJob()).on(6, { kind: "retry", by: "ana" }).state).toBe("running");
});

describe("a combination without meaning is a bug that names job, state and input", () => {
  test.each([
    ["launch", () => new Story(runningJob()).launch(1)],
    ["seen", () => new Story(makeJob()).see(1)],
    ["pause", () => new Story(makeJob()).pause(1)],
    ["pause", () => new Story(runningJob()).pause(1).pause(2)],
  ])("%s", (input, act) => expect(act).toThrow(new RegExp(`job 'tts' in state '\\w+' got '${input}`)));
});
