/** A job that is asked to save, and whose checkpoints nobody looks for. */
import { expect, test } from "vitest";
import { checkText } from "../../../../src/config/load.ts";

const doubts = (more: object): string[] => {
  const loaded = checkText(JSON.stringify({ jobs: [{ name: "a", command: ["true"], ...more }] }), "c.json");
  if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join("\n"));
  return loaded.warnings.map(({ message }) => message);
};
const sentence = (key: string): string =>
  `jobs[0].pause.${key} says how it is asked to save, but nothing says where it saves: unless it keeps the pause contract, it can't be seen to have saved, so its pauses can't be completed. Name its checkpoints: "checkpoint": { "glob": "out/checkpoint-*" }.`;

test.each([
  [{ signal: "SIGTERM", exitCodes: [0] }, "signal"],
  [{ signal: "SIGTERM", method: "checkpoint" }, "signal"],
  [{ exitCodes: [143] }, "exitCodes"],
])("%o without a glob", (pause, key) => {
  expect(doubts({ pause })).toEqual([sentence(key)]);
});

test.each([
  ["its checkpoints are named", { pause: { signal: "SIGTERM" }, checkpoint: { glob: "out/*" } }],
  [
    "they are copied, as only a library's are",
    { pause: { signal: "SIGUSR1" }, backup: { to: "s3://bucket" } },
  ],
  ["it isn't asked to save", { pause: { signal: "SIGTERM", method: "freeze" } }],
  ["nothing says how it is asked", { pause: { method: "checkpoint" } }],
])("none where %s", (_, job) => {
  expect(doubts(job)).toEqual([]);
});
