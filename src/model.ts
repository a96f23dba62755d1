/**
 * The words of this program as types, one file per noun: what is sensed, what is remembered of a job,
 * what is seen of a run, what is decided, done and recorded. Imports nothing else of the program.
 */
export * from "./model/actor.ts";
export * from "./model/decision.ts";
export * from "./model/effect.ts";
export * from "./model/event.ts";
export * from "./model/grace.ts";
export * from "./model/job.ts";
export * from "./model/machine.ts";
export * from "./model/run.ts";
export * from "./model/seen.ts";
export * from "./model/state.ts";
export * from "./model/time.ts";
