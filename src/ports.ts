/** What `supervisor.ts` needs from the world, as interfaces; one file per noun in ports/. */
export type { RunUse, SupervisedJob } from "./model.ts";
export * from "./ports/claims.ts";
export * from "./ports/clock.ts";
export * from "./ports/journal.ts";
export * from "./ports/live-run.ts";
export * from "./ports/runs.ts";
export * from "./ports/sensors.ts";
