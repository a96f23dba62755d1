/** docs/quick-start.md as a newcomer types it: every block, in its order, in a home of its own. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync } from "node:fs";
import { afterEach, expect } from "vitest";
import { BIN, CommandLine } from "../cli/command-line.ts";
import { pip, testWith } from "../needs.ts";
import { pythonPath } from "../python-path.ts";

const cli = new CommandLine();
afterEach(() => cli.close());

const blocks = [...readFileSync("docs/quick-start.md", "utf8").matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(
  ([, block = ""]) => block,
);

function type(block: string): string {
  const env = { ...cli.env, PATH: `${cli.file(".local/bin")}:${cli.file("bin")}:${process.env.PATH}` };
  return execFileSync("bash", ["-e"], { input: block, cwd: cli.directory, env, encoding: "utf8" });
}

testWith(pip)("every block of the quick start does what it says", () => {
  const [install = "", plain = "", saving = "", config = ""] = blocks;
  expect(blocks).toHaveLength(4);
  mkdirSync(cli.file("bin"));
  cli.write("bin/python3", `#!/bin/sh\nexec '${pythonPath}' "$@"\n`);
  chmodSync(cli.file("bin/python3"), 0o755);

  // npm ci is what has brought this checkout here; the rest names the checkout that the reader is in.
  const rest = install.replace("npm ci\n", "");
  expect(rest).not.toBe(install);
  type(`cd '${process.cwd()}'\n${rest}`);
  expect(type("supervisor --version")).toMatch(/^\d/);
  expect(readFileSync(cli.file(".local/bin/supervisor"), "utf8")).toContain(BIN);

  const frozen = type(plain);
  expect(frozen).toMatch(/plain +frozen/);
  expect(frozen).toMatch(/step \d+/);

  const saved = type(saving);
  const [, step = ""] = /begins after step ([1-9]\d*)/.exec(saved) ?? [];
  const events = type("supervisor audit --job train --json")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const completed = events.find(({ kind }) => kind === "pause.completed");
  expect(completed.outcome).toMatchObject({ step: Number(step), stepsLost: 0 });

  expect(type(config)).toMatch(/train +(starting|running)/);
});
