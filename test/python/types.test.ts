/** The package is typed (PEP 561), strictly. */
import { spawnSync } from "node:child_process";
import { expect } from "vitest";
import { mypy, testWith } from "../needs.ts";
import { pythonPath } from "../python-path.ts";

testWith(mypy)("mypy finds nothing to complain about", () => {
  const options = [
    "--config-file",
    "python/pyproject.toml",
    "--python-executable",
    pythonPath,
    "--cache-dir=/dev/null",
  ];
  const { stdout } = spawnSync("mypy", [...options, "python/supervisor_job"], { encoding: "utf8" });
  expect(stdout).toMatch(/^Success: no issues found/);
});
