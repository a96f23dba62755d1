/** Actions to perform on processes and files. */
import type { DriverCall } from "./park.ts";
import type { Checkpoint, Run } from "./run.ts";
import type { Question } from "./server.ts";

/** A call of the driver about the run's process `pid`, which holds `heldMiB`; the answer shows in what is seen of the run. */
interface Drive {
  call: DriverCall;
  number: number;
  pid: number;
  heldMiB: number;
  /** Nothing but the process itself tells that it may be away. */
  guess?: true;
}

export type Effect =
  | { do: "launch"; job: string; run: Run; resumeFrom: Checkpoint | null }
  | { do: "control"; job: string; run: Run; want: "run" | "pause" | "standby" | "release"; sequence: number }
  | { do: "ring"; job: string; run: Run }
  | { do: "freeze" | "thaw" | "terminate" | "kill"; job: string; run: Run }
  /** Asks the run's server; the answer shows in what is seen of the run. */
  | { do: "ask"; job: string; run: Run; question: Question; number: number }
  | ({ do: "drive"; job: string; run: Run } & Drive)
  /** `anew`: whatever an earlier check has found. */
  | { do: "verify"; job: string; checkpoint: Checkpoint; anew?: true }
  | { do: "prune"; job: string; keep: number }
  /** A paused job won't go on: what waits for it in Slurm's queue is cancelled. */
  | { do: "withdraw"; job: string }
  /** Files of a finished run: control, status, exit record. `ended`: in a few words, for its log. */
  | { do: "tidy"; job: string; run: Run; ended: string };
