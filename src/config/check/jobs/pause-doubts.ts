/** Pauses of a valid job that can't be completed. Pure; never a reason to refuse it. */
import { savesUnseen } from "../../../model/job.ts";
import { NAME_CHECKPOINTS } from "../../../words/sentences/new-checkpoint.ts";
import { formatPath, type Path } from "../../problem.ts";
import type { JobSpec } from "../../schema/job-schema.ts";
import type { Finding } from "../explain.ts";

/** It is asked to save, and nobody can see that it has: what it saves isn't looked for. */
export function unseenSaves(job: JobSpec, path: Path): Finding[] {
  const { method, signal } = job.pause;
  if (!savesUnseen(job) || (method !== "auto" && method !== "checkpoint")) return [];
  const here = [...path, "pause", signal === undefined ? "exitCodes" : "signal"];
  const text = `says how it is asked to save, but nothing says where it saves: unless it keeps the pause contract, it can't be seen to have saved, so its pauses can't be completed. ${NAME_CHECKPOINTS}`;
  return [{ path: here, message: `${formatPath(here)} ${text}` }];
}
