/**
 * What a Python program reports at its end. Its exit code may be hidden by a pipe or a launcher: only what is known of it
 * is said.
 */
import { resolve } from "node:path";
import { expect } from "vitest";
import { launch, type Program, temporaryFolder } from "../job/launch.ts";
import { python, testWith } from "../needs.ts";
import { pythonPath } from "../python-path.ts";
import { pythonChild } from "./interpreter.ts";

const FOLDER = resolve("test/children");
const FILE = resolve(FOLDER, "python-exits.py");
const PROGRAM = pythonChild("python-exits.py");

async function endOf(how: string, total: string[] = [], program: Program = PROGRAM) {
  const run = launch(program, [how, ...total], temporaryFolder());
  const { code, output } = await run.ended;
  const { state, left = false } = run.status() ?? {};
  return { code, state, left, output };
}

testWith(python).each([
  ["end", 0, "finished"],
  ["end, while a thread reports", 0, "finished"],
  ["a caught SystemExit", 0, "finished"],
  ["exit(3) in a thread", 0, "finished"],
  ["sys.exit()", 0, "finished"],
  ["exit()", 0, "finished"],
  ["sys.exit(3)", 3, "failed"],
  ["sys.exit(text)", 1, "failed"],
  ["exit(3)", 3, "failed"],
  ["quit(1)", 1, "failed"],
  ["exit(text)", 1, "failed"],
  ["boom", 1, "failed"],
  ["raise SystemExit", 0, "running"],
  ["raise SystemExit(3)", 3, "running"],
  ["raise SystemExit(text)", 1, "running"],
  ["raise SystemExit(3), cleaned up", 3, "running"],
  ["an exit that was imported before", 3, "running"],
  ["os._exit(3)", 3, "running"],
])("%s: exit code %i, last reported as %s", async (how, code, state) => {
  const end = await endOf(how);
  // Whoever leaves without a hook is taken for dead.
  const left = state === "running" && !how.startsWith("os._exit");
  expect(end, end.output).toMatchObject({ code, state, left });
});

testWith(python)(
  "an exit whose code isn't known counts as the end of a job that has done all its steps",
  async () => {
    expect(await endOf("raise SystemExit", ["1"])).toMatchObject({ code: 0, state: "finished" });
    expect(await endOf("raise SystemExit(3)", ["2"])).toMatchObject({ code: 3, state: "running" });
  },
);

const RUN_PATH = `import runpy, sys; sys.path.insert(0, ${JSON.stringify(FOLDER)}); runpy.run_path(${JSON.stringify(FILE)})`;

testWith(python).each([
  ["a module", ["env", `PYTHONPATH=${FOLDER}`, pythonPath, "-m", "python-exits"]],
  ["a file that a line of Python runs", [pythonPath, "-c", RUN_PATH]],
])("the same as %s", async (_, program) => {
  expect(await endOf("end", [], program)).toMatchObject({ code: 0, state: "finished" });
  expect(await endOf("raise SystemExit(3)", [], program)).toMatchObject({ code: 3, state: "running" });
});

const leavesBehind = `
class Model:
    def __del__(self):
        print("given back")
model = Model()`;
const isCalled = `
import atexit, sys, weakref
def train():
    global kept
    model = lambda: None
    kept = weakref.ref(model)
    import supervisor_job
atexit.register(lambda: print("kept" if kept() else "given back"))
atexit.register(train)`;

testWith(python).each([
  ["a program, which Python clears at its end", `import supervisor_job${leavesBehind}`],
  ["a function that is called from outside of Python", isCalled],
])("what belongs to %s isn't kept", async (_, text) => {
  const program = ["env", `PYTHONPATH=${resolve("python")}`, pythonPath, "-c", text];
  const { code, output } = await endOf("", [], program);
  expect({ code, output }).toEqual({ code: 0, output: "given back\n" });
});
