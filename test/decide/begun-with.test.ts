/** What a run was begun with, and what its resume says of that: never more than was seen. */
import { expect, test } from "vitest";
import { begunBeside, begunWith } from "../../src/decide/begun-with.ts";
import { at, exitCode, makeCheckpoint, makeRank, makeRun, runningJob, Story } from "./make.ts";

const run = makeRun({ number: 2, resumedFrom: "/o/ckpt_100.pt", resumedAtStep: 100 });
const state = { name: "running" as const, since: at(0), run };
const glob = { checkpoint: { glob: "/o/*.pt" } };
const handed = { ...glob, resumeArgs: ["--resume={checkpoint}"] };

test.each<[string, object, object, ReturnType<typeof begunWith>]>([
  ["named in its arguments", handed, { understands: "nothing" }, { file: "ckpt_100.pt", argument: true }],
  [
    "named in its environment alone",
    glob,
    { understands: "nothing" },
    { file: "ckpt_100.pt", argument: false },
  ],
  ["read by its library", {}, { understands: "contract" }, undefined],
])("a checkpoint that is %s", (_, spec, facts, begun) => {
  expect(begunWith(runningJob(spec, { state, ...facts }))).toEqual(begun);
});

test("there is none without a run, or for one that began at the beginning", () => {
  expect(begunWith(runningJob(glob))).toBeUndefined();
});

test("a file of its pattern that isn't used is named until the job has saved one of its own", () => {
  const begun = { state: { ...state, run: makeRun({ resumedFrom: null }) }, rejected: ["/o/ckpt_7.pt"] };
  expect(begunBeside(runningJob(glob, { ...begun, checkpoint: null }))).toBe("ckpt_7.pt");
  expect(begunBeside(runningJob(glob, { ...begun, checkpoint: makeCheckpoint(9, at(90)) }))).toBeUndefined();
  expect(begunBeside(runningJob(glob, { ...begun, state, checkpoint: null }))).toBeUndefined();
  expect(begunBeside(runningJob({}, { ...begun, checkpoint: null }))).toBeUndefined();
});

test.each<[string, object, ReturnType<typeof makeCheckpoint> | null, string]>([
  ["from its file", handed, makeCheckpoint(100, at(90), { path: "/o/ckpt_100.pt" }), "from ckpt_100.pt"],
  ["without one", glob, null, "without a checkpoint"],
])("a program without a library is told to be started again %s, not to go on", (_, spec, from, text) => {
  const story = new Story(runningJob({ ...spec, pause: { signal: "SIGTERM" } }, { understands: "signal" }));
  const checkpoints = from === null ? [] : [from];
  story.pause(80).see(101, { exit: exitCode(75), checkpoints });
  story.launch(200, from).see(201, { checkpoints });
  expect([story.events.at(-1), story.reasons.at(-1)]).toEqual([
    "resume.completed",
    `It was started again ${text}; it reports no steps.`,
  ]);
});

test("one with a library goes on at its first new step", () => {
  const ranks = [makeRank({ step: 50, state: "paused" })];
  const story = new Story(runningJob())
    .pause(80)
    .see(101, { exit: exitCode(75), ranks, checkpoints: [makeCheckpoint(50, at(90))] });
  story.launch(200, makeCheckpoint(50, at(90))).see(203, { ranks: [makeRank({ step: 51 })] });
  expect(story.reasons.at(-1)).toBe("It goes on at step 51 after 3 s.");
});
