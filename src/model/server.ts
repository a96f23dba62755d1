/** A server that is asked by HTTP to give its memory back: what it is asked, what it answers, what it holds. */

/** `drained`, `released` and `ready` only look; `release` and `restore` move it. */
export type Question = "drained" | "release" | "released" | "restore" | "ready";

/** `no`: it answered, and it isn't so. `failed`: it can't be told. `why`: half a sentence. */
export type Answer = { is: "yes" } | { is: "no" | "failed"; why: string };

/** A service as it was last looked for. `user`: whose it is, where its process can't be seen; `why`: half a sentence. */
export type ServiceSeen =
  | { here: true; pid: number | null; startTime: number | null; user: string | null }
  | { here: false; why: string };

/** The last question of a run and its answer, null while that is under way. */
export interface ServerSeen {
  number: number;
  answer: Answer | null;
}

/** The talk with a run's server. Monotonic times. */
export interface Talk {
  at: "looking" | "draining" | "releasing" | "emptying" | "resting" | "restoring" | "readying";
  question: Question;
  /** Of the last question; the next one has a higher one. */
  number: number;
  askedMs: number;
  /** Since when it is at this stage. */
  sinceMs: number;
  /** When the first release of this pause was asked for. */
  releaseMs?: number;
  /** Since when no request was seen under way. */
  quietSinceMs?: number;
  /** Why the last answer was no, or none; half a sentence. */
  trouble?: string;
  /** How many times in a row it had to be asked to release again. */
  again: number;
  /** How many times in a row it didn't come back. */
  failures: number;
}

/** What a server on standby holds. `shownBy`: who says so; only a GPU that can't be read leaves it to the server. */
export type ServerHold =
  | { released: true; remainderMiB: number | null; shownBy: "gpu" | "server" }
  /** `why`: a sentence. It is asked again at `againMs` (monotonic). */
  | { released: false; why: string; againMs: number };
