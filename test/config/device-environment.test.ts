/**
 * A job's own variables that name GPUs, and the placement: nothing may name others than those held.
 * Covers: src/config/check/jobs/device-environment.ts, src/config/check/jobs/check-files.ts
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { checkFiles } from "../../src/config/check/jobs/check-files.ts";
import { DEVICE_VARIABLES, placementBy } from "../../src/config/check/jobs/device-environment.ts";
import { deviceVariables } from "../../src/decide/sharing/device-variables.ts";
import { makeJob } from "../decide/make.ts";

it("every variable that a placement sets is one that a job mustn't", () => {
  const placed = (["cuda", "rocm", "level-zero"] as const).map((runtime) => ({
    uuid: runtime,
    device: { runtime, number: 0 },
  }));
  const set = [...Object.keys(deviceVariables(placed, {})), ...Object.keys(deviceVariables([], { gpus: 0 }))];
  expect(DEVICE_VARIABLES).toEqual(expect.arrayContaining(set));
});

it.each([
  ["3", { gpuIds: [3] }],
  ["1, GPU-6f,0", { gpuIds: [1, "GPU-6f", 0] }],
  ["", { gpus: 0 }],
  ["-1", { gpus: 0 }],
  ["MIG-1/2/0", null],
  ["all", null],
])("a shell's CUDA_VISIBLE_DEVICES=%s places a job of `run` as it would", (value, expected) => {
  expect(placementBy(value)).toEqual(expected);
});

it("an environment file that names GPUs is doubted, by the name alone", () => {
  const directory = mkdtempSync(join(tmpdir(), "supervisor-env-"));
  const envFile = join(directory, ".env");
  const found = (text: string): string[] => {
    writeFileSync(envFile, text);
    const { spec } = makeJob({ command: ["sh"], cwd: directory, envFile });
    return checkFiles(spec, 3).map(({ message }) => message);
  };
  try {
    expect(found("TOKEN=s3cret\nexport HIP_VISIBLE_DEVICES=1\n")).toEqual([
      'jobs[3].envFile sets HIP_VISIBLE_DEVICES, which the supervisor overrides on the GPUs that it gives the job. Use "gpuIds" or "gpus".',
    ]);
    expect(found("TOKEN=s3cret\n")).toEqual([]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
