/** A job gets the environment of the shell that it was submitted from, whoever started the supervisor. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  forgetEnvironment,
  forgetOtherEnvironments,
  inheritedBy,
  keepEnvironment,
} from "../../../src/runs/launch/shell-environment.ts";
import { BIN, CommandLine } from "../../cli/command-line.ts";
import { givenJob, givenState, hasPython } from "../given.ts";

const LOOK = `import json, os, sys
env = {k.decode("latin1"): v.decode("latin1") for k, v in os.environb.items()}
json.dump(env, open(sys.argv[1], "w"))
`;

let cli: CommandLine;
beforeEach(() => {
  cli = new CommandLine();
});
afterEach(() => cli.close());

/** Types lines into a Bash of its own; `$run` is `supervisor run`. */
function type(lines: string, env: NodeJS.ProcessEnv = {}): void {
  const script = `run="${process.execPath} ${BIN} run"\n${lines}`;
  execFileSync("bash", ["--norc", "-c", script], {
    cwd: cli.directory,
    env: { ...cli.env, ...env },
    stdio: "pipe",
  });
}
const seen = (file: string): Record<string, string> => JSON.parse(readFileSync(cli.file(file), "latin1"));

test.runIf(hasPython)("each its own shell's, none that of whoever started the supervisor", () => {
  const look = cli.write("look.py", LOOK);
  type(`SECRET=of-the-first OWN=1 $run --wait --name first -- python3 ${look} ${cli.file("first.json")}`);
  type(`OWN=2 RAW=$'\\xff\\n' $run --wait --name second -- python3 ${look} ${cli.file("second.json")}`);
  expect(seen("first.json")).toMatchObject({ SECRET: "of-the-first", OWN: "1" });
  expect(seen("second.json")).toMatchObject({ OWN: "2", RAW: "\xff\n" });
  expect(seen("second.json")).not.toHaveProperty("SECRET");
  // Of a later run, too.
  execFileSync(process.execPath, [BIN, "rerun", "first"], { cwd: cli.directory, env: cli.env });
  execFileSync(process.execPath, [BIN, "wait", "first"], { cwd: cli.directory, env: cli.env });
  expect(seen("first.json")).toMatchObject({ SECRET: "of-the-first", OWN: "1" });
});

test("its file is its user's alone, stays as it is when its name is taken, and goes with the job", () => {
  type("OWN=kept $run --wait --name train -- true");
  const path = join(cli.stateDirectory, "environments", "train");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(() => type("OWN=other $run --name train -- true")).toThrow(/already a job 'train'/);
  expect(readFileSync(path, "utf8")).toContain("OWN=kept\0");
  type(`${process.execPath} ${BIN} remove train`);
  expect(existsSync(path)).toBe(false);
});

test("each job has its own, whatever their names, for as long as it is one that was added by hand", () => {
  const state = givenState();
  const [train, next] = ["train", "train.new"].map((name) => ({
    ...givenJob(["x"]),
    name,
    origin: "run" as const,
  }));
  if (train === undefined || next === undefined) throw new Error("no jobs");
  keepEnvironment(state, next.name, Buffer.from("OWN=next\0"));
  keepEnvironment(state, train.name, Buffer.from("OWN=train\0"));
  expect([train, next].map((job) => inheritedBy(job, state).env.OWN)).toEqual(["train", "next"]);

  forgetOtherEnvironments(state, { train });
  expect(inheritedBy(train, state).env.OWN).toBe("train");
  expect(readdirSync(join(state, "environments"))).toEqual(["train"]);
  forgetOtherEnvironments(state, { train: { ...train, origin: "config" } });
  expect(readdirSync(join(state, "environments"))).toEqual([]);
  forgetOtherEnvironments(join(state, "nowhere"), {});
});

test("a file that can't be removed ends no supervisor", () => {
  const state = givenState();
  mkdirSync(join(state, "environments", "train"), { recursive: true });
  expect(() => forgetEnvironment(state, "train")).not.toThrow();
});

test("one that is too large for a job is refused in these words", () => {
  const large = "for i in {1..25}; do export B$i=$(head -c 100000 /dev/zero | tr '\\0' x); done";
  expect(() => type(`ulimit -s unlimited; ${large}; $run --name large -- true`)).toThrow(
    /This shell's environment takes 2\.4 MiB; a job can be started with 2 MiB at most\./,
  );
});
