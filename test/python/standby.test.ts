/**
 * The Python library stands by as the TypeScript one does, by the same tests.
 * Covers: python/supervisor_job/_hold.py, python/supervisor_job/_stream.py
 */
import { join } from "node:path";
import { test } from "vitest";
import { launch, temporaryFolder } from "../job/launch.ts";
import { bring, flowing, framesOf, keepsStandbyContract } from "../job/standby-contract.ts";
import { savesWhileStreaming } from "../job/stream-saves-contract.ts";
import { describeWith, python } from "../needs.ts";
import { pythonChild } from "./interpreter.ts";

describeWith(python)("the Python library", () => {
  const library = {
    name: "Python",
    streams: pythonChild("python-streams.py"),
    kinds: ["pausable", "gate", "asyncio"],
  };
  keepsStandbyContract(library);
  savesWhileStreaming(library);

  test("holds and goes on in a program that has more than a thousand files open", async () => {
    const folder = temporaryFolder();
    const out = join(folder, "out");
    const run = launch(library.streams, [out, "0", "1", ""], folder, { OPEN_FILES: "1100" });
    await flowing(run, out);
    await bring(run, 1, "standby");
    const held = framesOf(out).length;
    await bring(run, 2, "run");
    await flowing(run, out, held);
    run.child.kill("SIGKILL");
  });

  test("holds and goes on in a program that has closed all of its descriptors, and touches none that it opens", async () => {
    const folder = temporaryFolder();
    const out = join(folder, "out");
    const run = launch(library.streams, [out, "0", "1", ""], folder, { CLOSES: "1" });
    await flowing(run, out);
    for (const round of [1, 3]) {
      const held = framesOf(out).length;
      await bring(run, round, "standby");
      await bring(run, round + 1, "run");
      await flowing(run, out, held);
    }
    run.child.kill("SIGKILL");
  });
});
