/** A program whose VRAM is moved into its own host memory: what the driver is asked, what it answers, what is held. */

/** `look` only asks for the state. */
export type DriverCall = "look" | "lock" | "checkpoint" | "restore" | "unlock";

/** What the driver calls the program. `busy`: a state that only newer drivers have, while one of the calls works. */
export type DriverState = "running" | "locked" | "checkpointed" | "failed" | "busy";

/**
 * `state`: after the call; null where the driver didn't tell it. `why`: half a sentence where the call failed.
 * `impossible`: nothing was called, since this driver or this program can't be moved.
 */
export interface DriverAnswer {
  state: DriverState | null;
  ms: number;
  why?: string;
  /** CUDA's, where the call failed. */
  code?: number;
  impossible?: true;
}

/** A program whose VRAM may be away, and what it held before it was moved: where nobody knows that, at most. */
export interface Away {
  pid: number;
  heldMiB: number;
  /** Where no record tells which program it is, if any: the others that it may be. */
  guesses?: Away[];
}

/** The last call for a run and its answer, null while that is under way. */
export interface ParkSeen {
  number: number;
  answer: DriverAnswer | null;
}

/**
 * The move of a run's VRAM, out (`checking` to `stopping`) or back (`claiming` to `unlocking`); `parked` between
 * the two. Monotonic times.
 */
export interface Park {
  at:
    | "checking"
    | "locking"
    | "listing"
    | "moving"
    | "emptying"
    | "stopping"
    | "undoing"
    | "parked"
    | "claiming"
    | "restoring"
    | "unlocking"
    /** Only its record or its processes tell of it: the driver is asked what became of it. */
    | "asking";
  /** The one process that holds it, and how much. */
  pid: number;
  heldMiB: number;
  /** While that is asked for and only guessed: the others that it may be. */
  guesses?: Away[];
  call: DriverCall;
  /** Of the last call; the next one has a higher one. */
  number: number;
  askedMs: number;
  /** Since when it is at this stage. */
  sinceMs: number;
  /** Why the last call failed, half a sentence. */
  trouble?: string;
  /** CUDA's code for that. */
  code?: number;
  /** A restore of it has run out of memory. */
  ranOut?: true;
  /** How many of its restores have failed. */
  failures?: number;
  /** Why it is undone, half a sentence. */
  because?: string;
  /** How many of its calls were broken off, on the way out or back. */
  tries: number;
  /** How long the driver took to move it out. */
  movedMs?: number;
}

/** What a frozen job has given back. `gone`: its GPU was seen without it. `broken`: why it can't come back, a sentence. */
export interface Parked {
  heldMiB: number;
  gone: boolean;
  broken?: string;
}
