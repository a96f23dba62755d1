/** supervisor_job.torch in one process; exact-resume.ts puts it all together. */
import { expect } from "vitest";
import { launch, temporaryFolder } from "../job/launch.ts";
import { testWith, torch } from "../needs.ts";
import { NeverComes, until } from "../until.ts";
import { pythonChild } from "./interpreter.ts";
import { ask } from "./voice.ts";

testWith(torch)("sampler, random states and parts come back as they were", async () => {
  const { code, output } = await launch(pythonChild("python-torch-parts.py"), [], temporaryFolder()).ended;
  expect(output).toContain("all good\n");
  expect(code).toBe(0);
});

testWith(torch)("a ring inside a long operation is heard at its end", async () => {
  const { run, step } = await until("a ring inside an operation", async () => {
    const run = launch(pythonChild("python-long-op.py"), ["2500"], temporaryFolder());
    let said = "";
    run.child.stdout?.on("data", (text) => (said += text));
    await until("an operation", () => /in step \d+\n$/.test(said));
    await ask(run, 0);
    const { code, output } = await run.ended;
    if (code !== 75) throw new NeverComes(output);
    const step = /rung in step (\d+)\nafter step \1$/.exec(output.trim())?.[1];
    return step !== undefined && { run, step };
  });
  expect(run.status()).toMatchObject({ state: "paused", step: Number(step), sequence: 1 });
});

// One that still runs when Python shuts down may abort the program.
testWith(torch)("ranks that leave on a pause leave no thread of join() behind", async () => {
  const run = launch(pythonChild("python-leave.py"), [], temporaryFolder());
  await run.until("its first step", ({ step }) => (step ?? 0) > 0);
  await ask(run, 0);
  const { output } = await run.ended;
  expect(output).toContain("exit codes: 75 75\n");
  expect(output.match(/threads left: -?\d+/g), output).toEqual(["threads left: 0", "threads left: 0"]);
});
