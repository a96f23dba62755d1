/**
 * The sequence of faults that a seed stands for: what happens in each round, and after how long.
 * The same seed gives the same sequence; what it meets depends on the machine's timing.
 */

/** What is done to supervisor, job, disk, machine and clock. Several in one round make a round of more than one fault. */
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
  "pressure on the disk",
  "outside load",
  "clock jump",
  "remove its own places",
  "remove its programs",
] as const;
export type Fault = (typeof FAULTS)[number];

/** Stands for as many faults as there are gaps. */
const TWICE_MORE: Fault[] = ["kill after an event"];

/** Faults that last, so that another one can strike meanwhile. */
const LASTING: Fault[] = [
  "stop the job for a while",
  "fill the disk",
  "lock the database",
  "pressure on the disk",
  "outside load",
  "remove its own places",
  "remove its programs",
];
const STRIKES: Fault[] = [
  "kill the supervisor",
  "kill the job",
  "kill both",
  "pause and resume",
  "pause",
  "resume",
  "clock jump",
];

/** Strikes while its database has no name: killed then, it would take the log along. */
const GENTLE_STRIKES: Fault[] = ["kill the job", "pause and resume", "pause", "resume", "clock jump"];

/** What is removed under the running supervisor. */
export const OWN_PLACES = [
  "the socket",
  "the locks",
  "the database",
  "the WAL",
  "the runs",
  "the state directory",
  "everything",
] as const;
export type OwnPlace = (typeof OWN_PLACES)[number];

/** Parts of the program, in its folder; "node" is the Node that it runs on. */
export const PROGRAMS = [
  "node",
  "dist/runs/checkpoints/verify-child.js",
  "dist/config/check/check-child.js",
  "dist/record/upkeep/upkeep-process.js",
  "dist/find-checkpoint.js",
  "dist",
] as const;
export type Program = (typeof PROGRAMS)[number];

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
export type Gap = (typeof GAPS)[number];

export interface Round {
  number: number;
  fault: Fault;
  /** Whether the job is told to go on first, so that faults meet a running one often enough. */
  goesOn: boolean;
  /** Before the fault. */
  delayMs: number;
  /** How long it lasts, or what lies between its two halves. */
  lastsMs: number;
  /** Strikes in the middle of a fault that lasts. */
  meanwhile: Fault | null;
  /** For "kill after an event": which, and what makes it come. */
  gap: Gap;
  /** Between that event and the kill. */
  lagMs: number;
  /** Whether the job is killed together with the supervisor there. */
  withJob: boolean;
  /** For "clock jump": how far, forwards or backwards. */
  jumpMs: number;
  /** For "remove its own places". */
  place: OwnPlace;
  /** For "remove its programs". */
  program: Program;
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

const HOUR_MS = 3_600_000;

/** `only`: no other faults than these, but for what strikes meanwhile. */
export function plan(seed: number, rounds: number, only: readonly string[] = []): Round[] {
  const random = seeded(seed);
  // Short waits are likelier: most gaps are narrow.
  const wait = (mostMs: number): number => Math.round(random() ** 2 * mostMs);
  const all = [...FAULTS, ...TWICE_MORE, ...TWICE_MORE];
  const chosen = only.length === 0 ? all : all.filter((one) => only.includes(one));
  const fault = dealer(chosen, random);
  const meanwhile = dealer(STRIKES, random);
  const gentle = dealer(GENTLE_STRIKES, random);
  const place = dealer(OWN_PLACES, random);
  const program = dealer(PROGRAMS, random);
  const gap = dealer(GAPS, random);
  return Array.from({ length: rounds }, (_, index) => {
    const now = fault();
    return {
      number: index + 1,
      fault: now,
      goesOn: random() < 0.6,
      delayMs: wait(300),
      lastsMs: 20 + wait(500),
      meanwhile:
        LASTING.includes(now) && random() < 0.6
          ? (now === "remove its own places" ? gentle : meanwhile)()
          : null,
      gap: gap(),
      lagMs: wait(30),
      withJob: random() < 0.3,
      jumpMs: Math.round((random() < 0.5 ? -1 : 1) * (1 + 11 * random()) * HOUR_MS),
      place: place(),
      program: program(),
    };
  });
}

/** Deals each one once, in a random order, before any comes again. */
function dealer<T>(all: readonly T[], random: () => number): () => T {
  let left: T[] = [];
  return () => {
    if (left.length === 0) left = [...all];
    return left.splice(Math.floor(random() * left.length), 1)[0] as T;
  };
}
