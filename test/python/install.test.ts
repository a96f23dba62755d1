/** `pip install ./python` works from the folder, and what it installs stands on its own. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { plainEnvironment, temporaryFolder } from "../job/launch.ts";
import { pip, testWith } from "../needs.ts";
import { pythonPath } from "../python-path.ts";

testWith(pip)("the package is installed from its folder, typed, and without a network", () => {
  const folder = temporaryFolder();
  // pip leaves a build folder beside the source.
  cpSync("python", join(folder, "source"), { recursive: true });
  const target = join(folder, "site");
  const offline = ["--no-index", "--no-build-isolation", "--no-deps", "--quiet", "--root-user-action=ignore"];
  const install = ["-m", "pip", "install", ...offline, "--target", target, join(folder, "source")];
  execFileSync(pythonPath, install, { stdio: "pipe" });
  for (const file of ["py.typed", "torch/state.py", "callbacks/keras.py"])
    expect(existsSync(join(target, "supervisor_job", file)), file).toBe(true);
  const program = "import supervisor_job as s; print(s.__file__, s.job.supervised, s.should_pause())";
  const env = { ...plainEnvironment(), PYTHONPATH: target };
  const said = execFileSync(pythonPath, ["-c", program], { cwd: folder, env, encoding: "utf8" });
  expect(said.trim()).toBe(`${join(target, "supervisor_job/__init__.py")} False False`);
});
