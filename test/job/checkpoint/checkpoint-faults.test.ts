/** Covers: src/job/checkpoint/write-checkpoint.ts */
import { expect, test } from "vitest";
import { rounds } from "../../rounds.ts";
import { launch, temporaryFolder } from "../launch.ts";
import { typescript } from "../typescript.ts";
import { keepsCheckpointContract } from "./checkpoint-contract.ts";

keepsCheckpointContract(typescript, rounds(12, 5));

// Python's libraries come again into their own thread's turn; here one would wait for itself.
test.each(["saves within", "steps within"])(
  "a save function that %s fails instead of hanging",
  async (odd) => {
    const run = launch(typescript.odd, [odd], temporaryFolder());
    const { code, output } = await run.ended;
    expect(code, output).toBe(0);
    expect(output).toContain("first: a save function can't save, step or pause");
    expect(run.status()).toMatchObject({ state: "finished", checkpoint: "step-00000001", failedSaves: 1 });
  },
);
