/**
 * `gpu-job-supervisor/job`: what a training program imports. Importing it reports `ready`, listens
 * for the pause signal and reads control.json; without a supervisor's environment it does nothing.
 * Must never import anything but Node's own modules: it runs inside other people's programs.
 */
import { readSurroundings } from "./environment.ts";
import { Job } from "./job.ts";

export type { Manifest, ManifestEntry } from "../contract/manifest.ts";
export { EXIT_PAUSED } from "../contract/names.ts";
export type { StatusFile } from "../contract/status.ts";
export type { CheckpointFiles, Contents, Save } from "./checkpoint/checkpoint-files.ts";
export {
  type RejectedCheckpoint,
  type VerifiedCheckpoint,
  verifyCheckpoint,
} from "./checkpoint/find-checkpoint.ts";
export type { SavedCheckpoint } from "./checkpoint/write-checkpoint.ts";
export type { Context } from "./hold/hold.ts";
export type { PausableOptions } from "./hold/pausable.ts";
export type { Stream } from "./hold/stream.ts";
export type { Job, PauseOptions, Progress, SaveOptions } from "./job.ts";

/** This process's job. One per process, made from the environment at import. */
export const job: Job = shared();

/** Two copies of the library in one program (a bundle and a package) must not both write one file. */
function shared(): Job {
  const key = Symbol.for("gpu-job-supervisor.job");
  const place = globalThis as { [key]?: Job };
  place[key] ??= new Job(readSurroundings(process.env));
  return place[key];
}
