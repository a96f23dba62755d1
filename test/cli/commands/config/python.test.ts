/** The line that `supervisor python` prints is typed into a shell, and the library is there. Covers: build/write-wheel.ts */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { pip, testWith } from "../../../needs.ts";
import { pythonPath } from "../../../python-path.ts";
import { CommandLine } from "../../command-line.ts";

let cli: CommandLine;
beforeEach(() => {
  cli = new CommandLine();
});
afterEach(() => cli.close());

const IMPORT = "import supervisor_job as s; print(s.__file__, s.job.supervised)";
const offline = { PIP_NO_INDEX: "1", PIP_DISABLE_PIP_VERSION_CHECK: "1" };

const venv = (name: string, ...flags: string[]): string => {
  execFileSync(pythonPath, ["-m", "venv", ...flags, cli.file(name)]);
  return join(cli.file(name), "bin/python");
};
const type = (line: string): string =>
  execFileSync("/bin/sh", ["-c", line], { cwd: cli.cwd, env: { ...cli.env, ...offline }, encoding: "utf8" });
const imported = (python: string): string =>
  execFileSync(python, ["-c", IMPORT], { cwd: "/", encoding: "utf8" }).trim();

testWith(pip)("installs into a virtual environment, without a network", async () => {
  const python = venv("it's mine");
  const said = await cli.say("python", "--python", python);
  expect(said).toMatchObject({
    code: 0,
    err: expect.stringMatching(/^For .*python.* \(Python 3\.\d+\):\n$/),
  });
  type(said.out);
  expect(imported(python)).toMatch(/it's mine\/lib\/.*\/supervisor_job\/__init__\.py False$/);
  // Whole, by pip's own look at its record.
  expect(type(`'${python.replace("'", "'\\''")}' -m pip check`)).toContain("No broken requirements");
});

testWith(pip)(
  "where a distribution manages Python, makes a virtual environment that sees its packages",
  async () => {
    const said = await cli.say("python", "--python", pythonPath);
    expect(said.code).toBe(0);
    const stdlib = "import sysconfig; print(sysconfig.get_path('stdlib'))";
    const folder = execFileSync(pythonPath, ["-c", stdlib], { encoding: "utf8" }).trim();
    if (!existsSync(join(folder, "EXTERNALLY-MANAGED"))) return expect(said.err).not.toContain("PEP 668");
    expect(said.err).toContain("PEP 668");
    type(said.out);
    expect(imported(cli.file(".venv/bin/python"))).toMatch(/supervisor_job\/__init__\.py False$/);
  },
);

testWith(pip)("names another installer for an environment without pip", async () => {
  const python = venv("bare", "--without-pip");
  const { out } = await cli.say("python", "--python", python);
  expect(out).toMatch(/^uv pip install --python \S+bare\S+ \S+\.whl\n$/);
});

it("prints the path alone for scripts, and says which interpreter can't be asked", async () => {
  const { out } = await cli.say("python", "--path");
  expect(existsSync(out.trim())).toBe(true);
  expect(await cli.say("python", "--python", "/no/python")).toMatchObject({
    code: 1,
    out: "",
    err: expect.stringMatching(/^\/no\/python can't be asked \(.*\)\. .*--python PATH\n$/),
  });
});
