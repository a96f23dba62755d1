/** What is measured of each program, ours included. Each has only what it does. */
import type { Idle } from "../idle/side-by-side.ts";

/** A screen of its own, drawn once a second. */
export interface Screen {
  command: string[];
  env?: Record<string, string>;
  /** What stands on it once it is drawn. */
  shows: string;
}

/** At work with its jobs, of which nothing is heard. */
export interface Begun extends Idle {
  screen?: Screen;
}

/** A running program that takes jobs. */
export interface Taking {
  /** Hands in a job that writes the time of its first moment into `mark`. */
  submit(round: number, mark: string): Promise<void>;
  close(): Promise<void>;
}

export interface Peer {
  name: string;
  /** Null where it isn't installed. */
  version(): string | null;
  /** The line that installs it. */
  install: string;
  /** Begins with so many jobs that sleep, or watches so many processes; resolves once all of them run. */
  begin?(jobs: number): Promise<Begun>;
  /** Whether it begins with more than one. */
  many?: boolean;
  /** From nothing to its first answer, in ms. */
  startUpMs?(): Promise<number>;
  /** `rounds`: how many jobs will be handed in. */
  take?(rounds: number): Promise<Taking>;
  /** The screen of one that has no jobs. */
  screen?(): Screen;
}
