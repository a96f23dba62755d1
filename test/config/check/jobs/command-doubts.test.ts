/** Commands that were written for a shell. */
import { expect, test } from "vitest";
import { checkText } from "../../../../src/config/load.ts";

const SCRATCH = "$" + "{SCRATCH}";

const doubts = (...command: string[]): string[] => {
  const loaded = checkText(JSON.stringify({ jobs: [{ name: "a", command: ["sh", ...command] }] }), "c.json");
  if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join("\n"));
  return loaded.warnings.map(({ message }) => message);
};

test.each([
  [["-x", ">", "my log", "2>&1"], 2, ">", "sh -x > 'my log' 2>&1"],
  [["-x", "|", "tee"], 2, "|", "sh -x | tee"],
  [["-x", "&&", "sync"], 2, "&&", "sh -x && sync"],
  [["--data", "$HOME/data"], 2, "$HOME/data", "sh --data $HOME/data"],
  [[`--data=${SCRATCH}/data`], 1, SCRATCH, `sh --data=${SCRATCH}/data`],
])("%j: what a shell would make of it, and how to have one", (command, at, word, line) => {
  const [said, ...more] = doubts(...command);
  expect(more).toEqual([]);
  const got = command[at - 1];
  expect(got).toContain(word);
  expect(said).toBe(
    `jobs[0].command[${at}] is passed on as it is, since no shell reads it, got ${JSON.stringify(got)}. Write ${JSON.stringify(["bash", "-c", line])} if a shell is to.`,
  );
});

test.each([
  [["-c", "train > log && echo $HOME"]],
  [["-ec", "train", ">", "$HOME"]],
  [["--require", "transformers>=4", "a&b", "x|y"]],
  [[".", "-exec", "rm", "{}", ";"]],
  [["model=$" + "{model.name}", "price=5$", "$1"]],
])("%j: nothing", (command) => {
  expect(doubts(...command)).toEqual([]);
});
