/** What programs do to the Python library: forks, threads, copies, interrupts, numbers of other libraries. */
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { writeCheckpoint } from "../../src/job/checkpoint/write-checkpoint.ts";
import { verifyCheckpoint } from "../../src/job/index.ts";
import { launch, temporaryFolder } from "../job/launch.ts";
import { describeWith, python, root, testWith } from "../needs.ts";
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

describeWith(python)("a checkpoint that can't be read now", () => {
  testWith(root)("is told at once, however long the program's end takes", async () => {
    const job = temporaryFolder();
    const { path } = await writeCheckpoint(join(job, "checkpoints"), 3, (files) => files.file("a.bin", "a"));
    const manifest = join(path, "manifest.json");
    // A file that answers a read with EIO.
    execFileSync("mount", ["--bind", `/proc/${process.pid}/mem`, manifest]);
    onTestFinished(() => void spawnSync("umount", [manifest], { stdio: "ignore" }));
    const it = run("cannot_read", job);
    const { state, error } = await it.until("its word", ({ unreadable }) => unreadable === true);
    expect({ state, error }).toEqual({ state: "ready", error: expect.stringContaining("can't be read now") });
    it.child.kill("SIGKILL");
    await it.ended;
  });
});
