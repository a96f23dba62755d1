/** What other supervisors are told of our jobs; the real one is in claims/. */
import type { Run } from "../model/run.ts";

/** What is to be told to other supervisors of one of our jobs. */
export interface OwnClaim {
  job: string;
  gpus: string[];
  holds: boolean;
  sinceMs: number;
  readyMs: number | null;
  turn?: { gpu: string; forMs: number };
  /** The run that holds. */
  run?: Run;
}

export interface Claims {
  /** Makes what others can read the same as `claims`. Never throws; does nothing when nothing has changed. */
  publish(claims: OwnClaim[]): void;
  /** Why others can't be told, or null. */
  readonly problem: string | null;
}
