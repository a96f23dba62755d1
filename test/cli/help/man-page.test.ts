/**
 * The manual page and each command's help, from one source: every command, option, example and topic is there, and
 * every example is a command line that the program takes.
 * Covers: src/cli/help/man-page.ts, src/cli/help/examples.ts
 */
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { TOPICS } from "../../../src/cli/commands/config/help.ts";
import { EXAMPLES, examplesText } from "../../../src/cli/help/examples.ts";
import { manPage } from "../../../src/cli/help/man-page.ts";
import { program } from "../../../src/cli/program.ts";
import { man, testWith } from "../../needs.ts";
import { misread, wordsOf } from "../command-lines.ts";

const PAGE = manPage(program(), TOPICS);
const plain = (roff: string): string =>
  roff.replaceAll("\\-", "-").replaceAll("\\e", "\\").replaceAll("\\&", "");

test("the page has every command, option, example and topic", () => {
  const text = plain(PAGE);
  const commands = program().commands.flatMap((one) => [one, ...one.commands]);
  expect(commands.length).toBeGreaterThan(25);
  for (const command of commands) {
    const parent = command.parent?.parent ? `${command.parent.name()} ` : "";
    expect(text).toContain(`.SS supervisor ${parent}${command.name()} `);
    for (const { flags } of command.options) expect(text).toContain(`.B ${flags}\n`);
  }
  for (const [line] of Object.values(EXAMPLES).flat()) expect(text).toContain(`\n  ${line}\n`);
  for (const topic of Object.values(TOPICS)) expect(text).toContain(topic);
});

test("the build writes it, and the package names it", () => {
  const { man: packed } = JSON.parse(readFileSync("package.json", "utf8"));
  expect(readFileSync(packed, "utf8")).toBe(PAGE);
});

testWith(man)("man shows it without a warning, line by line as the help has it", () => {
  const shown = spawnSync("man", ["--warnings", "-E", "UTF-8", "-l", "-"], {
    input: PAGE,
    encoding: "utf8",
    env: { ...process.env, MANWIDTH: "110", MAN_KEEP_FORMATTING: "" },
  });
  expect(shown.stderr).toBe("");
  const text = execFileSync("col", ["-bx"], { input: shown.stdout, encoding: "utf8" });
  expect(text).toContain("supervisor pause [OPTIONS] [JOB...]");
  expect(text).toMatch(/--until <time>\n\s+resume automatically at this time, such as 18:00/);
  expect(text).toMatch(/^ *2 {3}bad usage, or a config with problems$/m);
});

test("each example is a real command line, and its command's help shows it", async () => {
  const names = program().commands.map((command) => command.name());
  expect(Object.keys(EXAMPLES).filter((name) => !names.includes(name))).toEqual([]);
  for (const name of names.filter((one) => !["dashboard", "init", "help"].includes(one)))
    expect(examplesText(name)).toContain(`supervisor ${name}`);
  const lines = Object.values(EXAMPLES).flatMap((examples) => examples.map(([line]) => line));
  for (const line of lines) expect([line, await misread(wordsOf(line))]).toEqual([line, null]);
});
