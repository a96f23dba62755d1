/** What may stand at the end of a command line, by the real commands' declarations. */
import { expect, test } from "vitest";
import { expectedHere } from "../../../src/cli/completion/expected-here.ts";
import { program } from "../../../src/cli/program.ts";

const TOPICS = ["exit-codes"];
const at = (...words: string[]) => expectedHere(program(), words, TOPICS);
const words = (...typed: string[]): string[] => at(...typed).candidates.map(({ word }) => word);

test("commands first, with what they do, and the options of all", () => {
  const { candidates, names } = at("");
  expect(candidates.map(({ word }) => word)).toEqual(program().commands.map((command) => command.name()));
  expect(candidates.every(({ about }) => about !== "")).toBe(true);
  expect(names).toBeNull();
  expect(words("-")).toEqual(["--version", "--config", "--help"]);
});

test("a command's own options, its subcommands, and options where nothing else may follow", () => {
  expect(words("pause", "--")).toEqual(
    expect.arrayContaining(["--until", "--freeze", "--no-wait", "--help"]),
  );
  expect(words("pause", "a", "--")).not.toContain("--adopt");
  expect(words("audit", "")).toEqual(["verify"]);
  expect(words("audit", "verify", "--")).toContain("--expect");
  expect(words("stop", "")).toContain("--leave-jobs");
  expect(words("help", "")).toEqual(expect.arrayContaining(["clean", "exit-codes"]));
});

test.each([
  [["cancel", ""], "jobs"],
  [["cancel", "a", "--no-wait", "b"], "jobs"],
  [["report", "--job", ""], "jobs"],
  [["--config", "other.json", "why", ""], "jobs"],
  [["check", ""], "files"],
  [["report", "--html", ""], "files"],
  [["--config", ""], "files"],
  [["run", "--cwd", ""], "folders"],
  [["run", ""], "commands"],
  [["run", "--name", "n", "--", ""], "commands"],
  [["run", "python", "--", "-"], "files"],
  [["add", "python", "--wait", ""], "files"],
  [["run", "--name", ""], null],
  [["rerun", "--no-wait", ""], "jobs"],
  [["restore", "a", ""], null],
] as const)("%j takes names of %s", (typed, names) => {
  expect(at(...typed).names).toBe(names);
});

test("a job's own command line gets no option of ours, before and after --", () => {
  expect(words("run", "python", "--")).toEqual([]);
  expect(words("run", "--", "--")).toEqual([]);
  expect(words("run", "--")).toContain("--checkpoint-glob");
});

test("words of a fixed set, and the config that the line names", () => {
  expect(words("audit", "--kind", "")).toEqual(expect.arrayContaining(["window.opened", "job.failed"]));
  expect(words("run", "--pause-method", "")).toEqual(["checkpoint", "standby", "freeze"]);
  expect(at("--config", "a.json", "why", "").config).toBe("a.json");
  expect(at("why", "--config", "b.json", "").config).toBe("b.json");
  expect(at("run", "--", "train", "--config", "c.json", "").config).toBeUndefined();
});
