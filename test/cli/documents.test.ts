/**
 * Every command line that README.md and docs/ show is a real command with real options, by the program's own parser.
 * What docs/quick-start.md shows is run as well: test/scenarios/quick-start.test.ts.
 * Covers: src/cli/program.ts, src/cli/help/declare-command.ts
 */
import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { program } from "../../src/cli/program.ts";
import { misread, wordsOf } from "./command-lines.ts";

const OWN = /^(\$ )?(npx )?(gpu-)?supervisor [a-z-]/;

/** In blocks, fenced or indented, and in spans of a paragraph, which may name a command without its arguments. */
function commandLines(text: string): { line: string; mayLack: boolean }[] {
  const blocks = text.match(/^```(sh)?\n[\s\S]*?^```$|^ {4}.*$/gm) ?? [];
  const inBlocks = blocks.flatMap((block) => block.split("\n")).map((line) => line.trim());
  const spans = [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = ""]) => span);
  const substituted = [...text.matchAll(/[$<]\((supervisor [^)]+)\)/g)].map(([, line = ""]) => line);
  const whole = [...inBlocks, ...substituted].map((line) => ({ line, mayLack: false }));
  return [...whole, ...spans.map((line) => ({ line, mayLack: true }))].filter(({ line }) => OWN.test(line));
}

const documents = ["README.md", ...globSync("docs/*.md")];

test.each(documents)("%s", async (path) => {
  const wrong = [];
  for (const { line, mayLack } of commandLines(readFileSync(path, "utf8"))) {
    const said = await misread(wordsOf(line.replace(/^\$ /, "").replace("gpu-supervisor", "supervisor")));
    if (said !== null && !(mayLack && said.includes("missing"))) wrong.push(`${line}: ${said}`);
  }
  expect(wrong).toEqual([]);
});

test("README.md shows a job's main options, and every command", () => {
  const text = readFileSync("README.md", "utf8");
  const run = [
    "--wait",
    "--json",
    "--cwd",
    "--gpu-memory",
    "--pause-method",
    "--checkpoint-glob",
    "--resume-args",
  ];
  expect(run.filter((option) => !text.includes(option))).toEqual([]);
  const [, table = ""] = text.split("## Commands");
  const commands = program().commands.map((command) => command.name());
  expect(commands.filter((name) => !new RegExp(`\`(supervisor )?${name}\\b`).test(table))).toEqual([]);
});

test("the check itself finds a wrong option, a wrong command and what a shell makes of a line", async () => {
  expect(wordsOf("a=1 supervisor run --name 'a b' -- bash -c \"x && y\" > f")).toEqual([
    "run",
    "--name",
    "a b",
    "--",
    "bash",
    "-c",
    "x && y",
  ]);
  expect(wordsOf("supervisor wait tts && ./go # then")).toEqual(["wait", "tts"]);
  expect(await misread(["pause", "a", "--till", "18:00"])).toContain("unknown option '--till'");
  expect(await misread(["haul", "a"])).toContain("unknown command 'haul'");
  expect(
    commandLines("x\n    supervisor status\ny `supervisor why a` $(supervisor python --path)"),
  ).toHaveLength(3);
});
