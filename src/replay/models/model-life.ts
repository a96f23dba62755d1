/** One modelled run: what is left of each thing that it does. Durations in ms. */
import type { DriverCall, DriverState } from "../../model/park.ts";
import type { Exit } from "../../model/seen.ts";

export interface Life {
  id: string;
  pid: number;
  /** In ticks since the recorded boot. */
  began: number;
  baseStep: number;
  resumed: boolean;
  loadMs: number;
  /** What is left of its save and of its way out; null while nobody has asked. */
  saveMs: number | null;
  leaveMs: number;
  isSaved: boolean;
  sinceSaveMs: number;
  workMs: number;
  sequence: number;
  held: "frozen" | "standby" | null;
  /** What the driver was asked last about its VRAM, and the state that it is in since; absent before the first call. */
  driver?: { number: number; state: DriverState };
  exit: Exit | null;
}

/** The state after a call that always works. */
export const AFTER: Record<Exclude<DriverCall, "look">, DriverState> = {
  lock: "locked",
  checkpoint: "checkpointed",
  restore: "locked",
  unlock: "running",
};

/** What its library would report. */
export function reportOf({ exit, held, loadMs, saveMs }: Life): string {
  if (exit !== null) return exit.known && exit.code === 0 ? "finished" : "paused";
  if (held === "standby") return "standby";
  if (loadMs > 0) return "ready";
  return saveMs === null ? "running" : "saving";
}
