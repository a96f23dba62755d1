/** What programs do to the Python library: forks, threads, copies, interrupts, numbers of other libraries. */
import { expect } from "vitest";
import { verifyCheckpoint } from "../../src/job/index.ts";
import { launch, temporaryFolder } from "../job/launch.ts";
import { python, testWith } from "../needs.ts";
import { pythonChild } from "./interpreter.ts";

const run = (use: string, job = temporaryFolder()) => launch(pythonChild("python-hard-use.py"), [use], job);

testWith(python).each([
  ["NumPy's and PyTorch's numbers are numbers, and what isn't one costs nothing", "numbers"],
  ["a save function that forks keeps its files when the child leaves through it", "fork_in_save"],
  ["a trainer that holds the job can be copied and sent", "copies"],
  ["workers by fork, spawn and forkserver are silent and ignore the signal", "start_methods"],
  ["Ctrl-C in a save leaves nothing behind", "interrupted"],
  ["an exit that is caught, and one that ends a thread alone, is none", "caught_exit"],
])("%s", async (_, use) => {
  const it = run(use);
  const { code, output } = await it.ended;
  expect(code, output).toBe(0);
  expect(it.status()?.state).toBe("finished");
});

testWith(python)(
  "steps of several threads come one after the other, and what is reported is what is saved",
  async () => {
    const job = temporaryFolder();
    const it = run("threads", job);
    const { code, output } = await it.ended;
    expect(code, output).toBe(75);
    expect(output).toBe("");
    const { state, step, checkpoint } = it.status() ?? {};
    expect(state).toBe("paused");
    expect(await verifyCheckpoint(`${job}/checkpoints/${checkpoint}`)).toMatchObject({ step });
  },
);

testWith(python)("the last word is the last report, whatever another thread is just writing", async () => {
  const it = run("late_report");
  const { code, output } = await it.ended;
  expect(code, output).toBe(75);
  expect(it.status()).toMatchObject({ state: "paused", step: 2 });
});

testWith(python)(
  "an error is reported as failed whoever prints it; a pause stays one on any way out",
  async () => {
    const failed = run("another_hook");
    expect((await failed.ended).code).toBe(1);
    expect(failed.status()?.state).toBe("failed");
    const paused = run("exit_on_the_way_out");
    expect((await paused.ended).code).toBe(1);
    expect(paused.status()).toMatchObject({ state: "paused", checkpoint: "step-00000001" });
  },
);
