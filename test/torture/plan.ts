/**
 * The sequence of faults that a seed stands for: what happens in each round, and after how long.
 * The same seed gives the same sequence; what it meets depends on the machine's timing.
 */

/** What is done to supervisor, job and disk. Several in one round make a round of more than one fault. */
export const FAULTS = [
  "kill the supervisor",
  "kill the job",
  "kill both",
  "kill the launcher",
  "terminate the job",
  "stop the job for a while",
  "pause and resume",
  "pause",
  "resume",
  "edit the config",
  "break the config",
  "kill after an event",
  "fill the disk",
  "lock the database",
  "read-only database at a start",
  "pressure by a rule",
] as const;
export type Fault = (typeof FAULTS)[number];

/** Faults that last, so that another one can strike meanwhile. */
const LASTING: Fault[] = [
  "stop the job for a while",
  "fill the disk",
  "lock the database",
  "pressure by a rule",
];
const STRIKES: Fault[] = [
  "kill the supervisor",
  "kill the job",
  "kill both",
  "pause and resume",
  "pause",
  "resume",
];

/** Rows of the audit log right after which the supervisor is killed. */
export const GAPS = [
  "job.started",
  "resume.requested",
  "resume.completed",
  "pause.requested",
  "pause.completed",
  "checkpoint.verified",
  "job.failed",
  "supervisor.recovered",
] as const;

export interface Round {
  number: number;
  fault: Fault;
  /** Before the fault. */
  delayMs: number;
  /** How long it lasts, or what lies between its two halves. */
  lastsMs: number;
  /** Strikes in the middle of a fault that lasts. */
  meanwhile: Fault | null;
  /** For "kill after an event": which, and what makes it come. */
  gap: (typeof GAPS)[number];
  /** Whether the job is killed together with the supervisor there. */
  withJob: boolean;
}

/** A small, well-known generator (mulberry32): from 0 up to, not including, 1. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function plan(seed: number, rounds: number): Round[] {
  const random = seeded(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  // Short waits are likelier: most gaps are narrow.
  const wait = (mostMs: number): number => Math.round(random() ** 2 * mostMs);
  return Array.from({ length: rounds }, (_, index) => {
    const fault = pick(FAULTS);
    const meanwhile = pick(STRIKES);
    const both = random() < 0.6;
    return {
      number: index + 1,
      fault,
      delayMs: wait(300),
      lastsMs: 20 + wait(500),
      meanwhile: LASTING.includes(fault) && both ? meanwhile : null,
      gap: pick(GAPS),
      withJob: random() < 0.3,
    };
  });
}
