/** The callback for Hugging Face's Trainer, with the Trainer's part played by test/children/python-huggingface.py. */
import { join } from "node:path";
import { expect } from "vitest";
import { verifyCheckpoint } from "../../src/job/checkpoint/find-checkpoint.ts";
import { launch, temporaryFolder } from "../job/launch.ts";
import { python, testWith } from "../needs.ts";
import { pythonChild } from "./interpreter.ts";

testWith(python)(
  "a checkpoint stays whole though the Trainer writes its own of that step again",
  async () => {
    const job = temporaryFolder();
    const always = { SUPERVISOR_CHECKPOINT_MINUTES: "0.00001" };
    const { signal, output } = await launch(
      pythonChild("python-huggingface.py"),
      [join(job, "output")],
      job,
      always,
    ).ended;
    expect(signal, output).toBe("SIGKILL");
    expect(await verifyCheckpoint(join(job, "checkpoints", "step-00000004"))).toMatchObject({
      step: 4,
      manifest: {
        files: [
          { path: "trainer/global_step4/optimizer.pt", bytes: 280_000 },
          { path: "trainer/model.safetensors", bytes: 280_000 },
          { path: "trainer/trainer_state.json" },
        ],
      },
    });
  },
);

testWith(python)("a copy that doesn't fit ends at the first file, and says what the disk says", async () => {
  const job = temporaryFolder();
  const always = { SUPERVISOR_CHECKPOINT_MINUTES: "0.00001" };
  const run = launch(pythonChild("python-huggingface.py"), [join(job, "output"), "100000"], job, always);
  const { signal, output } = await run.ended;
  expect(signal, output).toBe("SIGKILL");
  expect(run.status()).toMatchObject({
    error:
      "checkpoint at step 4 failed: OSError: [Errno 27] File too large; there is none yet; training goes on",
  });
});
