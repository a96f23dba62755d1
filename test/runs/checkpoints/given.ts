/** What the tests of a job's checkpoints start from: the job, and checkpoints as its library would save them. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Manifest } from "../../../src/contract/manifest.ts";
import { checkpointName, MANIFEST_FILE } from "../../../src/contract/names.ts";
import { checkpointDirectory } from "../../../src/files/state-paths.ts";
import type { Job } from "../../../src/model/job.ts";
import type { Checkpoint } from "../../../src/model/run.ts";
import type { Runs } from "../../../src/ports/runs.ts";
import { createRuns } from "../../../src/runs/create-runs.ts";
import { givenJob, givenState } from "../given.ts";

/** A complete checkpoint of one file, written as a job library would. */
export function save(directory: string, step: number, text = `weights of ${step}`): string {
  const path = join(directory, checkpointName(step));
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "model.bin"), text);
  const manifest: Manifest = {
    step,
    epoch: null,
    worldSize: 1,
    createdAt: new Date().toISOString(),
    files: [
      {
        path: "model.bin",
        bytes: Buffer.byteLength(text),
        sha256: createHash("sha256").update(text).digest("hex"),
      },
    ],
  };
  writeFileSync(join(path, MANIFEST_FILE), JSON.stringify(manifest));
  return path;
}

export function flipOneBit(path: string): void {
  const bytes = readFileSync(path);
  bytes[3] = (bytes[3] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

export function given(): { state: string; runs: Runs; job: Job; directory: string } {
  const state = givenState();
  const runs = createRuns({ stateDirectory: state, directory: state });
  onTestFinished(() => runs.close());
  const job = givenJob(["node"]);
  return { state, runs, job, directory: checkpointDirectory(state, job.name) };
}

export const verify = (runs: Runs, job: Job, checkpoint: Checkpoint | undefined) => {
  if (!checkpoint) throw new Error("no checkpoint to verify");
  return runs.perform({ do: "verify", job: job.name, checkpoint }, job);
};
