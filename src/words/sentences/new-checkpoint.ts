/** The checkpoint that a pause has to leave, and where it is looked for, in words. Pure. */
import type { JobSpec } from "../../config/schema/job-schema.ts";

/** " that matches 'out/checkpoint-*'", to follow "checkpoint"; empty for a job whose checkpoints have a manifest. */
export const matching = ({ checkpoint: { glob } }: Pick<JobSpec, "checkpoint">): string =>
  glob === undefined ? "" : ` that matches '${glob}'`;

/** What a job needs whose config says how it is asked to save, but not where it does. */
export const NAME_CHECKPOINTS = 'Name its checkpoints: "checkpoint": { "glob": "out/checkpoint-*" }.';
